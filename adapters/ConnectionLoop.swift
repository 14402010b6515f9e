import PetrelCore
import Synchronization

/// Keeps one connection open for as long as the task lives: after each end, and a pause, comes the next one.
struct ConnectionLoop: Sendable {
    let health: ConnectionHealth
    let clock: any PetrelClock

    /// Runs one connection after the other.
    /// - Parameters:
    ///   - seed: for the pauses, so that many processes don't come back together.
    ///   - connection: opens a connection, says when it can be used, and returns or throws at its end.
    func run(
        seed: UInt64,
        _ connection: @Sendable (_ isReady: @escaping @Sendable () -> Void) async throws(PlatformFailure) -> Void
    ) async {
        var pacing = ReconnectPacing(seed: seed)
        health.enter(.connecting)
        while !Task.isCancelled {
            let readyAt = Mutex<Instant?>(nil)
            var end: PlatformFailure?
            do throws(PlatformFailure) {
                try await connection {
                    readyAt.withLock { $0 = clock.now }
                    health.enter(.connected)
                }
            } catch { end = error }
            if Task.isCancelled { break }
            health.note(error: end?.text ?? "the server closed the connection")
            let pause = pause(after: end, readyAt: readyAt.withLock(\.self), &pacing)
            try? await clock.sleep(for: pause)
        }
        health.enter(.stopped)
    }

    private func pause(
        after end: PlatformFailure?, readyAt: Instant?, _ pacing: inout ReconnectPacing
    ) -> Duration {
        switch end {
        case .denied, .refused:
            health.enter(.refused)
            return ReconnectPacing.refusedPause
        case .limited(let pause):
            health.enter(.connecting)
            return max(pause, pacing.pauseAfterFailure())
        case .notSent, .doubtful, nil:
            health.enter(.connecting)
            guard let readyAt else { return pacing.pauseAfterFailure() }
            pacing.succeeded()
            return pacing.pauseAfterLoss(of: clock.now - readyAt)
        }
    }
}

/// Whether what goes to a websocket's address can be read by nobody on the way: TLS, or this machine itself.
func isConfidential(_ url: String) -> Bool {
    if url.hasPrefix("wss://") { return true }
    let host = url.dropFirst("ws://".count).prefix { !"/?#".contains($0) }
    return ["127.0.0.1", "[::1]", "localhost"].contains { host == $0 || host.hasPrefix($0 + ":") }
}
