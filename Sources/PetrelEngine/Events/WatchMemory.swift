import PetrelCore
import Synchronization

/// What sensors of Petrel's own remember, and the events that they tell: each step is one transaction with what is remembered
/// afterwards, so that nothing is told twice or left out, whatever crashes.
final class WatchMemory: Sendable {
    private let store: any EventStore
    private let dispatch: EventDispatch
    /// As stored, so that a look at a quiet file reads nothing.
    private let known = Mutex<[String: Value]>([:])

    init(store: any EventStore, dispatch: EventDispatch) {
        self.store = store
        self.dispatch = dispatch
    }

    /// What is remembered under a name; nil for nothing.
    func state(_ name: String) async throws(EngineError) -> Value? {
        if let state = known.withLock({ $0[name] }) { return state }
        do throws(CoreError) {
            let state = try await store.watchState(name)
            known.withLock { $0[name] = state }
            return state
        } catch { throw EngineError(error) }
    }

    /// Tells of events and remembers how far that went.
    /// - Returns: false when somebody else has told them: look again.
    func tell(_ events: [NewEvent], _ name: String, from old: Value?, to new: Value) async throws(EngineError) -> Bool {
        if events.isEmpty, old == new { return true }
        FaultPoint.watchBeforeTell.pass()
        let source = EventSource.watch(name, from: old, to: new)
        let isTold: Bool
        if events.isEmpty {
            do throws(CoreError) { isTold = try await store.accept([], from: source, handlings: []) } catch {
                throw EngineError(error)
            }
        } else {
            isTold = try await !dispatch.dispatch(events, from: source).isEmpty
        }
        FaultPoint.watchAfterTell.pass()
        known.withLock { known in
            // Whoever was overtaken reads anew what is remembered.
            if isTold { known[name] = new } else { known.removeValue(forKey: name) }
        }
        return isTold
    }

    /// Forgets all names that begin so but those.
    func forget(prefix: String, except names: Set<String>) async {
        guard (try? await store.forgetWatchStates(prefix: prefix, except: names)) != nil else { return }
        known.withLock { known in known = known.filter { !$0.key.hasPrefix(prefix) || names.contains($0.key) } }
    }
}
