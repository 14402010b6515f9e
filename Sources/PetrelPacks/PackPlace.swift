import FoundationEssentials
import PetrelCore
import PetrelExpressions
import PetrelSystem

/// The place of one metadata file in a pack, and of the files that come with it.
struct PackPlace {
    let packPath: String
    /// Relative to the pack.
    let file: String

    var path: String { packPath + "/" + file }

    // MARK: Writing

    /// Puts the metadata in place.
    func write(_ text: String) throws(CoreError) {
        try put(Array(text.utf8), at: path, mode: 0o644)
    }

    /// Puts a file of the pack's `actions/` folder in place, if it is one.
    func write(_ file: ContentDraft.File) throws(CoreError) {
        try put(file.content, at: try path(ofScript: file.path), mode: 0o755)
    }

    /// By rename, flushed first: after a crash the file is the old or the new one.
    private func put(_ bytes: [UInt8], at path: String, mode: UInt32) throws(CoreError) {
        let folder = Self.folder(of: path)
        try checkInside(folder)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw CoreError(
                .unavailable, "the folder \(folder) can't be made", hint: "Check its owner and rights, and the disk",
                underlying: error)
        }
        let problem = replaceFile(path, bytes, mode: mode) { FaultPoint.contentBeforeRename.pass() }
        guard problem == nil else {
            throw CoreError(
                .unavailable, "\(path) can't be written: \(problem ?? "")",
                hint: "Check its owner and rights, and the disk")
        }
        FaultPoint.contentAfterRename.pass()
    }

    /// Links in a pack lead nowhere else; of a folder that is to be made, what is there of its path counts.
    private func checkInside(_ folder: String) throws(CoreError) {
        guard let root = realPath(packPath) else { return }
        var there = folder
        while realPath(there) == nil, there.count > packPath.count { there = Self.folder(of: there) }
        guard let real = realPath(there), real == root || real.hasPrefix(root + "/") else {
            throw CoreError(.invalidInput, "the folder \(folder) leads out of the pack")
        }
    }

    private static func folder(of path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }

    private func path(ofScript script: String) throws(CoreError) -> String {
        let parts = script.split(separator: "/", omittingEmptySubsequences: false)
        guard !script.contains("\0"), script.utf8.count <= 1_000,
            parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") })
        else {
            throw CoreError(
                .invalidInput, "Invalid file_path: \"\(script.prefix(200))\" must be relative to the actions folder",
                hint: "Write it as script.sh or folder/script.sh")
        }
        // Metadata has a door of its own, with its own permission.
        if parts.count == 1, script.hasSuffix(".yaml") || script.hasSuffix(".yml") {
            throw CoreError(
                .invalidInput, "Invalid file_path: \"\(script.prefix(200))\" would be an action's metadata",
                hint: "Put workflows into workflows/")
        }
        return packPath + "/actions/" + script
    }

    // MARK: Removing

    /// Takes the metadata away.
    func removeFile() throws(CoreError) {
        guard deleteFile(path) else {
            throw CoreError(
                .forbidden, "\(path) can't be removed: no permission", hint: "Check the owner and rights of its folder")
        }
    }

    /// Takes the metadata away again if it can be.
    func remove() { _ = deleteFile(path) }

    /// Takes a script of the pack away; one that lies elsewhere stays.
    func removeScript(_ script: String) {
        guard let path = try? path(ofScript: script), let real = realPath(path), let root = realPath(packPath),
            real.hasPrefix(root + "/")
        else { return }
        _ = deleteFile(path)
    }

    // MARK: Editing

    /// The file's text with the metadata that it is to hold.
    ///
    /// Switching something on or off changes one line and leaves the author's comments alone.
    func edited(to document: ValueObject) -> String {
        if let bytes = readFile(path, limit: Limits.contentFile.maxBytes),
            let switched = switched(String(decoding: bytes, as: UTF8.self), to: document)
        {
            return switched
        }
        return YAMLWriter.text(.object(document))
    }

    private func switched(_ text: String, to document: ValueObject) -> String? {
        guard let isEnabled = document["enabled"]?.bool else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let line = "enabled: \(isEnabled)"
        if let at = lines.firstIndex(where: { $0.hasPrefix("enabled:") }) {
            lines[at] = line
        } else {
            while lines.last?.isEmpty == true { lines.removeLast() }
            lines += [line, ""]
        }
        let changed = lines.joined(separator: "\n")
        // Whether that was all that is to change, the reader says.
        guard let read = try? Metadata(Array(changed.utf8), file: path).members,
            Self.plain(read) == Self.plain(document)
        else { return nil }
        return changed
    }

    /// Metadata without what says nothing: empty values, and those that the file's place says.
    private static func plain(_ document: ValueObject) -> [String: Value] {
        var plain: [String: Value] = [:]
        for (key, value) in document where !["pack", "ref", "uid", "id", "metadata_file"].contains(key) {
            switch value {
            case .null, .string(""), .array([]), .object([:]): continue
            default: plain[key] = value
            }
        }
        plain["enabled"] = plain["enabled"] ?? true
        return plain
    }
}
