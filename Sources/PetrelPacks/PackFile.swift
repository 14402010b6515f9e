public import PetrelCore

/// Reads a pack's pack.yaml.
public enum PackFile {
    /// The pack that a folder holds.
    /// - Throws: ``PackError`` with the place in the file.
    public static func read(_ bytes: [UInt8], file: String, folder: String, isBuiltIn: Bool, id: ContentID)
        throws(PackError) -> Pack
    {
        try pack(Metadata(bytes, file: file), folder: folder, isBuiltIn: isBuiltIn, id: id)
    }

    static func pack(_ metadata: Metadata, folder: String, isBuiltIn: Bool, id: ContentID) throws(PackError) -> Pack {
        for key in ["name", "description", "version", "author"] { _ = try metadata.text(key) }
        try checkVersion(metadata)
        return Pack(
            id: id, ref: try ref(metadata, folder: folder), path: folder, isBuiltIn: isBuiltIn,
            metadata: metadata.members)
    }

    private static func ref(_ metadata: Metadata, folder: String) throws(PackError) -> String {
        let folderName = folder.split(separator: "/").last.map(String.init) ?? ""
        if let ref = try metadata.optionalText("ref") {
            guard isRef(ref) else {
                throw metadata.problem(
                    ["ref"], "'\(ref)' can't be a pack's ref", hint: "Use lower-case letters, digits and _")
            }
            return ref
        }
        if isRef(folderName) { return folderName }
        let name = try metadata.text("name")
        if isRef(name) { return name }
        throw metadata.problem(
            ["name"], "neither the folder's name nor '\(name)' can be the pack's ref",
            hint: "Add \"ref: …\" with lower-case letters, digits and _")
    }

    private static func isRef(_ text: String) -> Bool {
        !text.isEmpty && text != "_global"
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
            }
    }

    private static func checkVersion(_ metadata: Metadata) throws(PackError) {
        let version = try metadata.text("version")
        let core = version.prefix { $0 != "-" && $0 != "+" }.split(separator: ".", omittingEmptySubsequences: false)
        guard core.count == 3,
            core.allSatisfy({ part in !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else {
            throw metadata.problem(
                ["version"], "Pack version \"\(version)\" doesn't follow a valid semver format.",
                hint: "Write MAJOR.MINOR.PATCH, such as 1.0.0")
        }
    }
}
