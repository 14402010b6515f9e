public import PetrelCore

/// What rule criteria need besides the payload.
public struct CriteriaContext: Sendable {
    /// Renders a Jinja pattern with the given root values (`trigger`, or `item` inside a search) and whatever else the
    /// caller makes visible, such as `st2kv.system`.
    public typealias Render = @Sendable (_ template: String, _ values: ValueObject) throws(ExpressionError) -> String

    /// The time that time-difference operators count from.
    public var now: Instant
    /// Renders patterns that are templates.
    public var render: Render
    /// Where keys that begin with `system.` look; nil for nowhere.
    public var datastore: (any LookupRoot)?
    /// Bounds of one evaluation.
    public var limits: EvaluationLimits

    /// A context; without a renderer a pattern that is a template fails.
    public init(
        now: Instant, datastore: (any LookupRoot)? = nil, limits: EvaluationLimits = .content,
        render: @escaping Render = CriteriaContext.withoutTemplates
    ) {
        self.now = now
        self.datastore = datastore
        self.limits = limits
        self.render = render
    }

    /// Renders nothing: says that it can't.
    @Sendable
    public static func withoutTemplates(_ template: String, _ values: ValueObject) throws(ExpressionError) -> String {
        throw ExpressionError(.failed, "No templates can be rendered here, such as \(template)")
    }
}
