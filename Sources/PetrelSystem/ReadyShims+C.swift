import Glibc
import PetrelCore
import Synchronization

/// Shims that were started before there was anything to run, so that a command does not wait for a process to begin.
///
/// The first job of a service finds none; soon after a job the places are filled again. A job is one packet on a shim's
/// descriptor 3, as Sources/petrel-shim/ready.c reads it. They leave when the service does.
final class ReadyShims: Sendable {
    /// A shim with the socket to it.
    struct Shim {
        let process: ChildProcess
        /// Ends when the shim has recorded the end of its job, or is gone.
        ///
        /// Whoever holds it closes it.
        let control: Int32
    }

    private struct State {
        var waiting: [Shim] = []
        var isFilling = false
    }

    private static let most = 2
    /// The largest packet that a shim takes.
    private static let maxPacketBytes = 64 << 10
    /// New ones are started when the command that took the last one has had the processor for so long.
    private static let pauseMicroseconds: UInt32 = 5000
    /// Starting one blocks for as long as the kernel takes to load a program.
    private static let threads = WorkerPool("petrel-shims", threads: 1)

    private let path: String
    private let runFolder: String
    private let state = Mutex(State())

    /// Of the program at a path, for jobs whose folders are in `runFolder`.
    init(path: String, runFolder: String) {
        self.path = path
        self.runFolder = runFolder
    }

    deinit {
        for shim in state.withLock({ $0.waiting }) { bury(shim) }
    }

    /// Gives a waiting shim its arguments and variables; nil when none waits or they are too long.
    ///
    /// That it took them does not say that it began: it may have been killed.
    func hand(_ arguments: [String], environment: [String: String]) -> Shim? {
        defer { refill() }
        guard let packet = packet(arguments, environment) else { return nil }
        while let shim = state.withLock({ $0.waiting.popLast() }) {
            let size = send(shim.control, packet, packet.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            if size == packet.count { return shim }
            bury(shim)
        }
        return nil
    }

    private func packet(_ arguments: [String], _ environment: [String: String]) -> [UInt8]? {
        var packet: [UInt8] = []
        let count = 1 + arguments.count
        let variables = environment.lazy.map { $0.key + "=" + $0.value }
        for text in [String(count), path] + arguments + variables {
            packet += text.utf8
            guard packet.count < Self.maxPacketBytes else { return nil }
            packet.append(0)
        }
        // A NUL within a text would make two of it; the ordinary way refuses such a job with a reason.
        let texts = 1 + count + environment.count
        return packet.count(where: { $0 == 0 }) == texts ? packet : nil
    }

    private func refill() {
        let isNeeded = state.withLock { state in
            guard state.waiting.count < Self.most, !state.isFilling else { return false }
            state.isFilling = true
            return true
        }
        guard isNeeded else { return }
        let isTaken = Self.threads.run { [self] in
            usleep(Self.pauseMicroseconds)
            while state.withLock({ $0.waiting.count < Self.most }), let shim = start() {
                state.withLock { $0.waiting.append(shim) }
            }
            state.withLock { $0.isFilling = false }
        }
        if !isTaken { state.withLock { $0.isFilling = false } }
    }

    private func start() -> Shim? {
        ChildProcess.spawnWithSocket(path, arguments: ["--ready", runFolder], environment: [:])
            .map { Shim(process: $0.process, control: $0.control) }
    }

    private func bury(_ shim: Shim) {
        Glibc.close(shim.control)
        shim.process.send(SIGKILL)
        // It has nothing open and nothing to run, so that its end is a matter of microseconds.
        waitpid(shim.process.pid, nil, 0)
        shim.process.close()
        removeDraft(of: shim.process)
    }

    /// Removes the record that a shim has made before it got a job, if it is still there; for one that has ended.
    func removeDraft(of process: ChildProcess) {
        unlink(runFolder + "/" + RunFolder.draftMark + String(process.pid))
    }
}
