import CLogWrites
import FoundationEssentials
import GRDB
import Glibc
public import PetrelCore
import Synchronization

/// The storage ports on one SQLite file, which one process holds alone.
///
/// The caller holds the data folder's lock before opening and for as long as the storage lives.
public final class SQLiteStorage: Storage {
    /// How a storage is opened.
    public struct Options: Sendable {
        /// The data folder; the database is `petrel.db` in it, what is not decided yet `inbox.journal`, large results are
        /// below `results/`.
        public var folder: String
        /// Whether commits may be lost with the machine (never with the process).
        public var isRelaxed: Bool
        /// The id of this service instance: posts queued by another one are doubtful.
        public var owner: String
        /// Results over this many bytes of JSON are kept as files.
        public var maxInlineResultBytes: Int
        /// The key of the audit trail's chain: whoever has only the database can't forge a row.
        public var auditKey: Secret<[UInt8]>

        /// Options for a folder.
        public init(
            folder: String, isRelaxed: Bool = false, owner: String, maxInlineResultBytes: Int = 64 << 10,
            auditKey: Secret<[UInt8]> = Secret([])
        ) {
            self.folder = folder
            self.isRelaxed = isRelaxed
            self.owner = owner
            self.maxInlineResultBytes = maxInlineResultBytes
            self.auditKey = auditKey
        }
    }

    let options: Options
    let pool: DatabasePool
    private let rowReaders: RowReaders
    private let checkpoints: Checkpoints
    let queue: CommitQueue
    let outgoing: OutgoingPosts
    let journal: InboxJournal
    let settled = SettledKeys()
    /// Who the people of the chats are; nil until it is asked for, and after a change.
    let mappings = Mutex<[PersonKey: IdentityMapping]?>(nil)
    let digest: any Digest
    let results: ResultFiles

    /// Opens the folder's database, brings its tables up to date and checks it.
    /// - Throws: ``StoreError``: an unwritable folder, a newer schema, a damaged file; nothing was changed then.
    public init(_ options: Options, digest: any Digest) throws(StoreError) {
        self.options = options
        self.digest = digest
        outgoing = OutgoingPosts(owner: options.owner)
        let path = options.folder + "/petrel.db"
        do {
            try FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
        } catch {
            throw StoreError(
                .unwritableFolder, "the data folder \(options.folder) can't be made: \(error)",
                hint: "Choose another with --data-dir or the setting data_dir", underlying: error)
        }
        makePrivate(path)
        do {
            pool = try Self.openPool(path, auditMAC: auditFunction(key: options.auditKey, digest: digest))
            rowReaders = try RowReaders(path: path)
            checkpoints = try Checkpoints(path: path, pool: pool)
            queue = CommitQueue(
                pool: pool, checkpoints: checkpoints, isRelaxed: options.isRelaxed, posts: outgoing)
            results = ResultFiles(folder: options.folder + "/results", isFlushed: !options.isRelaxed)
            journal = try InboxJournal(path: "\(options.folder)/\(InboxJournal.name)")
            try storeUndecided(journal.left(), in: pool)
            try journal.clear()
            pool.asyncRead { [settled] database in try? settled.load(database.get()) }
        } catch let error as StoreError {
            throw error
        } catch let error as CoreError {
            throw StoreError(.unwritableFolder, error.message, hint: error.hint, underlying: error)
        } catch {
            throw openFailure(error, path: path)
        }
    }

    /// Closes the database; the log is folded into the file.
    public func close() throws(StoreError) {
        do {
            try rowReaders.close()
            try checkpoints.close()
            try pool.close()
        } catch {
            throw StoreError(.unusable, "the database did not close: \(error)", underlying: error)
        }
    }

    /// Commits made and flushes asked for so far.
    public var statistics: CommitStatistics { queue.statistics }

    /// Whether a new commit would succeed; after one that failed, whether one would that is larger than a command's: less may
    /// find a place on a full disk.
    public func writability() async -> StoreHealth {
        let hadFailed = queue.hasFailed
        let beat = hadFailed ? "zeroblob(262144)" : "random()"
        do throws(CoreError) {
            try await queue.commit(.written) { try $0.execute(sql: "REPLACE INTO heartbeat VALUES (1, \(beat))") }
            if hadFailed { queue.hasFailed = false }
            return .writable
        } catch {
            return .unwritable(reason: error.message)
        }
    }

    /// Runs one statement that reads a few rows by an index, on the caller's thread: the way to another thread and back
    /// takes longer.
    ///
    /// No transaction is begun around it; a statement sees one state of the database all the same.
    func lookUp<Answer>(_ body: (Database) throws -> Answer) throws(CoreError) -> Answer {
        do { return try rowReaders.read(body) } catch { throw storeFailure(error) }
    }

    /// Like ``lookUp(_:)``, for statements that must see the same state of the database.
    func lookUpTogether<Answer>(_ body: (Database) throws -> Answer) throws(CoreError) -> Answer {
        try lookUp { database in
            try database.run("BEGIN")
            defer { try? database.run("COMMIT") }
            return try body(database)
        }
    }

    /// Runs a read that may take a while on a snapshot of the database, on a thread of the pool.
    func read<Answer: Sendable>(_ body: @escaping @Sendable (Database) throws -> Answer) async throws(CoreError)
        -> Answer
    {
        // Not GRDB's own asynchronous read: it gives way to the one that blocks, and there are few threads to block.
        let result: Result<Answer, CoreError> = await withCheckedContinuation { continuation in
            pool.asyncRead { database in
                do { continuation.resume(returning: .success(try body(database.get()))) } catch {
                    continuation.resume(returning: .failure(storeFailure(error)))
                }
            }
        }
        return try result.get()
    }

    /// A commit's pages are written in one go; where that can't be had, as SQLite writes them.
    private static let gathersLogWrites = petrel_gather_log_writes() == 0

    private static func openPool(_ path: String, auditMAC: DatabaseFunction) throws -> DatabasePool {
        _ = gathersLogWrites
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        // For listings that take a while; single rows have readers of their own.
        configuration.maximumReaderCount = 2
        configuration.label = "petrel.store"
        configuration.prepareDatabase { database in
            // Of a new database: a commit changes a few bytes on each of many pages, and the log takes them whole.
            try database.execute(sql: "PRAGMA page_size = 2048")
            try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
            try database.limitCache()
            database.add(function: auditMAC)
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.read { database in
            if try Schema.migrator.hasBeenSuperseded(database) {
                throw StoreError(
                    .newerSchema, "the database \(path) was written by a newer version of Petrel",
                    hint: "Start that version, or restore a backup from before the upgrade; the file was not changed")
            }
        }
        try pool.writeWithoutTransaction { database in
            // GRDB sets NORMAL when it turns WAL on; migrations must be flushed (docs/adr/0004).
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        try Schema.migrator.migrate(pool)
        try check(pool, path: path)
        return pool
    }

    /// SQLite's quick check; files over 256 MiB are left to `petrel doctor`, since it reads every page.
    private static func check(_ pool: DatabasePool, path: String) throws {
        try pool.read { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            guard pages <= 65_536 else { return }
            let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard verdict == "ok" else { throw damage(path, verdict) }
        }
    }
}

/// Makes the database file, if it is not there yet, for its owner alone; the log and its index take its rights over.
private func makePrivate(_ path: String) {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if file >= 0 { close(file) }
}

private func damage(_ path: String, _ what: String) -> StoreError {
    StoreError(
        .damaged, "the database \(path) is damaged: \(what)",
        hint: "Keep a copy of the file, then restore the last backup into the data folder")
}

private func openFailure(_ error: any Error, path: String) -> StoreError {
    guard let error = error as? DatabaseError else {
        return StoreError(.unusable, "the database \(path) can't be opened: \(error)", underlying: error)
    }
    switch error.resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: return damage(path, error.message ?? "not a database")
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
        return StoreError(
            .unwritableFolder, "the database \(path) can't be written: \(error.message ?? "no access")",
            hint: "Check the owner and the rights of the data folder", underlying: error)
    case .SQLITE_FULL:
        return StoreError(
            .unusable, "the disk of \(path) is full", hint: "Free some space and start again", underlying: error)
    default: return StoreError(.unusable, "the database \(path) can't be opened: \(error)", underlying: error)
    }
}
