import PetrelCore
import PetrelEngine
import PetrelExpressions

/// Reads the file that says who may use which aliases where in chat.
enum ChatPolicyFile {
    private static let lists = ["aliases", "adapters", "channels", "users", "roles"]

    /// The policy of a file.
    static func read(_ path: String) throws(AppError) -> ChatPolicy {
        try policy(try LocalFile.bytes(path, maxBytes: Limits.contentFile.maxBytes), file: path)
    }

    /// The policy of a file's text.
    static func policy(_ bytes: [UInt8], file: String) throws(AppError) -> ChatPolicy {
        let document: YAMLDocument
        do throws(ExpressionError) {
            document = try YAMLReader.document(bytes, file: file, limits: .contentFile)
        } catch {
            throw AppError(.badFile, error.message, hint: error.hint, location: error.location ?? Location(file: file))
        }
        guard let top = document.value.object, let rules = top["rules"]?.array, top.count == 1 else {
            throw AppError(
                .badFile, "the policy must hold \"rules\", a list, and nothing else",
                hint: "rules: [{aliases: [deploy.*], channels: [\"#ops\"]}]", location: Location(file: file))
        }
        var policy = ChatPolicy()
        for (index, rule) in rules.enumerated() {
            policy.rules.append(try read(rule) { document.location(of: ["rules", String(index)] + $0) })
        }
        return policy
    }

    private static func read(_ value: Value, _ location: ([String]) -> Location) throws(AppError) -> ChatPolicy.Rule {
        guard let members = value.object else {
            throw AppError(.badFile, "a rule must hold keys and values, not \(value.typeName)", location: location([]))
        }
        var texts: [String: [String]] = [:]
        for (key, member) in members where key != "reason" {
            guard lists.contains(key) else {
                let near = Suggestion.nearest(to: key, in: lists + ["reason"]).map { "Did you mean \"\($0)\"?" }
                throw AppError(
                    .badFile, "a rule has no \"\(key)\"",
                    hint: near ?? "Known here: \(lists.joined(separator: ", ")), reason", location: location([key]))
            }
            let items = member.array?.compactMap(\.string) ?? []
            // An empty list would read as "nobody" and mean "anybody".
            guard !items.isEmpty, items.count == member.array?.count else {
                throw AppError(
                    .badFile, "\"\(key)\" must be a list of texts with at least one", location: location([key]))
            }
            texts[key] = items
        }
        guard let aliases = texts["aliases"] else {
            throw AppError(.badFile, "a rule needs \"aliases\"", hint: "\"*\" is all of them", location: location([]))
        }
        return ChatPolicy.Rule(
            aliases: aliases, adapters: texts["adapters"] ?? [], channels: texts["channels"] ?? [],
            users: texts["users"] ?? [], roles: texts["roles"] ?? [], reason: members["reason"]?.string)
    }
}
