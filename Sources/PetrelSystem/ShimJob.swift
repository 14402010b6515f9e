/// One attempt at a command that petrel-shim is to keep.
public struct ShimJob: Sendable {
    /// Names the attempt, for all time; also the name of its run folder.
    public var key: String
    /// The program and its arguments; a program without a slash is looked up in the job's PATH.
    public var argv: [String]
    /// All variables that the command sees; nothing is added.
    public var environment: [String: String]
    /// The working folder, an absolute path.
    public var cwd: String
    /// What the command reads on its standard input; nil for nothing.
    public var stdin: [UInt8]?
    /// How long it may run; zero for as long as it likes.
    public var timeout: Duration
    /// How long it and its descendants have between SIGTERM and SIGKILL.
    public var grace: Duration
    /// How much of each of stdout and stderr is kept.
    public var maxOutputBytes: Int

    /// A job from its parts.
    public init(
        key: String, argv: [String], environment: [String: String], cwd: String, stdin: [UInt8]? = nil,
        timeout: Duration, grace: Duration = .seconds(5), maxOutputBytes: Int = 10 << 20
    ) {
        self.key = key
        self.argv = argv
        self.environment = environment
        self.cwd = cwd
        self.stdin = stdin
        self.timeout = timeout
        self.grace = grace
        self.maxOutputBytes = maxOutputBytes
    }
}

/// A job with all that could be made of it before it may begin.
public struct ReadyJob: Sendable {
    let job: ShimJob
    /// What petrel-shim is told before the command itself.
    let arguments: [String]
    /// The same and the command for a shim that waits; nil when it can't take so much.
    let packet: [UInt8]?
}

/// A job that was begun, or could not be.
public struct BegunJob: Sendable {
    let ready: ReadyJob
    /// The shim that was given it; nil where one has still to be started.
    var shim: ReadyShims.Shim?
    /// Why it can't begin.
    var refusal: ShimEnd?
}

/// How an attempt ended and what it printed.
public struct ShimEnd: Sendable, Hashable {
    /// How the command itself ended.
    public enum Termination: Sendable, Hashable {
        case exit(Int32)
        case signal(Int32)
        /// It was not started; `error` says why.
        case notRun
        /// It may have run, but petrel-shim was killed and how it ended is unknown.
        case lost
    }

    /// How the command itself ended.
    public var termination: Termination
    /// Whether it was ended because its time was over.
    public var timedOut: Bool
    /// Whether it was ended because somebody asked.
    public var canceled: Bool
    /// What was kept of the standard output.
    public var stdout: [UInt8]
    /// What was kept of the standard error.
    public var stderr: [UInt8]
    /// Bytes of stdout over the cap, or lost to a full disk.
    public var droppedStdout: Int
    /// The same of stderr.
    public var droppedStderr: Int
    /// Why the command could not be started or ended as it should.
    public var error: String?

    /// An end from its parts.
    public init(
        termination: Termination, timedOut: Bool = false, canceled: Bool = false, stdout: [UInt8] = [],
        stderr: [UInt8] = [], droppedStdout: Int = 0, droppedStderr: Int = 0, error: String? = nil
    ) {
        self.termination = termination
        self.timedOut = timedOut
        self.canceled = canceled
        self.stdout = stdout
        self.stderr = stderr
        self.droppedStdout = droppedStdout
        self.droppedStderr = droppedStderr
        self.error = error
    }

    /// The exit code; nil when a signal ended the command or it never ran.
    public var exitCode: Int32? {
        if case .exit(let code) = termination { code } else { nil }
    }

    /// The signal that ended the command.
    public var signal: Int32? {
        if case .signal(let number) = termination { number } else { nil }
    }
}

/// What is found of an attempt that another process began.
public enum ShimTrace: Sendable, Hashable {
    case ended(ShimEnd)
    /// It never started, and the attempt is void now: it never will.
    case neverStarted
    /// It may have run; how it ended can't be known.
    case lost(reason: String)
}
