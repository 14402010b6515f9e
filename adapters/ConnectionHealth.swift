import PetrelCore
import Synchronization

/// Keeps an adapter's ``AdapterHealth`` up to date.
final class ConnectionHealth: Sendable {
    private let health = Mutex(AdapterHealth(state: .stopped))
    private let clock: any PetrelClock

    init(clock: any PetrelClock) { self.clock = clock }

    var current: AdapterHealth { health.withLock(\.self) }

    /// The connection is at something else now; `since` moves only when it is.
    func enter(_ state: AdapterHealth.State) {
        let now = clock.now
        health.withLock { health in
            if state == .connected { health.connections += 1 }
            guard health.state != state else { return }
            health.state = state
            health.since = now
        }
    }

    /// Something went wrong.
    func note(error: String) {
        let now = clock.now
        health.withLock { health in
            health.lastError = String(error.prefix(500))
            health.lastErrorAt = now
        }
    }

    /// Something came from the platform.
    func noteEvent() {
        let now = clock.now
        health.withLock { $0.lastEventAt = now }
    }

    /// Something could not be read and was left out.
    func noteSkipped(_ what: String) {
        note(error: what)
        health.withLock { $0.skipped += 1 }
    }
}
