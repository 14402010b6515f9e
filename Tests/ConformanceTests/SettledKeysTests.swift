import FoundationEssentials
import GRDB
import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelStore

/// What is known of messages without asking the database.
@Suite("The keys of settled messages")
struct SettledKeysTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/petrel-keys-\(UUID().uuidString)"
    private let at = Instant(microseconds: 1_700_000_000_000_000)

    private func key(_ number: Int) -> MessageKey { MessageKey(adapter: "fake", eventID: "e\(number)") }

    private func database(of count: Int) throws -> DatabaseQueue {
        let queue = try DatabaseQueue()
        try queue.write { database in
            try database.execute(sql: "CREATE TABLE message (adapter TEXT, event TEXT)")
            for number in 0..<count {
                try database.execute(sql: "INSERT INTO message VALUES ('fake', ?)", arguments: ["e\(number)"])
            }
        }
        return queue
    }

    @Test("the database is asked until all of its keys are known, then only for those")
    func isAskedAtFirst() throws {
        let keys = SettledKeys()
        keys.note(key(7))
        #expect(keys.mayHave(key(0)) && keys.mayHave(key(9)))
        try database(of: 3).read { try keys.load($0) }
        #expect(keys.mayHave(key(0)) && keys.mayHave(key(2)) && keys.mayHave(key(7)))
        #expect(!keys.mayHave(key(9)))
        keys.note(key(9))
        #expect(keys.mayHave(key(9)))
    }

    @Test("a database with too many is always asked", arguments: [(11, 0), (3, 20)])
    func givesUp(_ stored: Int, _ noted: Int) throws {
        let keys = SettledKeys(most: 10)
        try database(of: stored).read { try keys.load($0) }
        for number in 0..<noted { keys.note(key(100 + number)) }
        #expect(keys.mayHave(key(0)) && keys.mayHave(key(999)))
    }

    @Test("what an earlier service has settled is known to the next, before its keys are read and after")
    func outlivesTheService() async throws {
        let message = Samples.message("date", event: "e1")
        func open() throws -> SQLiteStorage {
            try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
        }
        let first = try open()
        #expect(try await first.accept(message, at: at) == .new)
        #expect(try await first.settle(message, posts: [], audit: [], at: at))
        #expect(try await first.accept(message, at: at) == .settled)
        try first.close()
        let second = try open()
        #expect(try await second.accept(message, at: at) == .settled)
        while second.settled.mayHave(key(2)) { await Task.yield() }
        #expect(try await second.accept(message, at: at) == .settled)
        #expect(try await second.accept(Samples.message("date", event: "e2"), at: at) == .new)
    }
}
