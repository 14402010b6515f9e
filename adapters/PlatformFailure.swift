import PetrelCore
import PetrelSystem

/// Why a call to a chat platform had no good answer, by what the caller must do next.
enum PlatformFailure: Error, Sendable, Hashable {
    /// Nothing reached the platform: the same call may be made again.
    case notSent(String)
    /// It may have been carried out: look before making it again.
    case doubtful(String)
    /// Too many calls: again after a while.
    case limited(after: Duration)
    /// The platform won't talk to us before an operator has acted: a bad token, a missing permission.
    case denied(String)
    /// This call will never be accepted; the code is the platform's.
    case refused(code: String, message: String)

    /// What happened, in words.
    var text: String {
        switch self {
        case .notSent(let text), .doubtful(let text), .denied(let text): text
        case .limited(let pause): "too many calls; again in \(Int(pause.inSeconds.rounded(.up))) s"
        case .refused(_, let message): message
        }
    }

    /// The platform's code of a refused call.
    var code: String? {
        if case .refused(let code, _) = self { code } else { nil }
    }

    /// What it means for a post that was to be sent.
    var delivery: Delivery {
        switch self {
        case .notSent(let text): .retry(after: .seconds(1), reason: text)
        case .doubtful(let text): .doubtful(reason: text)
        case .limited(let pause): .retry(after: pause, reason: text)
        case .denied(let text): .retry(after: ReconnectPacing.refusedPause, reason: text)
        case .refused(_, let message): .refused(reason: message)
        }
    }
}
