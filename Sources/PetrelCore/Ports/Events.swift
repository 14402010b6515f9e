/// Something that happened; it only shortens waits.
///
/// Work is found by asking the store.
public enum EngineEvent: Sendable {
    /// An execution was stored for the first time.
    case executionCreated(Execution)
    /// An execution has changed; the value is without its result.
    case executionChanged(Execution)
    /// Posts were committed to the outbox of an adapter.
    case postsQueued(AdapterName)
    /// A completed execution owes a reply.
    case replyOwed
    /// A workflow has something to hear.
    case workflowOwed(ExecutionID)
    /// An inquiry waits to be asked.
    case questionOwed
    /// Trigger instances wait to be handled, or ends of executions to be told.
    case eventsWaiting
    /// Packs were loaded anew.
    case contentChanged
    /// Something was announced on a route, as `core.announcement` does.
    case announced(route: String, payload: Value, trace: Value)

    /// Whether the event stream tells it to clients.
    public var isStreamed: Bool {
        switch self {
        case .executionCreated, .executionChanged, .announced: true
        case .postsQueued, .replyOwed, .workflowOwed, .questionOwed, .contentChanged, .eventsWaiting: false
        }
    }
}

/// An event that clients of the stream see, with its place in the order of this service instance's events.
public struct NumberedEvent: Sendable {
    /// Counts up from 1 over all streamed events.
    public var number: Int
    /// What happened.
    public var event: EngineEvent

    /// An event with its number.
    public init(number: Int, event: EngineEvent) {
        self.number = number
        self.event = event
    }
}
