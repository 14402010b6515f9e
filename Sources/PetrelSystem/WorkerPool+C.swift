import Glibc
import Synchronization

/// A few threads for calls that block, apart from Swift's own pool.
///
/// Threads are made when there is work and none is idle, and stay. Jobs wait in the order they came.
final class WorkerPool: Sendable {
    static let passwords = WorkerPool("petrel-password", threads: 2)

    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var next = 0
        var threads = 0
        var idle = 0

        var waiting: Int { jobs.count - next }

        mutating func take() -> Job? {
            guard next < jobs.count else { return nil }
            let job = jobs[next]
            next += 1
            if next * 2 > jobs.count {
                jobs.removeFirst(next)
                next = 0
            }
            return job
        }
    }

    private let name: String
    private let maxThreads: Int
    private let maxWaiting: Int
    private let state = Mutex(State())
    private let wanted = Semaphore()

    init(_ name: String, threads: Int, maxWaiting: Int = 10_000) {
        self.name = name
        maxThreads = threads
        self.maxWaiting = maxWaiting
    }

    /// Has a thread run the job; false, and nothing is run, when too many wait or there is no thread to be had.
    func run(_ job: @escaping Job) -> Bool {
        enum Verdict { case refused, queued, thread }
        let verdict = state.withLock { state -> Verdict in
            guard state.waiting < maxWaiting else { return .refused }
            let isBusy = state.waiting >= state.idle
            if isBusy, state.threads < maxThreads {
                state.threads += 1
                return .thread
            }
            state.jobs.append(job)
            return .queued
        }
        switch verdict {
        case .refused: return false
        case .queued: wanted.post()
        case .thread:
            if !startThread(name, { [self] in work(first: job) }) {
                state.withLock { $0.threads -= 1 }
                return false
            }
        }
        return true
    }

    private func work(first: Job) {
        first()
        while true {
            state.withLock { $0.idle += 1 }
            wanted.wait()
            let job = state.withLock { state in
                state.idle -= 1
                return state.take()
            }
            job?()
        }
    }
}

/// A counting semaphore.
///
/// Any thread may touch it, at any time: that is its purpose.
private final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func post() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0, errno == EINTR {} }
}
