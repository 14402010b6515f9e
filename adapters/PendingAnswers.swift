import PetrelCore
import Synchronization

/// Answers of a server that somebody waits for, by the key that was sent along.
final class PendingAnswers<Answer: Sendable>: Sendable {
    private enum Entry {
        case expected
        case awaited(CheckedContinuation<Answer?, Never>)
        case answered(Answer?)
    }
    private struct State {
        var entries: [Int: (key: String, entry: Entry)] = [:]
        var last = 0
    }
    private let state = Mutex(State())

    init() {}

    /// Sends what asks for an answer, and waits for that.
    /// - Returns: nil when none came in time.
    func ask(
        _ key: String, within limit: Duration, clock: any PetrelClock,
        _ send: () async throws(PlatformFailure) -> Void
    ) async throws(PlatformFailure) -> Answer? {
        let id = state.withLock { state in
            state.last += 1
            state.entries[state.last] = (key, .expected)
            return state.last
        }
        do throws(PlatformFailure) { try await send() } catch {
            state.withLock { $0.entries[id] = nil }
            throw error
        }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await clock.sleep(for: limit)
                self.answer(id, nil)
            }
            let answer = await wait(id)
            group.cancelAll()
            return answer
        }
    }

    /// Hands an answer to all who asked under the key.
    /// - Returns: whether anybody did.
    @discardableResult
    func answer(_ key: String, _ answer: Answer?) -> Bool {
        let ids = state.withLock { $0.entries.filter { $0.value.key == key }.map(\.key) }
        for id in ids { self.answer(id, answer) }
        return !ids.isEmpty
    }

    /// Hands the same answer to all.
    func answerAll(_ answer: Answer?) {
        for id in state.withLock({ Array($0.entries.keys) }) { self.answer(id, answer) }
    }

    private func answer(_ id: Int, _ answer: Answer?) {
        let waiter: CheckedContinuation<Answer?, Never>? = state.withLock { state in
            guard let known = state.entries[id] else { return nil }
            switch known.entry {
            case .expected: state.entries[id] = (known.key, .answered(answer))
            case .answered: break
            case .awaited(let continuation):
                state.entries[id] = nil
                return continuation
            }
            return nil
        }
        waiter?.resume(returning: answer)
    }

    private func wait(_ id: Int) async -> Answer? {
        await withCheckedContinuation { continuation in
            let known: Answer?? = state.withLock { state in
                guard let entry = state.entries[id] else { return .some(nil) }
                guard case .answered(let answer) = entry.entry else {
                    state.entries[id] = (entry.key, .awaited(continuation))
                    return nil
                }
                state.entries[id] = nil
                return .some(answer)
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
