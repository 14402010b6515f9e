public import PetrelCore
import Synchronization

/// Checks passwords, and slows down whoever guesses.
///
/// Five wrong passwords for one user, or twenty from one address, within a minute are answered; more must wait. A right
/// password does not help while the wait lasts, so that guessing can't be told from it.
public final class LogIns: Sendable {
    /// What came of trying to log in.
    public enum Answer: Sendable, Equatable {
        case welcome
        case wrong
        /// Too many wrong ones; worth trying again after so long.
        case wait(Duration)
        /// The back-end can't tell now.
        case unavailable(reason: String)
    }

    private struct Tries {
        var wrong: [Instant] = []
    }

    private static let window = Duration.seconds(60)
    private static let mostPerUser = 5
    private static let mostPerAddress = 20
    private static let mostRemembered = 10_000

    private let backend: any PasswordBackend
    private let audit: any AuditStore
    private let clock: any PetrelClock
    private let tries = Mutex<[String: Tries]>([:])

    /// Log-ins against a back-end.
    public init(backend: any PasswordBackend, audit: any AuditStore, clock: any PetrelClock) {
        self.backend = backend
        self.audit = audit
        self.clock = clock
    }

    /// Whether this is the user's password.
    /// - Parameter address: where the request came from, as far as the connection itself tells.
    public func check(user: String, password: Secret<String>, address: String) async -> Answer {
        let keys = [("user " + user, Self.mostPerUser), ("address " + address, Self.mostPerAddress)]
        if let pause = pause(keys) { return .wait(pause) }
        // Counted before it is known, so that many at once get no more tries than many in a row.
        note(keys)
        do throws(CoreError) {
            if try await backend.isValid(password, of: user) {
                forgive(keys)
                return .welcome
            }
        } catch {
            forgive(keys)
            return .unavailable(reason: error.message)
        }
        try? await audit.record([
            AuditRecord(
                at: clock.now, kind: .credential, user: user, subject: "log-in", decision: "refused",
                detail: ["address": .string(address)])
        ])
        return .wrong
    }

    private func pause(_ keys: [(String, Int)]) -> Duration? {
        let now = clock.now
        return tries.withLock { tries in
            for (key, most) in keys {
                let recent = (tries[key]?.wrong ?? []).filter { now - $0 < Self.window }
                tries[key]?.wrong = recent
                if recent.count >= most, let first = recent.first { return Self.window - (now - first) }
            }
            return nil
        }
    }

    private func note(_ keys: [(String, Int)]) {
        let now = clock.now
        tries.withLock { tries in
            if tries.count >= Self.mostRemembered {
                tries = tries.filter { entry in entry.value.wrong.contains { now - $0 < Self.window } }
            }
            for (key, _) in keys { tries[key, default: Tries()].wrong.append(now) }
        }
    }

    private func forgive(_ keys: [(String, Int)]) {
        tries.withLock { tries in
            for (key, _) in keys where tries[key]?.wrong.isEmpty == false { tries[key]?.wrong.removeLast() }
        }
    }
}

/// The back-end of a service that has none: every password is wrong.
public struct NoPasswords: PasswordBackend {
    /// The back-end.
    public init() {}

    /// Never.
    public func isValid(_ password: Secret<String>, of user: String) async throws(CoreError) -> Bool { false }
}
