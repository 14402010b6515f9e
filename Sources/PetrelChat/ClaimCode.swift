public import PetrelCore
import Synchronization

/// The one-time code with which the first administrator of a platform claims the role.
public final class ClaimCode: Sendable {
    private static let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    private static let maxWrongTries = 10

    /// The code, such as `K7QM-2FXH`, for the service to print.
    public let text: String
    private let wrongTries = Mutex(0)

    /// A new code: 40 random bits.
    public init(random: any RandomSource) {
        let letters = random.bytes(8).map { Self.alphabet[Int($0) % Self.alphabet.count] }
        text = String(letters.prefix(4)) + "-" + String(letters.suffix(4))
    }

    /// Whether a try is right.
    ///
    /// After ten wrong ones no try is, until the service starts again.
    func accepts(_ attempt: String) -> Bool {
        let isRight = isEqualInConstantTime(attempt.uppercased(), text)
        return wrongTries.withLock { wrong in
            guard wrong < Self.maxWrongTries else { return false }
            if !isRight { wrong += 1 }
            return isRight
        }
    }
}
