/// Where an execution stands, in StackStorm's words.
public enum ExecutionStatus: String, Sendable, CaseIterable {
    /// Stored; waits to be claimed.
    case requested
    /// Chosen to run next; awaits its runner.
    case scheduled
    /// Held back until a time has come.
    case delayed
    /// A runner works on it; awaits its outcome.
    case running
    /// A workflow was asked to pause; awaits its running tasks.
    case pausing
    /// A workflow stands still; awaits resume or cancel.
    case paused
    /// A paused workflow was asked to go on.
    case resuming
    /// An inquiry waits for an answer.
    case pending
    /// Asked to stop while running; awaits the runner's outcome.
    case canceling
    case canceled
    case succeeded
    case failed
    case timeout
    /// The end of the attempt is unknown: the shim or the machine died.
    case abandoned

    /// Whether nothing changes it any more.
    public var isCompleted: Bool {
        switch self {
        case .succeeded, .failed, .timeout, .canceled, .abandoned: true
        default: false
        }
    }

    /// Whether a cancel request has an effect.
    public var isCancelable: Bool {
        switch self {
        case .requested, .scheduled, .delayed, .running, .pausing, .paused, .resuming: true
        default: false
        }
    }

    /// Whether somebody holds a claim on it.
    public var isClaimed: Bool { self == .running || self == .canceling }
}
