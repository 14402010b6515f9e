import FoundationEssentials
import Glibc
import PetrelCore
import PetrelStore
import PetrelTestKit
import Synchronization
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
        ("a line that was decided on is not left to the next process", { try await $0.decidedLinesAreNotLeftOver() }),
        ("what is undecided is left to the next process", { try await $0.leavesWhatIsUndecidedToTheNext() }),
        ("only settled messages are forgotten", { try await $0.forgetsOnlySettledMessages() }),
        ("execution, ack, audit and message are one", { try await $0.submitsWithAckAndSettlesTheMessage() }),
        ("what ends at once is stored with its end", { try await $0.storesWhatEndsAtOnce() }),
        ("the oldest is claimed first, once", { try await $0.claimsOldestFirstAndOnce() }),
        ("two claimers never get the same", { try await $0.twoClaimersNeverGetTheSame() }),
        ("only the claimed attempt completes", { try await $0.completesOnlyTheClaimedAttempt() }),
        ("a late completion changes nothing", { try await $0.lateCompletionAfterARescueChangesNothing() }),
        ("a claim is adopted from its owner only", { try await $0.adoptsFromTheNamedOwnerOnly() }),
        ("what waits is canceled at once", { try await $0.cancelsWhatWaits() }),
        ("the wish to cancel wins over the outcome", { try await $0.cancelingWinsOverTheOutcome() }),
        ("large results come back whole", { try await $0.keepsLargeResults() }),
        ("listings filter, sort and page", { try await $0.listsAsAsked() }),
        ("children are found level by level", { try await $0.findsChildren() }),
        ("old executions are forgotten with what belongs to them", { try await $0.forgetsOldExecutions() }),
        ("a delayed execution waits for its time", { try await $0.holdsBackDelayed() }),
        ("tokens come and go", { try await $0.keepsTokens() }),
        ("API keys are made, changed and removed once", { try await $0.keepsAPIKeys() }),
        ("keys are set, compared, counted and removed", { try await $0.keepsKeys() }),
        ("a key's change is stored with what is told of it", { try await $0.tellsOfKeysWithTheirChange() }),
        ("a lease has one owner until it ends", { try await $0.leasesToOneOwner() }),
        ("a name is given once, and a watch moves on from where it was", { try await $0.givesNamesOnce() }),
        ("keys end, and scopes are apart", { try await $0.endsKeys() }),
        ("policy records take each other's place", { try await $0.keepsPolicies() }),
        ("no more are claimed than policies let", { try await $0.claimsNoMoreThanPoliciesLet() }),
        ("what policies cancel is canceled", { try await $0.cancelsWhatFindsNoPlace() }),
        ("a retry is stored with the end that asks for it", { try await $0.storesRetriesWithTheEnd() }),
        ("the audit trail is a whole chain, shortened too", { try await $0.chainsTheAuditTrail() }),
        ("a workflow's step is stored once, whole, at its version", { try await $0.storesStepsOnce() }),
        ("what ended is owed to its workflow until it was heard", { try await $0.owesNewsToWorkflows() }),
        ("a wish is heard once, and no step passes it by", { try await $0.keepsWishes() }),
        ("a cancel reaches what has not begun below", { try await $0.cascadesCancels() }),
        ("an inquiry is answered or ends, once", { try await $0.endsInquiriesOnce() }),
        ("a reply is owed once", { try await $0.owesEachReplyOnce() }),
        ("order holds within a conversation", { try await $0.keepsOrderWithinAConversation() }),
        ("posts of an earlier process are doubtful", { try await $0.postsOfAnEarlierProcessAreDoubtful() }),
        ("posts are told as they are committed", { try await $0.tellsOfCommittedPosts() }),
        ("a reply is committed with its end", { try await $0.aReplyIsCommittedWithItsEnd() }),
        ("a post keeps how it is to be shown", { try await $0.keepsHowAPostIsShown() }),
        ("a post learns the platform's id of the one it replaces", { try await $0.fillsInWhatIsReplaced() }),
        ("a callback is forgotten when nothing more is posted to it", { try await $0.forgetsCallbacks() }),
        ("a thread is known by the command or the post it hangs below", { try await $0.findsTheExecutionOfAThread() }),
        ("a question is answered once, by the one who was asked", { try await $0.takesAQuestionOnce() }),
        ("content keeps its ids", { try await $0.keepsContentAndItsIDs() }),
        ("one person claims the administrator's role", { try await $0.onlyOneAdministratorCanClaim() }),
        ("a room remembers each line once", { try await $0.roomsRememberEachLineOnce() }),
        ("a line that delivers a post records that", { try await $0.aLineThatDeliversAPostRecordsThat() }),
        ("posts to rooms that it keeps are lines of them", { try await $0.postsToRoomsThatItKeepsAreLines() }),
        ("an event is handled once", { try await $0.handlesInstancesOnce() }),
        ("a timer fires each time once", { try await $0.firesTimersOnce() }),
        ("an end is owed to those who wait, once", { try await $0.owesEndsOnce() }),
        ("events are listed and forgotten", { try await $0.listsAndForgetsEvents() }),
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

    private static let edits = [
        "UPDATE audit SET detail = '{}' WHERE sequence = 3", "UPDATE audit SET user = 'eve' WHERE sequence = 1",
        "UPDATE audit SET decision = 'allowed' WHERE sequence = 10", "UPDATE audit SET at = at + 1 WHERE sequence = 5",
        "UPDATE audit SET subject = 'x' WHERE sequence = 5", "UPDATE audit SET kind = 'cancel' WHERE sequence = 5",
        "DELETE FROM audit WHERE sequence = 1", "DELETE FROM audit WHERE sequence = 5",
        "DELETE FROM audit WHERE sequence = 10", "DELETE FROM audit WHERE sequence > 3", "DELETE FROM audit",
        "UPDATE audit SET sequence = 11 WHERE sequence = 4", "UPDATE audit SET hash = '' WHERE sequence = 10",
        "UPDATE audit SET hash = (SELECT hash FROM audit WHERE sequence = 2) WHERE sequence = 3",
        "UPDATE audit SET hash = ''", "DELETE FROM audit_head", "UPDATE audit_head SET base = 'x'",
        "UPDATE audit_head SET mac = ''",
        "INSERT INTO audit SELECT 12, at, kind, user, subject, decision, detail, hash FROM audit WHERE sequence = 10",
        "INSERT INTO audit SELECT 0, at, kind, user, subject, decision, detail, '' FROM audit WHERE sequence = 1",
        """
        UPDATE audit SET user = 'ab', subject = 'c' || substr(subject, 2) WHERE sequence = 6
        """,
        "UPDATE audit SET sequence = -sequence; UPDATE audit SET sequence = sequence + 11",
    ]

    @Test("whoever edits the audit trail in the file is found out")
    func auditEdits() async throws {
        var undetected: [String] = []
        for (index, edit) in Self.edits.enumerated() {
            let folder = folder + "-\(index)"
            let store = try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
            for number in 1...10 {
                try await store.record([
                    AuditRecord(
                        at: Instant(microseconds: Int64(number)), kind: .service, user: "a", subject: "bc\(number)",
                        decision: "started", detail: ["n": .integer(number)])
                ])
            }
            #expect(try await store.auditVerdict() == AuditVerdict(rows: 10, problem: nil))
            try store.close()
            try SQLiteShell.run(edit, on: folder + "/petrel.db")
            let again = try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
            if try await again.auditVerdict().problem == nil { undetected.append(edit) }
        }
        #expect(undetected.isEmpty, "\(undetected)")
        print("audit-edits ways=\(Self.edits.count) undetected=\(undetected.count)")
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
        let begun = Tally()
        store.keepRooms(
            of: "fake",
            said: { message in
                for _ in 0..<3000 where begun.count.load(ordering: .relaxed) < 200 { usleep(10_000) }
                return RoomPost(room: "r", key: "first", author: "ann", text: "x", at: message.sentAt)
            }, posted: { RoomPost(room: "r", key: $0.id.text, author: "b", text: "x", at: Instant(microseconds: 1)) },
            told: { _ in })
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Holds the writer until the others have come, or a machine that is busy has had its time.
                let first = Samples.message("x", event: "first")
                _ = try? await store.settle(first, posts: [], audit: [], at: first.sentAt)
            }
            for number in 1...200 {
                group.addTask {
                    begun.count.add(1, ordering: .relaxed)
                    _ = try? await store.submit(SubmittedExecution(execution: Samples.execution(number)))
                }
            }
        }
        let after = store.statistics
        #expect(after.transactions - before.transactions == 201)
        #expect(after.flushes - before.flushes < 200)
        _ = try await store.accept(Samples.message("x"), at: Instant(microseconds: 1))
        #expect(store.statistics.flushes == after.flushes, "a message alone is not flushed")
    }

    @Test("the log is folded into the file beside the commits, and begins anew")
    func foldsItsLog() async throws {
        let store = try open()
        defer {
            try? store.close()
            try? FileManager.default.removeItem(atPath: folder)
        }
        func megabytes(_ name: String) -> Int {
            let size = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.size] as? Int
            return (size ?? 0) >> 20
        }
        let text = String(repeating: "x", count: 50_000)
        for number in 0..<2000 {
            let message = Samples.message(text, event: "k\(number)", channel: "r")
            _ = try await store.settle(message, posts: [], audit: [], at: message.sentAt)
        }
        #expect(megabytes("petrel.db") + megabytes("petrel.db-wal") > 90)
        #expect(megabytes("petrel.db-wal") < 70, "what is in the file is written over")
        #expect(try await store.accept(Samples.message(text, event: "k1999"), at: Instant(microseconds: 1)) == .settled)
    }
}

/// Counts what many tasks do.
private final class Tally: Sendable {
    let count = Atomic<Int>(0)
}
