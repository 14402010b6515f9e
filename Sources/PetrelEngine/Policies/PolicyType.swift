public import PetrelCore
import PetrelExpressions

/// A kind of policy and what it can be told.
public struct PolicyType: Sendable {
    /// What it is about; always `action`.
    public let resourceType = "action"
    /// The name within the resource type, such as `concurrency`.
    public let name: String
    /// What it does, in one sentence.
    public let summary: String
    /// Schemas of its parameters.
    public let parameters: ValueObject
    private let schema: JSONSchema?

    private init(_ name: String, _ summary: String, _ parameters: ValueObject) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        schema = try? JSONSchema([
            "type": "object", "properties": .object(parameters), "additionalProperties": false,
        ])
        assert(schema != nil, "the schema of the policy type \(name) is none")
    }

    /// As policies name it: `action.concurrency`.
    public var ref: String { "\(resourceType).\(name)" }

    /// The kinds that there are.
    public static let all = [concurrency, concurrencyByAttribute, retry]

    /// The kind of a name.
    public static func named(_ ref: String) -> PolicyType? { all.first { $0.ref == ref } }

    /// Parameters with defaults filled in.
    /// - Throws: `invalidInput` with what is wrong.
    public func checked(_ given: ValueObject) throws(CoreError) -> ValueObject {
        guard let schema else { return given }
        let filled = schema.withDefaults(.object(given))
        if let violation = schema.mostRelevantViolation(filled) {
            throw CoreError(.invalidInput, violation.description, hint: "The policy type \(ref) says what it takes")
        }
        return filled.object ?? given
    }

    /// A policy with its parameters checked and defaults filled in.
    /// - Throws: `invalidInput` with what is wrong.
    public static func checked(_ policy: Policy) throws(CoreError) -> Policy {
        guard let type = named(policy.type) else {
            throw CoreError(
                .invalidInput, "there is no policy type \"\(policy.type)\"",
                hint: "There are: \(all.map(\.ref).joined(separator: ", "))")
        }
        var checked = policy
        checked.parameters = try type.checked(policy.parameters)
        return checked
    }

    private static let threshold: Value = [
        "type": "integer", "description": "Most executions at once.", "required": true, "minimum": 0,
    ]
    private static let action: Value = [
        "type": "string", "description": "What becomes of one that finds no place.", "enum": ["delay", "cancel"],
        "default": "delay",
    ]

    static let concurrency = PolicyType(
        "concurrency", "Limits how many executions of an action run at once.",
        ["threshold": threshold, "action": action])

    static let concurrencyByAttribute = PolicyType(
        "concurrency.attr", "Limits how many executions with the same values of some parameters run at once.",
        [
            "threshold": threshold, "action": action,
            "attributes": [
                "type": "array", "description": "The parameters that are compared.", "required": true,
                "items": ["type": "string"], "minItems": 1, "uniqueItems": true,
            ],
        ])

    static let retry = PolicyType(
        "retry", "Runs an action again when it failed or took too long.",
        [
            "retry_on": [
                "type": "string", "description": "What it is run again for.", "enum": ["failure", "timeout"],
                "required": true,
            ],
            "max_retry_count": [
                "type": "integer", "description": "How often at most.", "required": true, "minimum": 1, "maximum": 5,
                "default": 2,
            ],
            "delay": [
                "type": "number", "description": "Seconds before each time.", "minimum": 0, "maximum": 120,
            ],
        ])
}

extension PolicyType {
    /// The kind as the API shows it.
    public func apiDocument(digest: any Digest) -> ValueObject {
        [
            "id": .string(String(digest.sha256(Array("policy_type:\(ref)".utf8)).prefix(24))),
            "uid": .string("policy_type:\(resourceType):\(name)"), "ref": .string(ref), "name": .string(name),
            "resource_type": .string(resourceType), "description": .string(summary), "enabled": true,
            "module": .string("st2actions.policies.\(name.split(separator: ".")[0])"),
            "parameters": .object(parameters),
        ]
    }
}

extension Policy {
    /// The policy as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "uid": .string("policy:\(ref.pack):\(ref.name)"),
            "ref": .string(ref.description), "name": .string(ref.name), "pack": .string(ref.pack),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["enabled"] = .bool(isEnabled)
        shown["resource_ref"] = .string(resourceRef)
        shown["policy_type"] = .string(type)
        shown["parameters"] = .object(parameters)
        if let metadataFile { shown["metadata_file"] = .string(metadataFile) }
        return shown
    }
}
