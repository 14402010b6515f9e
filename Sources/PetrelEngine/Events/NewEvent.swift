public import PetrelCore

/// An event on its way into the store: one instance for each of its triggers.
public struct NewEvent: Sendable {
    /// What it happened to; several where rules asked for one webhook with different parameters.
    public var triggers: [Trigger]
    /// What it carries.
    public var payload: Value
    /// Where it came from.
    public var origin: Origin
    /// What its trace is called; nil for `trigger_instance-ID`.
    public var traceTag: String?
    /// The trace that it goes on; nil for a new one.
    public var traceID: String?
    /// The execution whose end it tells of.
    public var cause: ExecutionID?

    /// An event from its parts.
    public init(
        _ triggers: [Trigger], payload: Value, origin: Origin, traceTag: String? = nil, traceID: String? = nil,
        cause: ExecutionID? = nil
    ) {
        self.triggers = triggers
        self.payload = payload
        self.origin = origin
        self.traceTag = traceTag
        self.traceID = traceID
        self.cause = cause
    }
}
