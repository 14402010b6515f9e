import PetrelCore
import Synchronization

/// How many executions may run at once, and which do.
final class Slots: Sendable {
    private struct State {
        var reserved = 0
        var running: Set<AttemptKey> = []
        var canceling: [AttemptKey: Execution] = [:]
        var isClosed = false
        /// Whether somebody found no slot since the queue was last seen empty.
        var isContended = true
    }
    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    /// Takes a slot before the claim is committed; false if all are taken.
    func reserve() -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.reserved + state.running.count < capacity else {
                state.isContended = true
                return false
            }
            state.reserved += 1
            return true
        }
    }

    /// Takes as many slots as are free.
    func reserveAll() -> Int {
        state.withLock { state in
            guard !state.isClosed else { return 0 }
            let free = max(0, capacity - state.reserved - state.running.count)
            state.reserved += free
            return free
        }
    }

    /// Counts an attempt that another process began; it may exceed the capacity, since it runs already.
    func adopt(_ attempt: AttemptKey) { state.withLock { _ = $0.running.insert(attempt) } }

    /// Whether executions may wait for a slot; the scheduler's tick asks the store all the same.
    var isContended: Bool {
        get { state.withLock(\.isContended) }
        set { state.withLock { $0.isContended = newValue } }
    }

    /// Gives reserved slots back.
    func release(_ count: Int = 1) { state.withLock { $0.reserved -= count } }

    /// Turns a reserved slot into a running attempt.
    func occupy(_ attempt: AttemptKey) {
        state.withLock { state in
            state.reserved -= 1
            state.running.insert(attempt)
        }
    }

    /// Frees the slot of an attempt that is over.
    func vacate(_ attempt: AttemptKey) {
        state.withLock { state in
            state.running.remove(attempt)
            state.canceling[attempt] = nil
        }
    }

    /// Marks an attempt as one to cancel, also one that is only about to run here: the wish waits for it.
    func markCanceling(_ execution: Execution) {
        state.withLock { $0.canceling[execution.attemptKey] = execution }
    }

    /// What runs here and is to be canceled.
    var canceling: [Execution] {
        state.withLock { state in state.canceling.filter { state.running.contains($0.key) }.map(\.value) }
    }

    func isCanceling(_ attempt: AttemptKey) -> Bool { state.withLock { $0.canceling[attempt] != nil } }
    var runningCount: Int { state.withLock { $0.running.count } }

    /// Hands out no slot any more.
    func close() { state.withLock { $0.isClosed = true } }
}
