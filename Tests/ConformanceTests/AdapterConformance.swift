import FoundationEssentials
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

/// What every chat adapter must do: the sentences of PetrelCore/Ports/ChatAdapter.swift, one check each.
struct AdapterConformance {
    let adapter: any ChatAdapter

    private func post(_ id: String, text: String = "hello") -> OutboundPost {
        Samples.post(id, to: Samples.message("x", adapter: adapter.name), text: text)
    }

    func deliversAndFinds() async {
        let post = post("1")
        #expect(await adapter.find(post.id) == .absent)
        guard case .delivered(let id) = await adapter.send(post) else {
            Issue.record("the post was not delivered")
            return
        }
        #expect(!id.isEmpty)
        guard adapter.capabilities.findsDeliveries else { return }
        guard case .delivered = await adapter.find(post.id) else {
            Issue.record("the post was not found")
            return
        }
    }

    func takesTheLongestPost() async {
        let text = String(repeating: "x", count: adapter.capabilities.maxPostCharacters)
        guard case .delivered = await adapter.send(post("2", text: text)) else {
            Issue.record("a post of the longest length was not delivered")
            return
        }
    }

    func takesAnyText() async {
        for (index, text) in ["", "\u{1B}[31mred", "@channel", "``` open", "é😀\u{202E}", "\u{0}"].enumerated() {
            guard case .delivered = await adapter.send(post("a\(index)", text: text)) else {
                Issue.record("\(text.debugDescription) was not delivered")
                continue
            }
        }
    }

    func endsWhenCancelled() async {
        let running = Task { await adapter.run(receiver: Deaf()) }
        running.cancel()
        await running.value
    }

    /// Takes every message and forgets it.
    struct Deaf: InboundReceiver {
        func receive(_ message: InboundMessage) async throws(CoreError) {}
    }
}

@Suite("A chat adapter keeps the promises of its port", .timeLimit(.minutes(1)))
struct AdapterConformanceTests {
    /// The adapters; a new one is one line here and one in `suite`.
    enum Kind: String, CaseIterable { case fake, localRoom }

    private func suite(_ kind: Kind) throws -> AdapterConformance {
        switch kind {
        case .fake: return AdapterConformance(adapter: FakeAdapter())
        case .localRoom:
            return AdapterConformance(
                adapter: LocalRoom(name: "local", store: try store(), events: EventHub(), clock: ManualClock()))
        }
    }

    private func store() throws -> SQLiteStorage {
        let folder = FileManager.default.temporaryDirectory.path + "/petrel-adapter-\(UUID().uuidString)"
        return try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
    }

    @Test("a post is delivered once and found again by its id", arguments: Kind.allCases)
    func delivers(_ kind: Kind) async throws { try await suite(kind).deliversAndFinds() }

    @Test("a post of the longest declared length is taken", arguments: Kind.allCases)
    func longest(_ kind: Kind) async throws { try await suite(kind).takesTheLongestPost() }

    @Test("any text is taken", arguments: Kind.allCases)
    func anyText(_ kind: Kind) async throws { try await suite(kind).takesAnyText() }

    @Test("the connection ends with its task", arguments: Kind.allCases)
    func ends(_ kind: Kind) async throws { try await suite(kind).endsWhenCancelled() }

    @Test("sending the same post to the local room twice leaves one line")
    func onceInTheRoom() async throws {
        let store = try store()
        let room = LocalRoom(name: "local", store: store, events: EventHub(), clock: ManualClock())
        let post = Samples.post("1", to: Samples.message("x", channel: "r", adapter: "local"))
        _ = await room.send(post)
        _ = await room.send(post)
        #expect(try await store.roomPosts(room: "r", after: 0, limit: 9).count == 1)
    }

    @Test("what was said and not handed on before a stop is handed on at the next start")
    func history() async throws {
        let store = try store()
        let clock = ManualClock()
        _ = try await store.append(RoomPost(room: "r", key: "k1", author: "ann", text: "date", at: clock.now))
        let old = RoomPost(room: "r", key: "k0", author: "ann", text: "old", at: clock.now - .seconds(3600))
        _ = try await store.append(old)
        let room = LocalRoom(name: "local", store: store, events: EventHub(), clock: clock)
        let heard = AsyncStream<String>.makeStream()
        let running = Task { await room.run(receiver: Recorder(feed: heard.continuation)) }
        var iterator = heard.stream.makeAsyncIterator()
        #expect(await iterator.next() == "date")
        running.cancel()
    }

    struct Recorder: InboundReceiver {
        let feed: AsyncStream<String>.Continuation
        func receive(_ message: InboundMessage) async throws(CoreError) { feed.yield(message.text) }
    }
}
