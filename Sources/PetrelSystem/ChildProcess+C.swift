import CPetrel
import Glibc

/// A process held by its pidfd, so that a signal never reaches another one that was given the same number.
///
/// Whoever holds the value closes it, once.
struct ChildProcess: Sendable {
    let pidfd: Int32
    /// Its number, to be shown; signals go through the pidfd.
    let pid: Int32

    /// How a process ended.
    enum End: Sendable, Equatable, CustomStringConvertible {
        case exit(Int32), signal(Int32)
        /// It is no child of this process, which is not told.
        case unknown

        var description: String {
            switch self {
            case .exit(let code): "it ended with code \(code)"
            case .signal(let number): "signal \(number) ended it"
            case .unknown: "how it ended is unknown"
            }
        }
    }

    /// Starts a program as a child.
    ///
    /// The error number when that failed.
    static func spawn(
        _ path: String, arguments: [String], environment: [String: String]
    ) -> Result<ChildProcess, SpawnFailure> {
        guard let arguments = CStrings([path] + arguments),
            let variables = CStrings(environment.map { $0.key + "=" + $0.value })
        else { return .failure(SpawnFailure(number: EINVAL)) }
        var pid: pid_t = 0
        let failure = arguments.withPointers { arguments in
            variables.withPointers { variables in petrel_spawn(path, arguments, variables, &pid) }
        }
        guard failure == 0 else { return .failure(SpawnFailure(number: failure)) }
        let pidfd = petrel_pidfd_open(pid)
        guard pidfd >= 0 else {
            // Out of descriptors: the shim must not run unseen.
            let number = errno
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            return .failure(SpawnFailure(number: number, hasRun: true))
        }
        return .success(ChildProcess(pidfd: pidfd, pid: pid))
    }

    /// Starts a program that is talked to by packets on its descriptor 3, in a session of its own; nil when that failed.
    ///
    /// A program without a slash is looked up in the PATH of the service. Whoever holds the other end, `control`, closes it.
    static func spawnWithSocket(
        _ program: String, arguments: [String], environment: [String: String]
    ) -> (process: ChildProcess, control: Int32)? {
        guard let words = CStrings([program] + arguments),
            let variables = CStrings(environment.map { $0.key + "=" + $0.value })
        else { return nil }
        var pid: pid_t = 0
        var control: Int32 = -1
        let failure = words.withPointers { words in
            variables.withPointers { variables in petrel_spawn_worker(program, words, variables, &pid, &control) }
        }
        guard failure == 0 else { return nil }
        let pidfd = petrel_pidfd_open(pid)
        guard pidfd >= 0 else {
            // Out of descriptors: it must not run unseen.
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            Glibc.close(control)
            return nil
        }
        return (ChildProcess(pidfd: pidfd, pid: pid), control)
    }

    /// Takes hold of a process that another one may have started; nil when it is gone.
    static func find(pid: Int32, startTime: UInt64) -> ChildProcess? {
        let pidfd = petrel_pidfd_open(pid)
        guard pidfd >= 0 else { return nil }
        // Read after the pidfd was made: now the number can't pass to another process unseen.
        guard Self.startTime(of: pid) == startTime else {
            Glibc.close(pidfd)
            return nil
        }
        return ChildProcess(pidfd: pidfd, pid: pid)
    }

    /// Sends a signal; nothing when the process has ended.
    func send(_ signal: Int32) { _ = petrel_pidfd_send_signal(pidfd, signal) }

    /// Takes the end of an own child that has ended.
    func reap() -> End {
        let status = petrel_reap(pidfd)
        if status < 0 { return .unknown }
        return status & 0x7F == 0 ? .exit(status >> 8) : .signal(status & 0x7F)
    }

    /// Gives the pidfd back.
    func close() { Glibc.close(pidfd) }

    /// When a process began, in clock ticks since boot: field 22 of its stat line.
    static func startTime(of pid: Int32) -> UInt64? {
        guard let bytes = readFile("/proc/\(pid)/stat", limit: 4096), let bracket = bytes.lastIndex(of: 0x29) else {
            return nil
        }
        let fields = bytes[bracket...].split(separator: 0x20)
        return fields.count > 20 ? UInt64(String(decoding: fields[20], as: UTF8.self)) : nil
    }
}

/// Why a program could not be started.
struct SpawnFailure: Error {
    var number: Int32
    /// Whether it may have run for a moment all the same.
    var hasRun = false

    /// The number in words.
    var reason: String {
        switch number {
        case E2BIG: "its arguments and variables are too long"
        case EINVAL: "an argument or a variable holds a NUL byte"
        default: errorText(number)
        }
    }
}

/// Texts as the null-ended array of C strings that exec takes, in one block of memory.
struct CStrings {
    private var bytes: [CChar] = []
    private var starts: [Int] = []

    /// Nil when a text holds a NUL, which C would take for its end.
    init?(_ texts: [String]) {
        starts.reserveCapacity(texts.count)
        for text in texts {
            starts.append(bytes.count)
            for byte in text.utf8 {
                if byte == 0 { return nil }
                bytes.append(CChar(bitPattern: byte))
            }
            bytes.append(0)
        }
    }

    /// Calls with the array; it is valid only until the call returns.
    func withPointers<Result>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
        var bytes = bytes
        return bytes.withUnsafeMutableBufferPointer { buffer in
            var pointers = starts.map { start in buffer.baseAddress.map { $0 + start } }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { array in
                // Proof: the array holds at least the null just appended.
                guard let base = array.baseAddress else { fatalError("an array without memory") }
                return body(base)
            }
        }
    }
}
