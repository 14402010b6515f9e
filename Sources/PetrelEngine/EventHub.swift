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
        var nextID = 0
    }
    private let state = Mutex(State())

    /// A hub without listeners.
    public init() {}

    /// The events from now on that concern the listener, until the reading task ends.
    ///
    /// The question is asked by whoever publishes, so that a listener is woken only for what it wants.
    public func events(buffer: Int = 1024, where concerns: @escaping @Sendable (EngineEvent) -> Bool = { _ in true })
        -> AsyncStream<EngineEvent>
    {
        AsyncStream(bufferingPolicy: .bufferingNewest(buffer)) { continuation in
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

    /// Hands out an event.
    public func publish(_ event: EngineEvent) {
        for listener in state.withLock({ Array($0.listeners.values) }) where listener.concerns(event) {
            listener.feed.yield(event)
        }
    }
}
