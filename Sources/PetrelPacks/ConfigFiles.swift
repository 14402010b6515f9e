import FoundationEssentials
import PetrelCore
import PetrelExpressions
import PetrelSystem

/// Reads what packs can be told (`config.schema.yaml` of the pack) and what they are told (`PACK.yaml` of a folder).
///
/// A file that can't be read leaves what it said before in force.
struct ConfigFiles {
    private let folder: String
    private var good: [String: ValueObject] = [:]

    init(folder: String) { self.folder = folder }

    /// The configurations of packs that have either file.
    mutating func read(_ packs: [Pack], problems: inout [PackError]) -> [PackConfig] {
        packs.compactMap { pack in
            let schema = members(pack.path + "/config.schema.yaml", &problems)
            let values = members(folder + "/\(pack.ref).yaml", &problems)
            return schema == nil && values == nil
                ? nil : PackConfig(pack: pack.ref, schema: schema, values: values)
        }
    }

    private mutating func members(_ path: String, _ problems: inout [PackError]) -> ValueObject? {
        guard FileManager.default.fileExists(atPath: path) else {
            good[path] = nil
            return nil
        }
        do throws(PackError) {
            let members = try Self.members(path)
            good[path] = members
            return members
        } catch {
            problems.append(error)
            return good[path]
        }
    }

    private static func members(_ path: String) throws(PackError) -> ValueObject {
        let most = Limits.contentFile.maxBytes
        guard isRegularFile(path), let bytes = readFile(path, limit: most + 1), bytes.count <= most else {
            throw PackError(
                .unreadable, "\(path) can't be read, or has more than \(most) bytes",
                hint: "Check its owner and rights", location: Location(file: path))
        }
        // An empty file is one without keys.
        if bytes.allSatisfy({ $0 <= 0x20 }) { return [:] }
        return try Metadata(bytes, file: path).members
    }
}
