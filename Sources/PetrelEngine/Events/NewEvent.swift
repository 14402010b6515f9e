public import PetrelCore

/// An event on its way into the store: one instance for each of its triggers.
public struct NewEvent: Sendable {
    /// What it happened to; several where rules asked for one webhook with different parameters.
    public var triggers: [Trigger]
    /// What it carries.
    public var payload: Value
    /// Where it came from.
    public var origin: Origin
    /// What its trace is called; nil for `trigger_instance-ID`, or as the trace of its cause is called.
    public var traceTag: String?
    /// The execution that led to it, whose trace it goes on; nil for an event that begins one.
    public var cause: EventCause?

    /// An event from its parts.
    public init(
        _ triggers: [Trigger], payload: Value, origin: Origin, traceTag: String? = nil, cause: EventCause? = nil
    ) {
        self.triggers = triggers
        self.payload = payload
        self.origin = origin
        self.traceTag = traceTag
        self.cause = cause
    }
}

extension TriggerInstance {
    /// The instance of an event for one of its triggers, pending.
    ///
    /// A tag alone always begins a new trace, as in StackStorm.
    init(_ event: NewEvent, of trigger: Trigger, at: Instant, ids: any IDSource) {
        let id: TriggerInstanceID = ids.make()
        let trace: TraceTag
        if let known = event.cause?.trace, event.traceTag == nil {
            trace = known
        } else {
            trace = TraceTag(id: ids.next(), tag: event.traceTag ?? "trigger_instance-\(id)")
        }
        self.init(
            id: id, trigger: trigger.ref, type: trigger.type, payload: event.payload, occurredAt: at,
            origin: event.origin, trace: trace, cause: event.cause?.execution, depth: event.cause?.depth ?? 0)
    }
}
