import DequeModule
public import PetrelCore
import Synchronization

/// Hands every event to everyone who listens.
///
/// A listener that does not keep up loses the oldest events; nothing depends on them but the length of a wait.
public final class EventHub: Sendable {
    private struct Listener: Sendable {
        var concerns: @Sendable (EngineEvent) -> Bool
        var feed: AsyncStream<EngineEvent>.Continuation
    }
    private struct State {
        var listeners: [Int: Listener] = [:]
        var watchers: [Int: AsyncStream<NumberedEvent>.Continuation] = [:]
        var nextID = 0
        /// The newest streamed events, for clients that come back after a short while.
        var recent: Deque<NumberedEvent> = []
        var streamed = 0
    }

    /// How many streamed events are kept for clients that come back.
    public static let remembered = 256
    /// How many events a client may be behind before it misses some.
    public static let patience = 1024
    private let state = Mutex(State())

    /// A hub without listeners.
    public init() {}

    /// The events from now on that concern the listener, until the reading task ends.
    ///
    /// The question is asked by whoever publishes, so that a listener is woken only for what it wants.
    /// - Parameter buffer: what is kept for a listener that does not keep up.
    public func events(
        buffer: AsyncStream<EngineEvent>.Continuation.BufferingPolicy = .bufferingNewest(1024),
        where concerns: @escaping @Sendable (EngineEvent) -> Bool = { _ in true }
    ) -> AsyncStream<EngineEvent> {
        AsyncStream(bufferingPolicy: buffer) { continuation in
            let id = state.withLock { state in
                state.nextID += 1
                state.listeners[state.nextID] = Listener(concerns: concerns, feed: continuation)
                return state.nextID
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
            }
        }
    }

    /// The streamed events after a number and from now on, until the reading task ends.
    ///
    /// A reader that does not keep up misses the oldest; a jump in the numbers tells it.
    /// - Parameter last: the number of the last event that the client has; nil for one that wants only what is to come.
    /// - Returns: the events to begin with, whether some before them are not remembered any more, and those to come.
    public func stream(after last: Int?) -> (
        missed: [NumberedEvent], isGap: Bool, live: AsyncStream<NumberedEvent>
    ) {
        let (live, continuation) = AsyncStream.makeStream(
            of: NumberedEvent.self, bufferingPolicy: .bufferingNewest(Self.patience))
        let (id, missed, isGap) = state.withLock { state in
            state.nextID += 1
            state.watchers[state.nextID] = continuation
            guard let last else { return (state.nextID, [NumberedEvent](), false) }
            let first = state.recent.first?.number ?? state.streamed + 1
            // A number that was never given belongs to another instance.
            let isGap = last > state.streamed || last + 1 < first
            return (state.nextID, isGap ? [] : state.recent.filter { $0.number > last }, isGap)
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return (missed, isGap, live)
    }

    /// Hands out an event.
    public func publish(_ event: EngineEvent) {
        let (listeners, watchers, numbered) = state.withLock { state in
            let listeners = Array(state.listeners.values)
            guard event.isStreamed else {
                return (listeners, [AsyncStream<NumberedEvent>.Continuation](), NumberedEvent?.none)
            }
            state.streamed += 1
            let numbered = NumberedEvent(number: state.streamed, event: event)
            state.recent.append(numbered)
            if state.recent.count > Self.remembered { state.recent.removeFirst() }
            return (listeners, Array(state.watchers.values), numbered)
        }
        for listener in listeners where listener.concerns(event) { listener.feed.yield(event) }
        if let numbered { for watcher in watchers { watcher.yield(numbered) } }
    }
}
