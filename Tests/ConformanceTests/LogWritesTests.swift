import FoundationEssentials
import GRDB
import PetrelStore
import PetrelTestKit
import Testing

/// What SQLite's log holds when its pieces are gathered (Sources/CLogWrites).
@Suite("Writes of the log in one go", .timeLimit(.minutes(2)))
struct LogWritesTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/petrel-log-\(UUID().uuidString)"
    private var path: String { folder + "/test.db" }

    /// A connection whose cache holds few pages, so that a long transaction is written to the log before its end.
    private func connection() throws -> DatabaseQueue {
        // A storage has the writes gathered of all that is opened after it.
        try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest()).close()
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA page_size = 2048; PRAGMA cache_size = 20; PRAGMA wal_autocheckpoint = 0")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        }
        try queue.write { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, text TEXT)") }
        return queue
    }

    private static func add(_ count: Int, _ text: String, to database: Database) throws {
        for _ in 0..<count {
            try database.execute(
                sql: "INSERT INTO row (text) VALUES (?)", arguments: [text + String(repeating: "x", count: 500)])
        }
    }

    private func lost(_ queue: DatabaseQueue) throws -> Int? {
        try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM row WHERE text LIKE 'lost%'") }
    }

    /// The rows that somebody finds who has only the files, as after a kill.
    private func rowsAfterKill() throws -> Int {
        let copy = folder + "/copy-\(UUID().uuidString).db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
        let queue = try DatabaseQueue(path: copy)
        return try queue.read { database in
            #expect(try String.fetchOne(database, sql: "PRAGMA integrity_check") == "ok")
            return try Int.fetchOne(database, sql: "SELECT count(*) FROM row") ?? -1
        }
    }

    @Test("a commit is whole in the files when it is told, whatever its length", arguments: [false, true])
    func commits(isFlushed: Bool) throws {
        let queue = try connection()
        if isFlushed { try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") } }
        var rows = 0
        for count in [1, 2, 10, 100, 1, 3000, 1, 40] {
            try queue.write { try Self.add(count, "a", to: $0) }
            rows += count
            #expect(try rowsAfterKill() == rows)
        }
    }

    @Test("what is taken back leaves no trace in what another writer commits then", arguments: [false, true])
    func takenBack(isAnew: Bool) throws {
        let (first, second) = (try connection(), try connection())
        var rows = 0
        for count in [1, 20, 60, 150, 400] {
            // With nothing in the log, nothing has to be read from it when a transaction is taken back.
            if isAnew { try first.writeWithoutTransaction { _ = try $0.checkpoint(.restart) } }
            try first.inDatabase { database in
                try database.execute(sql: "BEGIN IMMEDIATE")
                try Self.add(count, "lost", to: database)
                try database.execute(sql: "ROLLBACK")
            }
            try second.write { try Self.add(70, "kept", to: $0) }
            try first.write { try Self.add(5, "kept", to: $0) }
            rows += 75
            #expect(try rowsAfterKill() == rows)
            #expect(try lost(second) == 0)
        }
    }

    @Test("a part that is taken back of a long transaction leaves the rest whole")
    func savepoint() throws {
        let queue = try connection()
        try queue.write { try Self.add(200, "old", to: $0) }
        try queue.write { database in
            try Self.add(100, "kept", to: database)
            try database.execute(sql: "SAVEPOINT part")
            try Self.add(300, "lost", to: database)
            try database.execute(sql: "UPDATE row SET text = 'lost'")
            try database.execute(sql: "ROLLBACK TO part")
            // Pages that are in the log already are written there once more.
            try database.execute(sql: "UPDATE row SET text = 'new' || text")
            try Self.add(50, "kept", to: database)
        }
        #expect(try rowsAfterKill() == 350)
        #expect(try lost(queue) == 0)
    }

    @Test("the log begins anew after it was folded into the file")
    func checkpoints() throws {
        let queue = try connection()
        var rows = 0
        for round in 1...5 {
            for count in [1, 30, 200] {
                try queue.write { try Self.add(count, "a", to: $0) }
                rows += count
            }
            try queue.writeWithoutTransaction { database in
                _ = try database.checkpoint(round == 3 ? .truncate : .restart)
            }
            try queue.write { try Self.add(2, "a", to: $0) }
            rows += 2
            #expect(try rowsAfterKill() == rows)
        }
    }
}
