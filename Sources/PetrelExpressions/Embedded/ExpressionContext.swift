public import PetrelCore

/// What embedded expressions are evaluated with.
public struct ExpressionContext: Sendable {
    /// The workflow's context; keys that start with `__` are private (`__state`, `__current_task`, `__current_item`).
    public var values: ValueObject
    /// Further functions, such as `st2kv` and `task`, that the caller gives; Orquesta's own are always there.
    public var functions: [HostFunction]
    /// The bounds of each string's evaluation.
    public var limits: EvaluationLimits
    /// Whether a result that itself looks like an expression is evaluated again, as the original does.
    ///
    /// Off unless the operator asks for it: a result is data, and data is never code.
    public var reevaluatesResults: Bool
    /// Whether texts become shell commands: what expressions give inside a longer text is then escaped for its place.
    ///
    /// An expression that is the whole text is not escaped.
    public var shellSink = false

    /// A context; without functions it has Orquesta's and StackStorm's that need no service.
    public init(
        values: ValueObject, functions: [HostFunction] = [], limits: EvaluationLimits = .content,
        reevaluatesResults: Bool = false
    ) {
        self.values = values
        self.functions = functions
        self.limits = limits
        self.reevaluatesResults = reevaluatesResults
    }
}
