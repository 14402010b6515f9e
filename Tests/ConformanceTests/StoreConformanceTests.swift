import FoundationEssentials
import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

/// The storage drivers, each held against the one suite.
@Suite("A store keeps the promises of its ports")
struct StoreConformanceTests {
    /// The drivers; a new one is one line.
    enum Driver: String, CaseIterable { case sqlite, sqliteRelaxed }

    private func suite(_ driver: Driver) throws -> StoreConformance {
        let folder = FileManager.default.temporaryDirectory.path + "/petrel-store-\(UUID().uuidString)"
        return StoreConformance { owner in
            try SQLiteStorage(
                .init(folder: folder, isRelaxed: driver == .sqliteRelaxed, owner: owner), digest: PlainDigest())
        }
    }

    typealias Check = @Sendable (StoreConformance) async throws -> Void

    static let checks: [(String, Check)] = [
        ("a message is accepted once and settled once", { try await $0.acceptsOnce() }),
        ("only the first decision on a message is kept", { try await $0.settlesOnce() }),
        ("an unknown message can't be settled", { try await $0.settlesKnownMessagesOnly() }),
        ("only settled messages are forgotten", { try await $0.forgetsOnlySettledMessages() }),
        ("execution, ack, audit and message are one", { try await $0.submitsWithAckAndSettlesTheMessage() }),
        ("the oldest is claimed first, once", { try await $0.claimsOldestFirstAndOnce() }),
        ("two claimers never get the same", { try await $0.twoClaimersNeverGetTheSame() }),
        ("only the claimed attempt completes", { try await $0.completesOnlyTheClaimedAttempt() }),
        ("a late completion changes nothing", { try await $0.lateCompletionAfterARescueChangesNothing() }),
        ("a claim is adopted from its owner only", { try await $0.adoptsFromTheNamedOwnerOnly() }),
        ("what waits is canceled at once", { try await $0.cancelsWhatWaits() }),
        ("the wish to cancel wins over the outcome", { try await $0.cancelingWinsOverTheOutcome() }),
        ("large results come back whole", { try await $0.keepsLargeResults() }),
        ("listings filter, sort and page", { try await $0.listsAsAsked() }),
        ("a reply is owed once", { try await $0.owesEachReplyOnce() }),
        ("order holds within a conversation", { try await $0.keepsOrderWithinAConversation() }),
        ("posts of an earlier process are doubtful", { try await $0.postsOfAnEarlierProcessAreDoubtful() }),
        ("content keeps its ids", { try await $0.keepsContentAndItsIDs() }),
        ("one person claims the administrator's role", { try await $0.onlyOneAdministratorCanClaim() }),
        ("a room remembers each line once", { try await $0.roomsRememberEachLineOnce() }),
        ("everything survives reopening", { try await $0.everythingSurvivesReopening() }),
        ("three hundred at once all arrive", { try await $0.manyAtOnceAllArrive() }),
    ]

    @Test("every sentence of the ports holds", arguments: Driver.allCases, checks.indices.map { $0 })
    func holds(_ driver: Driver, _ index: Int) async throws {
        try await Self.checks[index].1(try suite(driver))
    }
}

/// What is particular to the SQLite driver.
@Suite("The SQLite store")
struct SQLiteStoreTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/petrel-sqlite-\(UUID().uuidString)"

    private func open() throws(StoreError) -> SQLiteStorage {
        try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
    }

    @Test("a database from a newer version is refused and left as it was")
    func newerSchema() async throws {
        try open().close()
        let path = folder + "/petrel.db"
        try SQLiteShell.run("INSERT INTO grdb_migrations VALUES ('99 the future')", on: path)
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.code == .newerSchema)
        #expect(error?.hint?.contains("not changed") == true)
        #expect(try SQLiteShell.migrations(path).last == "99 the future")
    }

    @Test("what is kept can be read by its owner alone")
    func rights() throws {
        let store = try open()
        defer { try? store.close() }
        for name in ["petrel.db", "petrel.db-wal", "petrel.db-shm"] {
            let rights = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.posixPermissions]
            #expect(rights as? Int == 0o600, "\(name)")
        }
    }

    @Test("a file that is no database is called damaged")
    func damaged() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try String(repeating: "not a database ", count: 1000)
            .write(toFile: folder + "/petrel.db", atomically: false, encoding: .utf8)
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.code == .damaged)
    }

    @Test("a flush takes what was only written before along, and groups share one")
    func flushesAreShared() async throws {
        let store = try open()
        let before = store.statistics
        await withTaskGroup(of: Void.self) { group in
            for number in 1...200 {
                group.addTask { _ = try? await store.submit(SubmittedExecution(execution: Samples.execution(number))) }
            }
        }
        let after = store.statistics
        #expect(after.transactions - before.transactions == 200)
        #expect(after.flushes - before.flushes < 200)
        _ = try await store.accept(Samples.message("x"), at: Instant(microseconds: 1))
        #expect(store.statistics.flushes == after.flushes, "a message alone is not flushed")
    }
}
