public import PetrelCore

/// What can go wrong between Petrel and the machine or the wire.
public enum SystemErrorCode: String, ProblemCode {
    /// A system call on a file or folder failed.
    case fileFailed = "petrel.system.file"
    /// Another process holds the lock of a folder.
    case locked = "petrel.system.locked"
    /// A program could not be started.
    case spawnFailed = "petrel.system.spawn"
    /// A URL, header or method can't be sent.
    case badRequest = "petrel.http.bad_request"
    /// No connection came about: no name, no route, nothing that listens, a proxy that refuses, no time left for it.
    case unreachable = "petrel.http.unreachable"
    /// The peer's certificate was not accepted.
    case untrusted = "petrel.http.untrusted"
    /// The caller's address policy forbids the address behind the name.
    case addressRefused = "petrel.http.address"
    /// The answer did not come in time.
    case timedOut = "petrel.http.timeout"
    /// The answer or message is larger than allowed.
    case tooLarge = "petrel.http.too_large"
    /// The connection broke after the request had gone out, or what came is not HTTP.
    case transferFailed = "petrel.http.transfer"
    /// The server answered a websocket's handshake with something else; see ``Problem/httpStatus``.
    case refused = "petrel.websocket.refused"
    /// The websocket broke: reset, ended without a close frame, silent for too long.
    case disconnected = "petrel.websocket.disconnected"
    /// The other side broke the websocket protocol.
    case badFrame = "petrel.websocket.protocol"
    /// The websocket was closed or broken before the message went out.
    case closed = "petrel.websocket.closed"
    /// Too much waits already.
    case crowded = "petrel.system.crowded"
    /// The task that waited was cancelled.
    case cancelled = "petrel.system.cancelled"
}

/// The error type of PetrelSystem.
public typealias SystemError = Problem<SystemErrorCode>

extension Problem where Code == SystemErrorCode {
    /// Whether the other side may have received what was sent, although this error came instead of an answer.
    ///
    /// False means that nothing was sent: sending it again can't double it.
    public var mayHaveArrived: Bool {
        switch code {
        case .timedOut, .tooLarge, .transferFailed, .disconnected, .badFrame, .cancelled: true
        case .fileFailed, .locked, .spawnFailed, .badRequest, .unreachable, .untrusted, .addressRefused, .refused,
            .closed, .crowded:
            false
        }
    }

    /// The status with which a server refused a websocket, such as 401.
    public var httpStatus: Int? { (underlying as? RefusedUpgrade)?.status }
}

/// The answer to a websocket's handshake that was no upgrade.
struct RefusedUpgrade: Error, Hashable {
    var status: Int
}
