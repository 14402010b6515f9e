import GRDB
import Glibc
import PetrelCore
import Synchronization

/// Commits transactions in groups: whatever waits while one group is being flushed goes together into the next.
///
/// Hardly a transaction is refused, so a group is first committed as one. If one of it is, all run again, each in a
/// savepoint of its own, so that it does not fail its neighbours; a savepoint keeps a copy of each page that is changed. A
/// group is flushed to the disk if any of its transactions asks for it. (docs/adr/0004)
final class CommitQueue: Sendable {
    /// How durable a transaction is when its caller goes on.
    enum Durability { case written, flushed }

    private struct Job: Sendable {
        var durability: Durability
        /// Runs the transaction and keeps its answer for `finish`; maybe twice, with all taken back between.
        var run: @Sendable (Database) throws -> Void
        /// Hands out the answer, or the error that took the whole group down.
        var finish: @Sendable (CoreError?) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var isScheduled = false
        var hasFailed = false
        var statistics = CommitStatistics()
    }

    private static let maxJobsPerCommit = 256
    /// There are as many threads for tasks as processors; a disk that does not answer must not hold the only one.
    private static let canSpareThread = sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1

    private let pool: DatabasePool
    /// Kept for as long as there are commits, each of which the writer's connection tells it of.
    private let checkpoints: Checkpoints
    private let isRelaxed: Bool
    private let posts: OutgoingPosts
    private let state = Mutex(State())
    /// Whether the writer's connection flushes at commits now; nil before the first.
    private let flushes = Mutex<Bool?>(nil)

    init(pool: DatabasePool, checkpoints: Checkpoints, isRelaxed: Bool, posts: OutgoingPosts) {
        self.pool = pool
        self.checkpoints = checkpoints
        self.posts = posts
        self.isRelaxed = isRelaxed
    }

    /// Commits made and flushes asked for so far.
    var statistics: CommitStatistics { state.withLock(\.statistics) }

    /// Whether the disk has refused a commit since this was last set to false.
    var hasFailed: Bool {
        get { state.withLock(\.hasFailed) }
        set { state.withLock { $0.hasFailed = newValue } }
    }

    /// Runs a transaction and returns its answer when it is committed.
    ///
    /// While no other is under way it is committed on the caller's thread at once: the way to another thread and back would
    /// take longer than the work, and than the flush of most disks. Whoever comes meanwhile holds no thread.
    func commit<Answer: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (Database) throws -> Answer
    ) async throws(CoreError) -> Answer {
        defer { posts.followUp() }
        let isFlushed = durability == .flushed && !isRelaxed
        if !isFlushed || Self.canSpareThread, let result = commitAlone(isFlushed: isFlushed, body) {
            return try result.get()
        }
        let result: Result<Answer, CoreError> = await withCheckedContinuation { continuation in
            let answer = Mutex<Result<Answer, CoreError>?>(nil)
            let box = AnswerBox(answer)
            enqueue(
                Job(
                    durability: durability,
                    run: { database in
                        do {
                            let value = try body(database)
                            box.set(.success(value))
                        } catch {
                            box.set(.failure(storeFailure(error)))
                            throw error
                        }
                    },
                    finish: { failure in
                        let outcome = failure.map { .failure($0) } ?? box.take()
                        continuation.resume(returning: outcome ?? .failure(CoreError(.unavailable, "not committed")))
                    }))
        }
        return try result.get()
    }

    /// Commits a transaction here and now; nil if others are under way, whose flush it should share.
    private func commitAlone<Answer>(
        isFlushed: Bool, _ body: (Database) throws -> Answer
    ) -> Result<Answer, CoreError>? {
        let isFree = state.withLock { state in
            guard !state.isScheduled else { return false }
            state.isScheduled = true
            return true
        }
        guard isFree else { return nil }
        var answer: Result<Answer, CoreError>?
        pool.writeWithoutTransaction { database in
            let failure = failureOfCommitting(isFlushed: isFlushed, in: database) {
                answer = .success(try body(database))
            }
            if let failure { answer = .failure(failure) }
            count(1, isFlushed: isFlushed)
            // Whoever came meanwhile would have to wait for another thread, which takes as long as a commit without a flush.
            if hasOnlyWrites, let group = nextGroup(isLast: false) { commit(group, in: database) }
        }
        // Whoever came meanwhile counts on this one to go on.
        if state.withLock({ state in
            if state.jobs.isEmpty { state.isScheduled = false }
            return state.isScheduled
        }) {
            commitQueued()
        }
        return answer ?? .failure(CoreError(.unavailable, "the database is closed"))
    }

    /// Whether a group of all that waits would be committed without a flush.
    private var hasOnlyWrites: Bool {
        isRelaxed || state.withLock { state in state.jobs.allSatisfy { $0.durability == .written } }
    }

    private func enqueue(_ job: Job) {
        let mustSchedule = state.withLock { state in
            state.jobs.append(job)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { commitQueued() }
    }

    /// Commits what waits, group after group, on the writer's own thread.
    private func commitQueued() {
        pool.asyncWriteWithoutTransaction { [self] database in
            while let group = nextGroup(isLast: true) { commit(group, in: database) }
        }
    }

    /// - Parameter isLast: whether nobody looks again when there is none.
    private func nextGroup(isLast: Bool) -> [Job]? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                if isLast { state.isScheduled = false }
                return nil
            }
            let group = Array(state.jobs.prefix(Self.maxJobsPerCommit))
            state.jobs.removeFirst(group.count)
            return group
        }
    }

    private func commit(_ group: [Job], in database: Database) {
        let isFlushed = !isRelaxed && group.contains { $0.durability == .flushed }
        var failure = failureOfCommitting(isFlushed: isFlushed, in: database) {
            for job in group { try job.run(database) }
        }
        if failure != nil, group.count > 1 {
            failure = failureOfCommitting(isFlushed: isFlushed, in: database) {
                for job in group { try runApart(job, in: database) }
            }
        }
        count(group.count, isFlushed: isFlushed)
        for job in group { job.finish(failure) }
    }

    private func count(_ transactions: Int, isFlushed: Bool) {
        state.withLock { state in
            state.statistics.transactions += transactions
            state.statistics.commits += 1
            if isFlushed { state.statistics.flushes += 1 }
        }
    }

    private func failureOfCommitting(
        isFlushed: Bool, in database: Database, _ work: () throws -> Void
    ) -> CoreError? {
        do {
            try setFlushing(isFlushed, in: database)
            try database.run("BEGIN IMMEDIATE")
            try work()
            FaultPoint.storeBeforeFlush.pass()
            try database.run("COMMIT")
            FaultPoint.storeAfterFlush.pass()
            posts.tell()
            return nil
        } catch {
            posts.forget()
            if database.isInsideTransaction { try? database.execute(sql: "ROLLBACK") }
            let failure = storeFailure(error)
            if failure.code == .unavailable { hasFailed = true }
            return failure
        }
    }

    /// Per group: FULL flushes the log at commit, and with it all groups that were only written before.
    private func setFlushing(_ isFlushed: Bool, in database: Database) throws {
        guard flushes.withLock(\.self) != isFlushed else { return }
        try database.run(isFlushed ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        flushes.withLock { $0 = isFlushed }
    }

    /// Runs one job in its savepoint.
    ///
    /// A job's own refusal stays its own; what ended the transaction ends the group.
    private func runApart(_ job: Job, in database: Database) throws {
        try database.run("SAVEPOINT job")
        let before = posts.count
        do {
            try job.run(database)
            try database.run("RELEASE job")
        } catch {
            guard database.isInsideTransaction else { throw error }
            posts.forget(from: before)
            try database.run("ROLLBACK TO job")
            try database.run("RELEASE job")
        }
    }
}

/// How often the store committed, for figures.
public struct CommitStatistics: Sendable {
    /// Transactions that callers asked for.
    public var transactions = 0
    /// Groups that were committed.
    public var commits = 0
    /// Groups whose commit flushed the log to the disk.
    public var flushes = 0
}

/// Holds a job's answer between running it and committing its group.
private final class AnswerBox<Answer: Sendable>: Sendable {
    private let answer: Mutex<Result<Answer, CoreError>?>

    init(_ answer: consuming Mutex<Result<Answer, CoreError>?>) { self.answer = answer }

    func set(_ result: Result<Answer, CoreError>) { answer.withLock { $0 = result } }
    func take() -> Result<Answer, CoreError>? { answer.withLock { $0 } }
}

/// What an error of SQLite means to a caller of a port.
func storeFailure(_ error: any Error) -> CoreError {
    if let error = error as? CoreError { return error }
    guard let error = error as? DatabaseError else {
        return CoreError(.unavailable, "the store failed: \(error)", underlying: error)
    }
    switch error.resultCode {
    case .SQLITE_FULL: return .fullDisk(underlying: error)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
        return CoreError(
            .unavailable, "another program holds the database", hint: "Close other programs that have it open",
            isRetryable: true, underlying: error)
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
        return CoreError(
            .unavailable, "the database can't be written: \(error.message ?? "read-only")",
            hint: "Check the owner and the rights of the data folder", isRetryable: true, underlying: error)
    default:
        return CoreError(
            .unavailable, "the store failed: \(error.message ?? error.description)",
            isRetryable: error.resultCode == .SQLITE_IOERR, underlying: error)
    }
}

extension CoreError {
    /// Nothing more can be written where the data folder is.
    static func fullDisk(underlying: (any Error)? = nil) -> CoreError {
        CoreError(
            .unavailable, "the disk is full", hint: "Free space on the data folder's disk; Petrel goes on by itself",
            isRetryable: true, underlying: underlying)
    }
}
