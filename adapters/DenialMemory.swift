import PetrelCore
import Synchronization

/// Keeps calls with a token that the platform has just refused from being made again for a while.
final class DenialMemory: Sendable {
    /// A little less than the pause between attempts to connect, which are to get through.
    private static let window = Duration.seconds(55)
    private let denials = Mutex<[String: (until: Instant, text: String)]>([:])
    private let clock: any PetrelClock

    init(clock: any PetrelClock) { self.clock = clock }

    /// Makes a call with a token, unless it was refused of late.
    /// - Parameter token: what the token is called here; never the token itself.
    func guarding<Answer>(
        _ token: String, _ call: () async throws(PlatformFailure) -> Answer
    ) async throws(PlatformFailure) -> Answer {
        let now = clock.now
        if let denial = denials.withLock({ $0[token] }), denial.until > now { throw .denied(denial.text) }
        do throws(PlatformFailure) {
            let answer = try await call()
            denials.withLock { $0[token] = nil }
            return answer
        } catch {
            if case .denied(let text) = error {
                let until = clock.now + Self.window
                denials.withLock { $0[token] = (until, text) }
            }
            throw error
        }
    }
}
