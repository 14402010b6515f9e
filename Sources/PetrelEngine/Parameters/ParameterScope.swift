public import PetrelCore
public import PetrelExpressions

/// What templates in parameters see beside the other parameters.
public struct ParameterScope: Sendable {
    /// `action_context`, `config_context` and, for what a rule starts, `trigger`.
    public var roots: ValueObject
    /// `st2kv`.
    public var lookups: [String: any LookupRoot]
    /// What the filter `decrypt_kv` does in templates of content files.
    public var decrypt: (@Sendable (Value) throws(ExpressionError) -> Value)?
    /// Whether `decrypt_kv` works in what the caller gave, too.
    public var decryptsGiven = false
    /// Whether values may come from people, webhooks or sensors, so that they are escaped where they enter a shell command.
    public var escapesShells: Bool
    /// Whether templates in the values that were given are rendered; otherwise they stay text.
    public var rendersGiven = true

    /// A scope from its parts.
    public init(
        roots: ValueObject = [:], lookups: [String: any LookupRoot] = ["st2kv": NoKeys()], escapesShells: Bool = false
    ) {
        self.roots = roots
        self.lookups = lookups
        self.escapesShells = escapesShells
        decrypt = nil
    }
}

/// A datastore without keys.
public struct NoKeys: LookupRoot {
    /// The datastore.
    public init() {}

    /// None.
    public func value(at path: [String]) throws(ExpressionError) -> Value? { nil }
}
