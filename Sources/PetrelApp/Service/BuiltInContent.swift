import FoundationEssentials
import PetrelCore
import PetrelPacks

/// The packs and aliases that ship with Petrel: linked into the program, laid out in the data folder at start.
enum BuiltInContent {
    /// Lays the content out below a folder, unless that version of it is there already.
    /// - Returns: the roots that the pack loader reads.
    static func unpack(into folder: String, digest: any Digest) throws(CoreError) -> [ContentRoot] {
        let bytes = linkedContent()
        let target = folder + "/" + digest.sha256(bytes).prefix(16)
        if !FileManager.default.fileExists(atPath: target) {
            let content = try JSONReader.value(bytes, limits: .ownDocument)
            do {
                try write(content, to: target)
            } catch {
                throw CoreError(
                    .unavailable, "the built-in packs can't be written to \(target): \(error)",
                    hint: "Check the rights of the data folder and the free space", underlying: error)
            }
        }
        return [
            ContentRoot(path: target + "/packs", kind: .packs, isBuiltIn: true),
            ContentRoot(path: target + "/aliases", kind: .aliases, isBuiltIn: true),
        ]
    }

    /// Where the modules for Python actions are, once the content is laid out.
    static func pythonModules(in folder: String, digest: any Digest) -> String {
        folder + "/" + digest.sha256(linkedContent()).prefix(16) + "/python"
    }

    /// The content of a source tree: what is linked in must equal it.
    static func collect(from root: String) throws -> Value {
        var files: [Value] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: root + "/adapters").sorted() {
            let parts = name.split(separator: "/")
            if parts.first == "python", name.hasSuffix(".py") {
                try files.append(contentsOf: file(root + "/adapters/" + name, as: name))
            }
            guard parts.count > 2, parts[1] == "pack" else { continue }
            let path = "packs/\(parts[0])/" + parts.dropFirst(2).joined(separator: "/")
            try files.append(contentsOf: file(root + "/adapters/" + name, as: path))
        }
        for name in try FileManager.default.subpathsOfDirectory(atPath: root + "/aliases").sorted()
        where name.hasSuffix(".yaml") && !name.hasSuffix(".test.yaml") {
            try files.append(contentsOf: file(root + "/aliases/" + name, as: "aliases/" + name))
        }
        return ["files": .array(files)]
    }

    private static func file(_ source: String, as path: String) throws -> [Value] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), !isFolder else { return [] }
        let text = try String(contentsOfFile: source, encoding: .utf8)
        return [
            [
                "path": .string(path), "executable": .bool(FileManager.default.isExecutableFile(atPath: source)),
                "text": .string(text),
            ]
        ]
    }

    /// Writes beside the target and renames, so that half a tree never stands under its name.
    private static func write(_ content: Value, to target: String) throws {
        let temporary = target + ".tmp"
        try? FileManager.default.removeItem(atPath: temporary)
        for file in content["files"]?.array ?? [] {
            guard let path = file["path"]?.string, let text = file["text"]?.string else { continue }
            let full = temporary + "/" + path
            let folder = full.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try text.write(toFile: full, atomically: false, encoding: .utf8)
            let mode = file["executable"]?.bool == true ? 0o755 : 0o644
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: full)
        }
        try FileManager.default.moveItem(atPath: temporary, toPath: target)
    }
}
