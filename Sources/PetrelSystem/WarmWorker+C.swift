import CPetrel
import Glibc
import PetrelCore
import Synchronization

/// A process that forks commands on request: each begins where a start of its own would have taken long to come.
///
/// What it forks makes itself the child of a petrel-shim of its own, so that output, time-out, end and recovery are those of
/// every other command. The worker itself is told which folder an attempt has and nothing of what is in it. It leaves with
/// the service. Packets on its descriptor 3:
///
/// - it sends `ready` once it can fork;
/// - a request is petrel-shim's path and its arguments up to the working folder, with a NUL behind each;
/// - the answer is the number of the shim's process, which is not reaped before the service has said `seen`; anything else
///   means that nothing was forked and that the worker is of no more use.
public final class WarmWorker: Sendable {
    /// How far the worker is.
    public enum Phase: Sendable {
        /// Awaits its `ready`.
        case starting
        case ready
        /// It has ended, does not answer, or was told to leave.
        case over
    }

    /// Exchanges block for a millisecond or two; a worker that is stuck holds one thread for ``answerSeconds``.
    private static let threads = WorkerPool("petrel-worker", threads: 4, maxWaiting: 10_000)
    private static let answerSeconds = 3

    private let process: ChildProcess
    private let control: Int32
    private let phaseNow = Mutex(Phase.starting)
    private let turn = Mutex(())

    private init(process: ChildProcess, control: Int32) {
        self.process = process
        self.control = control
    }

    /// Starts a program as a worker; nil when it can't be started.
    ///
    /// A program without a slash is looked up in the PATH of the service.
    public static func start(
        _ program: String, arguments: [String], environment: [String: String]
    ) -> WarmWorker? {
        guard
            let (process, control) = ChildProcess.spawnWithSocket(
                program, arguments: arguments, environment: environment)
        else { return nil }
        var limit = timeval(tv_sec: answerSeconds, tv_usec: 0)
        setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(control, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return WarmWorker(process: process, control: control)
    }

    /// How far the worker is, as far as it has told.
    public var phase: Phase {
        phaseNow.withLock { phase in
            guard phase == .starting else { return phase }
            var packet = [UInt8](repeating: 0, count: 16)
            let size = recv(control, &packet, packet.count, Int32(MSG_DONTWAIT))
            if size < 0, errno == EAGAIN || errno == EINTR { return .starting }
            phase = size > 0 && packet.prefix(size).elementsEqual("ready".utf8) ? .ready : .over
            return phase
        }
    }

    /// Tells the worker to leave, once the commands that it forked have ended.
    public func close() {
        phaseNow.withLock { $0 = .over }
        shutdown(control, Int32(SHUT_RDWR))
    }

    /// Whether the worker has left; call it, after ``close()``, until it has, and not again.
    public func bury() -> Bool {
        guard process.reap() != .unknown else { return false }
        process.close()
        Glibc.close(control)
        return true
    }

    /// Has the worker fork a command for petrel-shim; nil when it did not, or did not say so.
    func fork(_ words: [String]) async -> ChildProcess? {
        var packet: [UInt8] = []
        for word in words {
            packet += word.utf8
            packet.append(0)
        }
        return await withUnsafeContinuation { continuation in
            let isTaken = Self.threads.run { [packet] in continuation.resume(returning: self.exchange(packet)) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    private func exchange(_ packet: [UInt8]) -> ChildProcess? {
        turn.withLock { _ in
            guard phaseNow.withLock({ $0 }) == .ready else { return nil }
            let process = ask(packet)
            if process == nil {
                // Whatever it still does, it forks no more: it must not come upon the attempts of others later on.
                self.process.send(SIGKILL)
                close()
            }
            return process
        }
    }

    private func ask(_ packet: [UInt8]) -> ChildProcess? {
        let isSent = send(control, packet, packet.count, Int32(MSG_NOSIGNAL)) == packet.count
        guard isSent else { return nil }
        FaultPoint.runAfterAsk.pass()
        var answer = [UInt8](repeating: 0, count: 16)
        var size = recv(control, &answer, answer.count, 0)
        while size < 0, errno == EINTR { size = recv(control, &answer, answer.count, 0) }
        guard size > 0, let pid = Int32(String(decoding: answer.prefix(size), as: UTF8.self)), pid > 1 else {
            return nil
        }
        let pidfd = petrel_pidfd_open(pid)
        // Out of descriptors: the shim must not run unseen. It is not reaped yet, so the number is its own.
        if pidfd < 0 { kill(pid, SIGKILL) }
        _ = send(control, "seen", 4, Int32(MSG_NOSIGNAL))
        return pidfd < 0 ? nil : ChildProcess(pidfd: pidfd, pid: pid)
    }
}
