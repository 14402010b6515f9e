public import PetrelExpressions

/// What the expressions of a workflow may use.
public struct WorkflowEnvironment: Sendable {
    /// Functions beside the language's own, such as `st2kv` and `task`.
    public var functions: [HostFunction]
    /// The bounds of each evaluation.
    public var limits: EvaluationLimits
    /// Whether a result that looks like an expression is evaluated once more, as the original does.
    public var reevaluatesResults: Bool
    /// Whether a parameter of an action becomes a shell command, so that values in it are escaped; nil for none.
    public var shellSink: (@Sendable (_ action: String, _ parameter: String) -> Bool)?

    /// An environment; with the bounds for content files unless others are given.
    public init(
        functions: [HostFunction] = [], limits: EvaluationLimits = .content, reevaluatesResults: Bool = false
    ) {
        self.functions = functions
        self.limits = limits
        self.reevaluatesResults = reevaluatesResults
    }
}
