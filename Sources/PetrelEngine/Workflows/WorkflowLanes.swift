import PetrelCore
import Synchronization

/// Sees to it that each workflow is attended to by one task at a time, and again if something happened meanwhile.
final class WorkflowLanes: Sendable {
    private struct State {
        /// Workflows that are attended to, or about to be.
        var open: Set<ExecutionID> = []
        /// Of those, the ones of which more was heard.
        var again: Set<ExecutionID> = []
    }
    private let state = Mutex(State())
    private let feed: AsyncStream<ExecutionID>.Continuation
    /// Workflows to attend to; each is in it once until it is closed.
    let stream: AsyncStream<ExecutionID>

    init() { (stream, feed) = AsyncStream.makeStream() }

    /// Says that a workflow has something to hear.
    func call(_ id: ExecutionID) {
        let isNew = state.withLock { state in
            if state.open.insert(id).inserted { return true }
            state.again.insert(id)
            return false
        }
        if isNew { feed.yield(id) }
    }

    /// Forgets the calls so far; called before the store is asked.
    func begin(_ id: ExecutionID) { state.withLock { _ = $0.again.remove(id) } }

    /// Closes the lane; false if there was another call, and it must be attended to again.
    func close(_ id: ExecutionID) -> Bool {
        state.withLock { state in
            if state.again.contains(id) { return false }
            state.open.remove(id)
            return true
        }
    }
}
