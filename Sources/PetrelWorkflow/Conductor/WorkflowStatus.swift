/// The status of a workflow or of one run of a task, under Orquesta's names.
public enum WorkflowStatus: String, Sendable, Hashable, CaseIterable {
    /// Nothing has been asked for yet.
    case unset = "null"
    /// Accepted; waits to be scheduled.
    case requested
    /// Has its turn; waits to be started.
    case scheduled
    /// Waits for its delay to pass.
    case delayed
    /// At work.
    case running
    /// An inquiry waits for its answer.
    case pending
    /// Asked to pause; what is at work may finish.
    case pausing
    /// Stands still until it is resumed.
    case paused
    /// Asked to go on; the next event of a task makes it running.
    case resuming
    /// Ended well.
    case succeeded
    /// Ended badly.
    case failed
    /// Ended because it took too long.
    case timeout
    /// Ended because whoever ran it went away.
    case abandoned
    /// Ended, and is offered once more.
    case retrying
    /// Asked to stop; what is at work may finish.
    case canceling
    /// Ended because somebody asked for it.
    case canceled

    /// Whether it has ended, however.
    public var isCompleted: Bool { StatusSet.completed.contains(self) }
    /// Whether it ended badly: failed, timed out or abandoned.
    public var isFailure: Bool { StatusSet.failures.contains(self) }
    /// Whether something is at work or about to be.
    public var isActive: Bool { StatusSet.active.contains(self) }
    /// Whether a workflow in it offers tasks.
    public var isRunning: Bool { StatusSet.running.contains(self) }
    /// Whether it is one in which a run begins.
    public var isStarting: Bool { StatusSet.starting.contains(self) }
}

/// A set of statuses as bits.
struct StatusSet: Sendable {
    private let bits: UInt32

    init(_ statuses: WorkflowStatus...) { bits = statuses.reduce(0) { $0 | $1.bit } }

    func contains(_ status: WorkflowStatus) -> Bool { bits & status.bit != 0 }

    func has(_ ordinal: Int) -> Bool { bits & (1 << UInt32(ordinal)) != 0 }

    static let starting = StatusSet(.requested, .scheduled, .delayed, .running, .pending)
    static let running = StatusSet(.requested, .scheduled, .delayed, .running, .resuming, .retrying)
    static let active = StatusSet(
        .requested, .scheduled, .delayed, .running, .resuming, .pausing, .canceling)
    static let failures = StatusSet(.failed, .timeout, .abandoned)
    static let completed = StatusSet(.succeeded, .failed, .timeout, .abandoned, .canceled)
}

extension WorkflowStatus {
    fileprivate var bit: UInt32 { 1 << UInt32(ordinal) }

    /// The place in the list of all statuses.
    var ordinal: Int {
        switch self {
        case .unset: 0
        case .requested: 1
        case .scheduled: 2
        case .delayed: 3
        case .running: 4
        case .pending: 5
        case .pausing: 6
        case .paused: 7
        case .resuming: 8
        case .succeeded: 9
        case .failed: 10
        case .timeout: 11
        case .abandoned: 12
        case .retrying: 13
        case .canceling: 14
        case .canceled: 15
        }
    }
}

/// How many things are in each status.
struct StatusCounts: Sendable, Hashable {
    private var counts = [Int](repeating: 0, count: WorkflowStatus.allCases.count)

    subscript(status: WorkflowStatus) -> Int { counts[status.ordinal] }

    mutating func add(_ status: WorkflowStatus) { counts[status.ordinal] += 1 }

    mutating func remove(_ status: WorkflowStatus) { counts[status.ordinal] -= 1 }

    mutating func move(from old: WorkflowStatus, to new: WorkflowStatus) {
        counts[old.ordinal] -= 1
        counts[new.ordinal] += 1
    }

    /// Whether anything is in one of these.
    func has(_ statuses: StatusSet) -> Bool {
        for place in counts.indices where counts[place] > 0 && statuses.has(place) { return true }
        return false
    }
}
