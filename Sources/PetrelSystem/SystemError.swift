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
    /// No name, no route, nothing that listens, or no valid certificate.
    case unreachable = "petrel.http.unreachable"
    /// The peer's certificate was not accepted.
    case untrusted = "petrel.http.untrusted"
    /// The answer did not come in time.
    case timedOut = "petrel.http.timeout"
    /// The answer is larger than allowed.
    case tooLarge = "petrel.http.too_large"
    /// The connection broke, or what came is not HTTP.
    case transferFailed = "petrel.http.transfer"
    /// The task that waited was cancelled.
    case cancelled = "petrel.system.cancelled"
}

/// The error type of PetrelSystem.
public typealias SystemError = Problem<SystemErrorCode>
