import FoundationEssentials
import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelStore

/// What a process that died leaves of the messages that it had in hand.
@Suite("The journal of the inbox")
struct InboxJournalTests {
    private let path = FileManager.default.temporaryDirectory.path + "/petrel-journal-\(UUID().uuidString)"
    private let at = Instant(microseconds: 1_700_000_000_000_000)

    private func message(_ number: Int, _ text: String = "date") -> InboundMessage {
        Samples.message(text, event: "e\(number)")
    }

    private func left() throws -> [InboundMessage] { try InboxJournal(path: path).left().map(\.message) }

    private func size() throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? -1
    }

    @Test("what is in hand is left, whole, with the time at which it came")
    func left() async throws {
        let journal = try InboxJournal(path: path)
        var message = message(1, "a\n\"b\" \u{1F426}\u{0}")
        message.callback = "https://chat.example.com/hook/1"
        message.conversation.thread = "t"
        try journal.take(message, at: at)
        #expect(journal.has(message.key) && journal.receivedAt(message.key) == at)
        let entry = try #require(try InboxJournal(path: path).left().first)
        #expect(entry.message == message && entry.receivedAt == at)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    @Test("the file begins anew when nothing is in hand, and old lines behind its end are not read")
    func beginsAnew() throws {
        let journal = try InboxJournal(path: path)
        for number in 1...9 { try journal.take(message(number, "a long text in the place of others"), at: at) }
        for number in 1...9 { journal.letGo(message(number).key) }
        try journal.take(message(10, "x"), at: at)
        #expect(try left() == [message(10, "x")])
        journal.letGo(message(10).key)
        #expect(try !journal.has(message(10).key) && left().isEmpty)
    }

    @Test("a file that is never without a message in hand stays short and loses none of them")
    func staysShort() throws {
        let journal = try InboxJournal(path: path, maxBytes: 20_000)
        try journal.take(message(0), at: at)
        var longest = 0
        for number in 1...2000 {
            try journal.take(message(number, String(repeating: "x", count: 100)), at: at)
            if !number.isMultiple(of: 100) { journal.letGo(message(number).key) }
            longest = max(longest, try size())
        }
        #expect(longest < 40_000)
        let inHand = stride(from: 0, through: 2000, by: 100).map { message($0).key }
        #expect(Set(try left().map(\.key)).isSuperset(of: inHand))
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    @Test("many messages in hand are not written again and again")
    func grows() throws {
        let journal = try InboxJournal(path: path, maxBytes: 2000)
        var (file, changes) = (0, 0)
        for number in 1...1000 {
            try journal.take(message(number), at: at)
            let now = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int ?? -1
            if now != file { (file, changes) = (now, changes + 1) }
        }
        #expect((2..<20).contains(changes))
        #expect(try Set(left().map(\.key)) == Set((1...1000).map { message($0).key }))
    }

    @Test("a line that was not written to its end is not a message, and hides none before it", arguments: 1...12)
    func torn(part: Int) throws {
        let journal = try InboxJournal(path: path)
        try journal.take(message(1), at: at)
        let whole = try size() - 1
        try journal.take(message(2), at: at)
        let bytes = Array(try #require(FileManager.default.contents(atPath: path)))
        try Data(bytes[..<(whole + (bytes.count - whole - 2) * part / 13)]).write(to: URL(filePath: path))
        #expect(try left() == [message(1)])
    }

    @Test(
        "what is no journal is no message",
        arguments: ["", "\n", "{}\n\n", "not json\n", "[1]\n{\"adapter\":1}\n\n", "\u{0}\u{0}"])
    func garbage(text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        #expect(try left().isEmpty)
    }

    @Test("what was in hand goes with the database when a backup takes its place")
    func restored() async throws {
        let options = SQLiteStorage.Options(folder: path, owner: "me")
        let store = try SQLiteStorage(options, digest: PlainDigest())
        _ = try Backup.write(folder: path, to: path + ".backup")
        // Decided on, as far as the new database can know, or not: it was said after the backup was made.
        _ = try await store.accept(message(1), at: at)
        try store.close()
        try Backup.stage(path + ".backup", for: path)
        #expect(try Backup.applyStaged(in: path))
        #expect(try await SQLiteStorage(options, digest: PlainDigest()).unsettled(limit: 9).isEmpty)
        #expect(FileManager.default.fileExists(atPath: path + "/before-restore/inbox.journal"))
    }

    @Test("a store whose journal can't be written is not opened, and says which file")
    func unwritable() throws {
        try FileManager.default.createDirectory(atPath: path + "/inbox.journal", withIntermediateDirectories: true)
        let error = #expect(throws: StoreError.self) {
            try SQLiteStorage(.init(folder: path, owner: "me"), digest: PlainDigest())
        }
        #expect(error?.message.contains("inbox.journal") == true)
    }
}
