public import PetrelCore
public import PetrelExpressions

/// Something that is wrong with a definition, or looks wrong.
public struct WorkflowFinding: Sendable {
    /// The kind of check that found it; the raw value is the original's name in an inspection.
    public enum Category: String, Sendable, Hashable {
        /// A part has not the form that it must have.
        case syntax
        /// The tasks don't fit together.
        case semantics
        /// An expression can't be parsed.
        case expressions
        /// A variable is read that nothing has set.
        case context
        /// An action is not registered, or is given other parameters than it has.
        case content
        /// Allowed, but hardly what was meant; the original says nothing of it.
        case warning
    }

    /// The kind of check that found it.
    public let category: Category
    /// What is wrong.
    public let message: String
    /// The part of the definition, such as `tasks.t1.next[0].when`; empty for the whole.
    public let specPath: String
    /// The part of the language's schema that it breaks.
    public let schemaPath: String
    /// The language of the expression at fault.
    public let language: ExpressionLanguage?
    /// The expression at fault.
    public let expression: String?
    /// Where it stands in the file.
    public let location: Location
    /// What to do about it.
    public let suggestion: String?

    /// The entry as the original's inspection writes it under its category.
    public var document: Value {
        var members: ValueObject = [
            "message": .string(message), "spec_path": specPath.isEmpty ? .null : .string(specPath),
            "schema_path": .string(schemaPath),
        ]
        if let expression {
            members["type"] = Value(language?.rawValue)
            members["expression"] = .string(expression)
        }
        return .object(members)
    }

    /// The entry as StackStorm flattens it; nil for a warning, which StackStorm does not know.
    public var entry: Value? {
        guard let type = Self.types[category] else { return nil }
        var members = document.object ?? [:]
        if expression != nil { members["language"] = members["type"] }
        members["type"] = .string(type)
        return .object(members)
    }

    private static let types: [Category: String] = [
        .syntax: "syntax", .semantics: "semantic", .expressions: "expression", .context: "context", .content: "content",
    ]
}
