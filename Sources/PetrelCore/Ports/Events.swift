/// Something that happened; it only shortens waits.
///
/// Work is found by asking the store.
public enum EngineEvent: Sendable {
    /// An execution was stored or has changed; the value is without its result.
    case executionChanged(Execution)
    /// Posts were committed to the outbox of an adapter.
    case postsQueued(AdapterName)
    /// A completed execution owes a reply.
    case replyOwed
    /// A line was added to a local room.
    case roomChanged(room: String)
    /// Packs were loaded anew.
    case contentChanged
}
