import Foundation
import Glibc
import Synchronization

/// Another program that a test runs, with files as its standard streams.
///
/// Foundation's `Process` passes pipes and sockets of one test's programs on to another's when several start at the same
/// time, and then waits for the wrong ones; a program that is started here inherits nothing else. Belongs to any thread:
/// its status is behind a lock.
public final class TestProgram: Sendable {
    /// How a program ended and what it wrote.
    public struct Ended: Sendable {
        /// The exit code; minus the signal's number when a signal ended it.
        public var code: Int32
        /// What it wrote to its standard output.
        public var out: String
        /// What it wrote to its standard error output.
        public var error: String
    }

    /// What could not be done with a program.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened.
        public var description: String

        /// A failure in words.
        public init(description: String) { self.description = description }
    }

    /// Its number.
    public let processIdentifier: Int32
    private let status = Mutex<Int32?>(nil)

    /// Starts a program; it is searched for in PATH when its name has no slash.
    /// - Parameters:
    ///   - input: a file that it reads; `/dev/null` when none is given.
    ///   - output: a file that is written; `/dev/null` when none is given.
    ///   - error: a file that is written; what `output` says when none is given.
    public init(
        _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil, folder: String? = nil,
        input: String = "/dev/null", output: String = "/dev/null", error: String? = nil
    ) throws {
        let (actions, attributes) = try Self.prepared(folder: folder, input: input, output: output, error: error)
        defer {
            posix_spawn_file_actions_destroy(actions)
            posix_spawnattr_destroy(attributes)
            actions.deallocate()
            attributes.deallocate()
        }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        let given = environment ?? ProcessInfo.processInfo.environment
        var variables = given.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        var pid: pid_t = 0
        let problem = posix_spawnp(&pid, program, actions, attributes, &words, &variables)
        guard problem == 0 else {
            throw Failure(description: "\(program) does not start: \(String(cString: strerror(problem)))")
        }
        processIdentifier = pid
    }

    deinit { kill() }

    private static func prepared(
        folder: String?, input: String, output: String, error: String?
    ) throws -> (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafeMutablePointer<posix_spawnattr_t>) {
        let actions = UnsafeMutablePointer<posix_spawn_file_actions_t>.allocate(capacity: 1)
        let attributes = UnsafeMutablePointer<posix_spawnattr_t>.allocate(capacity: 1)
        posix_spawn_file_actions_init(actions)
        posix_spawnattr_init(attributes)
        let writing = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
        posix_spawn_file_actions_addopen(actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(actions, 1, output, writing, 0o600)
        if let error {
            posix_spawn_file_actions_addopen(actions, 2, error, writing, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(actions, 1, 2)
        }
        typealias CloseFrom = @convention(c) (OpaquePointer, Int32) -> Int32
        typealias ChangeFolder = @convention(c) (OpaquePointer, UnsafePointer<CChar>) -> Int32
        let list = OpaquePointer(actions)
        _ = try function("posix_spawn_file_actions_addclosefrom_np", CloseFrom.self)(list, 3)
        if let folder { _ = try function("posix_spawn_file_actions_addchdir_np", ChangeFolder.self)(list, folder) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(attributes, &all)
        posix_spawnattr_setsigmask(attributes, &none)
        posix_spawnattr_setflags(attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        return (actions, attributes)
    }

    /// A function of the C library that its header shows to GNU sources only.
    private static func function<Kind>(_ name: String, _ kind: Kind.Type) throws -> Kind {
        guard let address = dlsym(nil, name) else { throw Failure(description: "the C library has no \(name)") }
        return unsafeBitCast(address, to: kind)
    }

    // MARK: Its end

    /// Whether it has not ended yet.
    public var isRunning: Bool { code(waits: false) == nil }

    /// Sends a signal; nothing when it has ended.
    public func signal(_ number: Int32) {
        status.withLock { status in
            if status == nil { _ = Glibc.kill(processIdentifier, number) }
        }
    }

    /// Ends it by SIGKILL and waits for its end.
    public func kill() {
        signal(SIGKILL)
        _ = code(waits: true)
    }

    /// Waits for its end without holding up a thread.
    /// - Throws: ``Failure`` when it has not ended in time; it is killed then.
    public func end(within time: Duration = .seconds(900)) async throws -> Int32 {
        let latest = ContinuousClock.now + time
        while ContinuousClock.now < latest {
            if let code = code(waits: false) { return code }
            try await Task.sleep(for: .milliseconds(5))
        }
        kill()
        throw Failure(description: "process \(processIdentifier) has not ended within \(time)")
    }

    private func code(waits: Bool) -> Int32? {
        status.withLock { status in
            if let status { return status }
            var word: Int32 = 0
            var ended: pid_t = 0
            repeat { ended = waitpid(processIdentifier, &word, waits ? 0 : WNOHANG) } while ended < 0 && errno == EINTR
            guard ended == processIdentifier else { return nil }
            status = word & 0x7F == 0 ? word >> 8 & 0xFF : -(word & 0x7F)
            return status
        }
    }

    // MARK: The whole of it

    /// Runs a program to its end.
    /// - Parameter input: what it reads on its standard input.
    /// - Throws: ``Failure`` when it doesn't start or doesn't end in time.
    public static func run(
        _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil, folder: String? = nil,
        input: String = "", within time: Duration = .seconds(900)
    ) async throws -> Ended {
        let streams = NSTemporaryDirectory() + "petrel-streams-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: streams, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: streams) }
        try Data(input.utf8).write(to: URL(filePath: streams + "/in"))
        let program = try TestProgram(
            program, arguments, environment: environment, folder: folder, input: streams + "/in",
            output: streams + "/out", error: streams + "/error")
        let code = try await program.end(within: time)
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(filePath: streams + "/" + name)), as: UTF8.self)
        }
        return Ended(code: code, out: try text("out"), error: try text("error"))
    }
}
