import CPetrel
import Glibc
import Synchronization

/// Waits for the ends of processes, and of sockets to them: one thread and one epoll for all.
///
/// Who waits is behind a lock: any task adds itself, the thread takes it out.
final class ProcessWatch: Sendable {
    private enum Waiter {
        case task(UnsafeContinuation<Bool, Never>)
        /// Nobody does: the process is only to be reaped.
        case grave(ChildProcess)
    }

    static let shared = ProcessWatch()

    private let epoll: Int32
    private let isRunning: Bool
    private let waiting = Mutex<[Int32: Waiter]>([:])

    private init() {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        self.epoll = epoll
        // A static let can't be used before its initializer returns; the thread begins with the first wait.
        isRunning = epoll >= 0 && startThread("petrel-children") { ProcessWatch.shared.run() }
    }

    /// Returns when the process of a pidfd has ended, be it a child of this one or not, or when a socket has something to
    /// read, its end at least.
    func end(of descriptor: Int32) async {
        if isRunning, await watchedEnd(of: descriptor) { return }
        // Out of epoll watches: a thread of its own does it too.
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isStarted = startThread("petrel-child") {
                var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                while poll(&ready, 1, -1) < 0, errno == EINTR {}
                continuation.resume()
            }
            if !isStarted { continuation.resume() }
        }
    }

    /// Reaps a child that is about to end, and closes its pidfd.
    func bury(_ process: ChildProcess) {
        if isRunning, watch(process.pidfd, .grave(process)) { return }
        waitpid(process.pid, nil, 0)
        process.close()
    }

    private func watchedEnd(of descriptor: Int32) async -> Bool {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            if !watch(descriptor, .task(continuation)) { continuation.resume(returning: false) }
        }
    }

    /// False when there is no room for another watch; the waiter is told nothing then.
    private func watch(_ descriptor: Int32, _ waiter: Waiter) -> Bool {
        waiting.withLock { $0[descriptor] = waiter }
        var event = epoll_event(events: EPOLLIN.rawValue | EPOLLONESHOT.rawValue, data: epoll_data_t(fd: descriptor))
        // A socket that was heard before is known, and disarmed.
        if epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0 { return true }
        if epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 { return true }
        waiting.withLock { $0[descriptor] = nil }
        return false
    }

    private func tell(_ descriptor: Int32) {
        switch waiting.withLock({ $0.removeValue(forKey: descriptor) }) {
        case .task(let continuation): continuation.resume(returning: true)
        case .grave(let process):
            _ = process.reap()
            process.close()
        case nil: break
        }
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(epoll, &events, 64, -1)
            for event in events.prefix(max(0, Int(count))) { tell(event.data.fd) }
        }
    }
}
