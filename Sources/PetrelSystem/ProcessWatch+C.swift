import CPetrel
import Glibc
import Synchronization

/// Waits for the ends of processes: one thread and one epoll for all of them.
///
/// The continuations are behind a lock: any task adds one, the thread takes it out.
final class ProcessWatch: Sendable {
    static let shared = ProcessWatch()

    private let epoll: Int32
    private let isRunning: Bool
    private let waiting = Mutex<[Int32: UnsafeContinuation<Bool, Never>]>([:])

    private init() {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        self.epoll = epoll
        // A static let can't be used before its initializer returns; the thread begins with the first wait.
        isRunning = epoll >= 0 && startThread("petrel-children") { ProcessWatch.shared.run() }
    }

    /// Returns when the process of the pidfd has ended, be it a child of this one or not.
    func end(of pidfd: Int32) async {
        if isRunning, await watchedEnd(of: pidfd) { return }
        // Out of epoll watches: a thread of its own does it too.
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isStarted = startThread("petrel-child") {
                var ready = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
                while poll(&ready, 1, -1) < 0, errno == EINTR {}
                continuation.resume()
            }
            if !isStarted { continuation.resume() }
        }
    }

    private func watchedEnd(of pidfd: Int32) async -> Bool {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            waiting.withLock { $0[pidfd] = continuation }
            var event = epoll_event(events: EPOLLIN.rawValue | EPOLLONESHOT.rawValue, data: epoll_data_t(fd: pidfd))
            if epoll_ctl(epoll, EPOLL_CTL_ADD, pidfd, &event) != 0 { resume(pidfd, isWatched: false) }
        }
    }

    private func resume(_ pidfd: Int32, isWatched: Bool = true) {
        waiting.withLock { $0.removeValue(forKey: pidfd) }?.resume(returning: isWatched)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(epoll, &events, 64, -1)
            for event in events.prefix(max(0, Int(count))) { resume(event.data.fd) }
        }
    }
}
