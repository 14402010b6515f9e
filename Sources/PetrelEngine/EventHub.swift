public import PetrelCore
import Synchronization

/// Hands every event to everyone who listens.
///
/// A listener that does not keep up loses the oldest events; nothing depends on them but the length of a wait.
public final class EventHub: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<EngineEvent>.Continuation] = [:]
        var nextID = 0
    }
    private let state = Mutex(State())

    /// A hub without listeners.
    public init() {}

    /// The events from now on, until the reading task ends.
    public func events(buffer: Int = 1024) -> AsyncStream<EngineEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(buffer)) { continuation in
            let id = state.withLock { state in
                state.nextID += 1
                state.listeners[state.nextID] = continuation
                return state.nextID
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
            }
        }
    }

    /// Hands out an event.
    public func publish(_ event: EngineEvent) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(event) }
    }
}
