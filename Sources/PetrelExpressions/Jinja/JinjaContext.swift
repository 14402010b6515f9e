public import PetrelCore

/// Which filters and functions a template has, as the two places of StackStorm that render templates set them up.
public enum JinjaEnvironment: Sendable, Hashable {
    /// StackStorm's own: actions, rules, aliases, action chains.
    case stackstorm
    /// Workflows: StackStorm's filters are functions too, and the caller's functions are filters.
    case orquesta
}

/// What a template is rendered with.
public struct JinjaContext: Sendable {
    /// The names that the template sees.
    public var values: ValueObject
    /// Names whose members are looked up when they are touched, such as `st2kv`; the text of a missing one is empty.
    public var lookups: [String: any LookupRoot]
    /// Functions; in workflows they are filters too.
    public var functions: [HostFunction]
    /// Whether undefined names print nothing instead of being errors.
    public var isLenient: Bool
    /// What rendering may cost.
    public var limits: EvaluationLimits
    /// Whether the text becomes a shell command: what expressions give is then escaped for the place where they stand.
    ///
    /// An expression that is the whole text is not escaped, nor one through the filter `unsafe_shell`.
    public var shellSink: Bool
    /// What the filter `decrypt_kv` does; without it the filter is an error.
    public var decrypt: (@Sendable (Value) throws(ExpressionError) -> Value)?
    /// Whether `__context` names all of ``values``.
    var offersWhole = false

    /// A context; whatever is not given is empty, strict and bounded as content files are.
    public init(
        values: ValueObject = [:], lookups: [String: any LookupRoot] = [:], functions: [HostFunction] = [],
        isLenient: Bool = false, limits: EvaluationLimits = .content, shellSink: Bool = false
    ) {
        self.values = values
        self.lookups = lookups
        self.functions = functions
        self.isLenient = isLenient
        self.limits = limits
        self.shellSink = shellSink
        decrypt = nil
    }
}
