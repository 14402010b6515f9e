/// All that a runner needs to run one attempt of an action.
public struct RunRequest: Sendable {
    /// The key under which the runner keeps traces of the attempt.
    public var attempt: AttemptKey
    /// The action in force; for `resume` of one that is gone, what the execution remembers of it.
    public var action: Action
    /// Parameters that the runner type declares, defaults filled in and cast.
    public var runnerParameters: ValueObject
    /// The action's own parameters, defaults filled in and cast.
    public var actionParameters: ValueObject
    /// The user for whom it runs.
    public var user: String
    /// The configuration of the action's pack, secrets in clear.
    public var config: ValueObject
    /// The variables that every action is given: `ST2_ACTION_…`.
    ///
    /// They win over the caller's `env`.
    public var environment: [String: String]

    /// A request from its parts.
    public init(
        attempt: AttemptKey, action: Action, runnerParameters: ValueObject, actionParameters: ValueObject, user: String,
        environment: [String: String], config: ValueObject = [:]
    ) {
        self.config = config
        self.attempt = attempt
        self.action = action
        self.runnerParameters = runnerParameters
        self.actionParameters = actionParameters
        self.user = user
        self.environment = environment
    }
}

/// Waits for the end of an attempt that has begun.
///
/// Errors are outcomes.
public typealias AttemptEnd = @Sendable () async -> RunOutcome

/// An attempt with all that could be made of it before its claim was committed; nothing has to be undone if it never begins.
public struct ReadyAttempt: Sendable {
    /// Begins it, without waiting for anything; to be called once at most, and what it returns be waited for.
    public let begin: @Sendable () -> AttemptEnd

    /// An attempt that begins so.
    public init(begin: @escaping @Sendable () -> AttemptEnd) { self.begin = begin }
}

/// What a runner finds of an attempt that another process began.
public enum RunTrace: Sendable {
    /// It ended, now or before.
    case outcome(RunOutcome)
    /// It never started and never will: it may be run again.
    case neverStarted
    /// How it ended can't be known.
    case lost(reason: String)
}

/// Carries out actions of certain runner types outside the engine.
///
/// Checked by `RunnerConformance`.
///
/// An attempt is started at most once, however often the service is killed between two lines of it.
public protocol ActionRunner: Sendable {
    /// The runner types that it carries out.
    var types: [RunnerType] { get }
    /// Whether its attempts do nothing outside and end as soon as they begin: each is stored with its end.
    var endsAtOnce: Bool { get }
    /// Runs the attempt to its end. Errors are outcomes.
    func run(_ request: RunRequest) async -> RunOutcome
    /// Makes an attempt ready to begin, while its claim is being committed: it takes time, and begins nothing.
    func ready(_ request: RunRequest) -> ReadyAttempt
    /// Takes up an attempt that a process on the given boot of this machine began, and waits for its end.
    func resume(_ request: RunRequest, boot: String) async -> RunTrace
    /// Asks a running attempt to end; `run` or `resume` then returns soon. Does nothing for one that is not running.
    func cancel(_ attempt: AttemptKey) async
    /// Forgets the traces of an attempt whose outcome is stored.
    func forget(_ attempt: AttemptKey) async
    /// What a running attempt has written so far to `stdout` or `stderr`, from a byte on; at most 64 KiB at a time.
    func output(of attempt: AttemptKey, type: String, from: Int) async -> [UInt8]
}

extension ActionRunner {
    /// No: what it runs is known to the store before it begins.
    public var endsAtOnce: Bool { false }

    /// Makes nothing: the attempt begins when its end is waited for.
    public func ready(_ request: RunRequest) -> ReadyAttempt { ReadyAttempt { { await run(request) } } }

    /// Nothing: for runners whose actions write nothing before their end.
    public func output(of attempt: AttemptKey, type: String, from: Int) async -> [UInt8] { [] }
}
