public import PetrelCore

/// Reads an alias's metadata file.
public enum AliasFile {
    private static let keys = [
        "name", "pack", "ref", "uid", "id", "description", "enabled", "action_ref", "formats", "ack", "result",
        "extra", "immutable_parameters", "metadata_file",
    ]

    /// The alias that a file declares.
    /// - Parameter file: the file's path, for messages; its last two parts become `metadata_file`.
    /// - Throws: ``PackError`` with the place in the file.
    public static func read(_ bytes: [UInt8], file: String, pack: String, id: ContentID) throws(PackError)
        -> ActionAlias
    {
        try alias(Metadata(bytes, file: file), file: file, pack: pack, id: id)
    }

    static func alias(_ metadata: Metadata, file: String, pack: String, id: ContentID) throws(PackError)
        -> ActionAlias
    {
        try metadata.allowOnly(keys)
        try metadata.checkPack(pack)
        for key in ["ack", "result"] { _ = try metadata.object(key) }
        let actionRef = try metadata.text("action_ref")
        guard ContentRef(actionRef) != nil else {
            throw metadata.problem(
                ["action_ref"], "'\(actionRef)' is no reference to an action", hint: "Write PACK.ACTION")
        }
        return ActionAlias(
            id: id, ref: ContentRef(pack: pack, name: try metadata.text("name")),
            summary: try metadata.optionalText("description"), isEnabled: try metadata.truth("enabled", default: true),
            actionRef: actionRef, formats: try formats(metadata),
            immutableParameters: try metadata.object("immutable_parameters"), leastRole: try leastRole(metadata),
            metadataFile: file.split(separator: "/").suffix(2).joined(separator: "/"), document: metadata.members)
    }

    private static func formats(_ metadata: Metadata) throws(PackError) -> [AliasFormat] {
        guard let entries = metadata.members["formats"]?.array, !entries.isEmpty else {
            throw metadata.problem(
                ["formats"], "'formats' must list at least one format",
                hint: "Such as:  formats: [\"deploy {{app}} to {{env}}\"]")
        }
        var formats: [AliasFormat] = []
        for (index, entry) in entries.enumerated() { formats.append(try format(entry, at: index, metadata)) }
        return formats
    }

    private static func format(_ entry: Value, at index: Int, _ metadata: Metadata) throws(PackError) -> AliasFormat {
        let path = ["formats", String(index)]
        switch entry {
        case .string(let text): return AliasFormat(display: text, representations: [text])
        case .object(let object):
            let representations = try representations(object["representation"], path, metadata)
            return AliasFormat(
                display: object["display"]?.string, representations: representations,
                matchesMultiple: object["match_multiple"]?.bool ?? false)
        default:
            throw metadata.problem(
                path, "a format must be text, or an object with display and representation, not \(entry.typeName)")
        }
    }

    private static func representations(_ value: Value?, _ path: [String], _ metadata: Metadata) throws(PackError)
        -> [String]
    {
        switch value {
        case nil, .null: return []
        case .string(let text): return [text]
        case .array(let items) where items.allSatisfy({ $0.string != nil }): return items.compactMap(\.string)
        default:
            throw metadata.problem(path + ["representation"], "'representation' must be text or a list of texts")
        }
    }

    /// Petrel's own key: `extra: {petrel: {role: starter|operator|admin}}`.
    private static func leastRole(_ metadata: Metadata) throws(PackError) -> Role {
        guard let value = metadata.members["extra"]?["petrel"]?["role"] else { return .operator }
        guard let role = value.string.flatMap(Role.init(rawValue:)), role != .none else {
            throw metadata.problem(
                ["extra", "petrel", "role"], "\(value.pythonText) is no role", hint: "Use starter, operator or admin")
        }
        return role
    }
}
