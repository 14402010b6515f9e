import FoundationEssentials
import PetrelCore

/// A content file that was found in a folder, not read yet.
struct FoundFile {
    var kind: ContentRecord.Kind
    var pack: String
    var packPath: String
    /// Relative to the pack's folder.
    var file: String
    var isBuiltIn: Bool

    var path: String { packPath + "/" + file }
}

/// A folder that holds packs, or folders of aliases.
public struct ContentRoot: Sendable, Hashable {
    /// What the folders in a root hold.
    public enum Kind: Sendable, Hashable {
        /// Each folder in it is a pack.
        case packs
        /// Each folder in it is named as a pack and holds alias files.
        case aliases
    }
    /// The folder; one that doesn't exist holds nothing.
    public var path: String
    /// What its folders hold.
    public var kind: Kind
    /// Whether it ships with Petrel; users' aliases replace those in it.
    public var isBuiltIn: Bool

    /// A root.
    public init(path: String, kind: Kind, isBuiltIn: Bool = false) {
        self.path = path
        self.kind = kind
        self.isBuiltIn = isBuiltIn
    }
}

/// Finds content files below the roots, as StackStorm lays packs out: only files directly in a content folder count.
struct PackFolders {
    private(set) var files: [FoundFile] = []
    private(set) var problems: [PackError] = []
    private var pathByPack: [String: String] = [:]

    /// - Parameter packRef: reads a pack's ref from its pack.yaml.
    init(_ roots: [ContentRoot], packRef: (_ folder: String) throws(PackError) -> String) {
        for root in roots {
            for name in entries(root.path) where isFolder(root.path + "/" + name) {
                let folder = root.path + "/" + name
                switch root.kind {
                case .aliases: addFiles(.alias, pack: name, folder, "", isBuiltIn: root.isBuiltIn)
                case .packs: addPack(folder, isBuiltIn: root.isBuiltIn, packRef: packRef)
                }
            }
        }
    }

    private mutating func addPack(
        _ folder: String, isBuiltIn: Bool, packRef: (_ folder: String) throws(PackError) -> String
    ) {
        guard FileManager.default.fileExists(atPath: folder + "/pack.yaml") else { return }
        let ref: String
        do throws(PackError) { ref = try packRef(folder) } catch {
            problems.append(error)
            return
        }
        if let first = pathByPack[ref] {
            problems.append(
                PackError(
                    .duplicate, "two packs have the ref \"\(ref)\": \(first) is used, \(folder) is not",
                    hint: "Rename one of them", location: Location(file: folder + "/pack.yaml")))
            return
        }
        pathByPack[ref] = folder
        files.append(
            FoundFile(kind: .pack, pack: ref, packPath: folder, file: "pack.yaml", isBuiltIn: isBuiltIn))
        addFiles(.action, pack: ref, folder, "actions/", isBuiltIn: isBuiltIn)
        addFiles(.alias, pack: ref, folder, "aliases/", isBuiltIn: isBuiltIn)
        addFiles(.policy, pack: ref, folder, "policies/", isBuiltIn: isBuiltIn)
        addFiles(.triggerType, pack: ref, folder, "triggers/", isBuiltIn: isBuiltIn)
        addFiles(.sensor, pack: ref, folder, "sensors/", isBuiltIn: isBuiltIn)
        addFiles(.rule, pack: ref, folder, "rules/", isBuiltIn: isBuiltIn)
    }

    private mutating func addFiles(
        _ kind: ContentRecord.Kind, pack: String, _ folder: String, _ subfolder: String, isBuiltIn: Bool
    ) {
        for name in entries(folder + "/" + subfolder) where isContent(name, kind) {
            files.append(
                FoundFile(kind: kind, pack: pack, packPath: folder, file: subfolder + name, isBuiltIn: isBuiltIn))
        }
    }

    private func isContent(_ name: String, _ kind: ContentRecord.Kind) -> Bool {
        guard name.hasSuffix(".yaml") || name.hasSuffix(".yml"), !name.hasPrefix(".") else { return false }
        if name.hasSuffix(".test.yaml") || name.hasSuffix(".test.yml") { return false }
        return !(kind == .action && name.hasPrefix("config."))
    }

    private func entries(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }
}
