/// What inspection can ask about the actions that are registered.
public protocol KnownActions: Sendable {
    /// The parameters of an action, those of its runner included; nil if there is no such action.
    func parameters(of ref: String) -> [WorkflowActionParameter]?
}

/// A parameter of an action, as far as inspection looks at it.
public struct WorkflowActionParameter: Sendable {
    /// The parameter's name.
    public let name: String
    /// Whether it must be given.
    public let isRequired: Bool
    /// Whether it has a default, so that it need not be.
    public let hasDefault: Bool

    /// A parameter.
    public init(_ name: String, isRequired: Bool, hasDefault: Bool) {
        self.name = name
        self.isRequired = isRequired
        self.hasDefault = hasDefault
    }
}
