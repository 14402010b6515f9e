import FoundationEssentials
import PetrelCore

/// Files of a pack, as far as the API shows them: none from outside the pack's folder, none too large.
enum PackContents {
    /// Largest file that is shown.
    static let maxBytes = 500_000
    private static let maxFiles = 10_000

    /// The bytes of a file in a pack; nil when there is none, or it leads out of the pack, or is too large.
    static func file(_ name: String, in pack: String) -> [UInt8]? {
        let folder = URL(filePath: pack).resolvingSymlinksInPath().path
        let path = URL(filePath: pack + "/" + name).resolvingSymlinksInPath().path
        guard path.hasPrefix(folder + "/"), let size = size(of: path), size <= maxBytes,
            let data = FileManager.default.contents(atPath: path)
        else { return nil }
        return Array(data)
    }

    /// The size of a regular file; nil for anything else.
    static func size(of path: String) -> Int? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            attributes[.type] as? FileAttributeType == .typeRegular
        else { return nil }
        return attributes[.size] as? Int
    }

    /// The names of all files in a pack, sorted.
    static func names(in pack: String) -> [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: pack)) ?? []
        return names.filter {
            !$0.split(separator: "/").contains { $0.hasPrefix(".") } && size(of: pack + "/" + $0) != nil
        }
        .sorted().prefix(maxFiles).map(\.self)
    }

    /// The kind of a file, by its name.
    static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "py": "text/x-python"
        case "sh": "text/x-sh"
        case "yaml", "yml": "application/x-yaml"
        case "json": "application/json"
        case "md": "text/markdown"
        default: "text/plain"
        }
    }
}
