import PetrelSystem
import Synchronization

/// Keeps a Python ready for each interpreter that actions run with.
///
/// The first action of an interpreter starts its worker and does not wait for it. A worker leaves by itself after a while
/// without work, or when its interpreter has changed; after many forks it is replaced.
final class PythonWorkers: Sendable {
    private struct Entry {
        var worker: WarmWorker
        var forks = 0
        var lastUse: Int
        /// Requests that came before it was ready.
        var misses = 0
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Told to leave, and not yet gone.
        var leaving: [WarmWorker] = []
        /// Requests of an interpreter to let pass before a worker is tried again, and how many those will be the next time.
        var pauses: [String: (left: Int, next: Int)] = [:]
        var uses = 0
    }

    /// Counts against what forking a process for ever might pile up in it.
    private static let maxForks = 5000
    private static let maxMisses = 200
    private static let longestPause = 4096

    private let capacity: Int
    private let state = Mutex(State())

    /// Workers for so many interpreters at most.
    init(capacity: Int) { self.capacity = capacity }

    /// A worker that is ready to fork, or nil; then one is made ready by `start` for later.
    func worker(for interpreter: String, start: () -> WarmWorker?) -> WarmWorker? {
        guard capacity > 0 else { return nil }
        return state.withLock { state in
            state.leaving.removeAll { $0.bury() }
            state.uses += 1
            if var entry = state.entries[interpreter] {
                entry.lastUse = state.uses
                switch entry.worker.phase {
                case .ready where entry.forks < Self.maxForks:
                    entry.forks += 1
                    state.entries[interpreter] = entry
                    return entry.worker
                case .starting where entry.misses < Self.maxMisses:
                    entry.misses += 1
                    state.entries[interpreter] = entry
                    return nil
                default: dismiss(interpreter, &state)
                }
            }
            begin(interpreter, &state, start)
            return nil
        }
    }

    private func begin(_ interpreter: String, _ state: inout State, _ start: () -> WarmWorker?) {
        if let pause = state.pauses[interpreter], pause.left > 0 {
            state.pauses[interpreter]?.left -= 1
            return
        }
        if state.entries.count >= capacity,
            let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            dismiss(oldest, &state)
        }
        guard let worker = start() else { return postpone(interpreter, &state) }
        state.entries[interpreter] = Entry(worker: worker, lastUse: state.uses)
    }

    private func dismiss(_ interpreter: String, _ state: inout State) {
        guard let entry = state.entries.removeValue(forKey: interpreter) else { return }
        entry.worker.close()
        state.leaving.append(entry.worker)
        // One that was of use may come again at once.
        if entry.forks > 0 { state.pauses[interpreter] = nil } else { postpone(interpreter, &state) }
    }

    private func postpone(_ interpreter: String, _ state: inout State) {
        let next = state.pauses[interpreter]?.next ?? 8
        state.pauses[interpreter] = (left: next, next: min(next * 2, Self.longestPause))
    }
}
