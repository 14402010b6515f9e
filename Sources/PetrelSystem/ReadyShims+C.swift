import Glibc
import PetrelCore
import Synchronization

/// Shims that wait for a job, so that a command does not wait for a process to begin.
///
/// The first job starts one; when the job is over it waits for the next. A job is one packet on a shim's descriptor 3, as
/// Sources/petrel-shim/ready.c reads it. They leave when the service does.
final class ReadyShims: Sendable {
    /// A shim with the socket to it.
    struct Shim: Sendable {
        let process: ChildProcess
        fileprivate let control: Int32

        /// Asks it to end the job that it was given last; nothing when that has ended.
        ///
        /// A signal could come when the shim keeps another job already.
        func cancel() { send(control, "c", 1, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
    }

    /// How many wait at most; each takes some 200 KiB.
    private static let most = 32
    /// The largest packet that a shim takes.
    private static let maxPacketBytes = 64 << 10

    private let path: String
    private let runFolder: String
    private let waiting = Mutex<[Shim]>([])

    /// Of the program at a path, for jobs whose folders are in `runFolder`.
    init(path: String, runFolder: String) {
        self.path = path
        self.runFolder = runFolder
    }

    deinit {
        for shim in waiting.withLock(\.self) { Self.dismiss(shim) }
    }

    /// Gives a shim a job's packet; nil when none can be started.
    ///
    /// That it took it does not say that it began: it may have been killed. To be followed by ``news(of:)``.
    func hand(_ packet: [UInt8]) -> Shim? {
        while let shim = waiting.withLock({ $0.popLast() }) {
            if give(packet, to: shim) { return shim }
        }
        guard let shim = start(), give(packet, to: shim) else { return nil }
        return shim
    }

    /// Waits until a shim has recorded the end of its job, or is gone.
    /// - Returns: what it recorded, where it can take another job.
    func news(of shim: Shim) async -> [UInt8]? {
        await ProcessWatch.shared.end(of: shim.control)
        let record = [UInt8](unsafeUninitializedCapacity: RunFolder.maxRecordBytes) { buffer, count in
            count = max(0, recv(shim.control, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)))
        }
        return record.isEmpty ? nil : record
    }

    /// Keeps a shim for another job.
    func keep(_ shim: Shim) {
        let isKept = waiting.withLock { waiting in
            guard waiting.count < Self.most else { return false }
            waiting.append(shim)
            return true
        }
        if !isKept { Self.dismiss(shim) }
    }

    /// Has no more jobs for a shim; it leaves after the one that it keeps, and is reaped then.
    static func dismiss(_ shim: Shim) {
        close(shim.control)
        ProcessWatch.shared.bury(shim.process)
    }

    /// Waits until a shim is gone that has not asked for another job.
    func end(of shim: Shim) async -> ChildProcess.End {
        close(shim.control)
        await ProcessWatch.shared.end(of: shim.process.pidfd)
        defer { removeDraft(of: shim) }
        return shim.process.reap()
    }

    private func give(_ packet: [UInt8], to shim: Shim) -> Bool {
        if send(shim.control, packet, packet.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) == packet.count {
            // Woken on this processor, it would wait until this thread has nothing more to do.
            sched_yield()
            return true
        }
        // It is gone, or nearly so.
        shim.process.send(SIGKILL)
        Self.dismiss(shim)
        removeDraft(of: shim)
        return false
    }

    /// A job's arguments and variables as a shim takes them; nil when they are too long.
    func packet(_ arguments: [String], environment: [String: String]) -> [UInt8]? {
        let count = 1 + arguments.count
        var packet: [UInt8] = []
        packet.reserveCapacity(8 << 10)
        packet.add(String(count))
        packet.add(path)
        for text in arguments { packet.add(text) }
        for (name, value) in environment {
            packet += name.utf8
            packet.append(UInt8(ascii: "="))
            packet.add(value)
        }
        // A NUL within a text would make two of it; the ordinary way refuses such a job with a reason.
        let texts = 1 + count + environment.count
        return packet.count <= Self.maxPacketBytes && packet.count(where: { $0 == 0 }) == texts ? packet : nil
    }

    private func start() -> Shim? {
        ChildProcess.spawnWithSocket(path, arguments: ["--ready", runFolder], environment: [:])
            .map { Shim(process: $0.process, control: $0.control) }
    }

    /// Removes the record that a shim has made before it got a job, if it is still there; for one that has ended.
    private func removeDraft(of shim: Shim) {
        unlink(runFolder + "/" + RunFolder.draftMark + String(shim.process.pid))
    }
}

extension [UInt8] {
    /// Adds a text and a NUL behind it.
    fileprivate mutating func add(_ text: String) {
        self += text.utf8
        append(0)
    }
}
