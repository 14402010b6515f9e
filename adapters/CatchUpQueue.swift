import PetrelCore
import Synchronization

/// Sees to it that one catch-up runs at a time, and once more if another gap came while it ran.
final class CatchUpQueue: Sendable {
    private struct State {
        var isRunning = false
        var wanted: Instant?
    }
    private let state = Mutex(State())

    init() {}

    /// Catches up from a time on; returns at once when a catch-up runs already, which then does it.
    func run(since: Instant, _ catchUp: (Instant) async -> Void) async {
        let begins = state.withLock { state in
            state.wanted = min(state.wanted ?? since, since)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard begins else { return }
        while let since = next() { await catchUp(since) }
    }

    private func next() -> Instant? {
        state.withLock { state in
            defer { state.wanted = nil }
            state.isRunning = state.wanted != nil
            return state.wanted
        }
    }
}

extension CatchUpQueue {
    /// Makes a call that reads, patiently: a limit is waited out, a failure tried again a few times.
    /// - Returns: nil when it can't be had.
    static func patiently<Answer: Sendable>(
        clock: any PetrelClock, _ call: () async throws(PlatformFailure) -> Answer
    ) async -> Answer? {
        var failures = 0
        while !Task.isCancelled {
            do throws(PlatformFailure) {
                return try await call()
            } catch {
                switch error {
                case .limited(let pause): try? await clock.sleep(for: pause)
                case .notSent, .doubtful:
                    failures += 1
                    guard failures < 6 else { return nil }
                    try? await clock.sleep(for: .milliseconds(250) * (1 << failures))
                case .denied, .refused: return nil
                }
            }
        }
        return nil
    }
}
