import PetrelCore

/// Stars the secrets in a result: members that the output schema calls secret, and every text that holds the value of a
/// secret parameter.
///
/// What is stored stays as it was, so that a workflow can hand it on.
struct ResultMasking: Sendable {
    /// Shorter values would star half of any text.
    private static let leastLength = 4
    private static let maxDepth = 128

    private let secrets: [String]
    private let outputKey: String?
    private let schema: ValueObject

    /// The masking of an execution, by the metadata that was in force when it was requested.
    init(_ execution: Execution, runner: RunnerType?) {
        let declared = execution.actionDocument["parameters"]?.object ?? [:]
        var secrets: Set<String> = []
        for (name, value) in execution.parameters {
            let isSecret = declared[name]?["secret"]?.bool ?? false
            guard isSecret || runner?.parameters[name]?.isSecret == true else { continue }
            Self.collect(value, into: &secrets, depth: 0)
        }
        // The longest first: one may be a part of another.
        self.secrets = secrets.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
        outputKey = runner?.outputKey
        schema = execution.actionDocument["output_schema"]?.object ?? [:]
    }

    /// Whether any text is starred.
    var hasSecrets: Bool { !secrets.isEmpty }

    /// The result as it may be shown.
    func masked(_ result: Value) -> Value {
        var result = result
        if !schema.isEmpty, let outputKey, let output = result[outputKey] {
            let whole: Value =
                schema["type"]?.string == nil ? ["type": "object", "properties": .object(schema)] : .object(schema)
            var members = result.object ?? [:]
            members[outputKey] = ConfigSchema.masked(output, whole, depth: 0)
            result = .object(members)
        }
        return secrets.isEmpty ? result : starred(result, depth: 0)
    }

    /// A piece of output as it may be shown.
    func maskedText(_ text: String) -> String {
        secrets.reduce(text) { text, secret in
            text.utf8.count < secret.utf8.count ? text : text.replacing(secret, with: secretMask)
        }
    }

    private func starred(_ value: Value, depth: Int) -> Value {
        guard depth < Self.maxDepth else { return value }
        switch value {
        case .string(let text): return .string(maskedText(text))
        case .array(let items): return .array(items.map { starred($0, depth: depth + 1) })
        case .object(let members): return .object(members.mapValues { starred($0, depth: depth + 1) })
        default: return value
        }
    }

    private static func collect(_ value: Value, into secrets: inout Set<String>, depth: Int) {
        guard depth < maxDepth else { return }
        switch value {
        case .string(let text): if text.utf8.count >= leastLength { secrets.insert(text) }
        case .array(let items): for item in items { collect(item, into: &secrets, depth: depth + 1) }
        case .object(let members): for item in members.values { collect(item, into: &secrets, depth: depth + 1) }
        default: break
        }
    }
}
