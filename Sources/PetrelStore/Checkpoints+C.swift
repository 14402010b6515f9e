import GRDB
import GRDBSQLite
import Synchronization

/// Folds the log into the database file beside the writer, which would hold up whoever commits just then: it writes
/// thousands of pages and flushes them.
///
/// The log can begin anew only when all of it is in the file. So once a round has brought over what was there at its start,
/// the writer brings over what came meanwhile, which is little. (docs/adr/0004)
final class Checkpoints: Sendable {
    private struct State {
        var isRunning = false
        /// With so many pages in the log the next round begins.
        var threshold = Checkpoints.pages
    }

    /// 16 MiB of small pages: one that is written again and again goes into the file once for many commits.
    private static let pages = 8000
    /// What the log grows by before another round is tried, where a reader has kept it from beginning anew.
    private static let step = 2000

    private let pool: DatabasePool
    private let own: DatabaseQueue
    private let state = Mutex(State())

    /// For the log of a database whose writer is the pool's; from now on the writer leaves it alone.
    init(path: String, pool: DatabasePool) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "petrel.store.checkpoints"
        configuration.prepareDatabase { try $0.limitCache() }
        own = try DatabaseQueue(path: path, configuration: configuration)
        self.pool = pool
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            sqlite3_wal_hook(
                database.sqliteConnection,
                { context, _, _, pages in
                    context.map { Unmanaged<Checkpoints>.fromOpaque($0).takeUnretainedValue().logHas(Int(pages)) }
                    return SQLITE_OK
                }, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    /// Ends what runs; the pool must be open still.
    func close() throws {
        pool.writeWithoutTransaction { _ = sqlite3_wal_hook($0.sqliteConnection, nil, nil) }
        try own.close()
    }

    /// Hears from each commit how many pages the log has.
    private func logHas(_ pages: Int) {
        let isDue = state.withLock { state in
            if pages < Self.pages { state.threshold = Self.pages }
            guard pages >= state.threshold, !state.isRunning else { return false }
            state.isRunning = true
            state.threshold = pages + Self.step
            return true
        }
        if isDue { begin() }
    }

    /// One round; where it fails, as on a full disk, the log goes on growing and the next one tries again.
    private func begin() {
        own.asyncWriteWithoutTransaction { [self] database in
            _ = try? database.checkpoint(.passive)
            pool.asyncWriteWithoutTransaction { [self] database in
                _ = try? database.checkpoint(.passive)
                state.withLock { $0.isRunning = false }
            }
        }
    }
}
