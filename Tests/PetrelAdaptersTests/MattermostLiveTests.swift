import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelAdapters

@Suite("Mattermost, at its fake", .timeLimit(.minutes(3)), .serialized)
struct MattermostLiveTests {
    @Test("a message comes with its sender, its channel and its thread")
    func receives() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        let root = try await fixture.fake.control("message", ["text": "!date", "user": "user3"])
        let message = try #require(await fixture.receiver.message("!date"))
        #expect(message.sender.name == "user3" && MattermostDirectory.isID(message.sender.id))
        #expect(message.channelName == "town-square" && !message.isDirect && !message.isAddressed)
        #expect(message.platformID == root["post_id"]?.string && message.conversation.thread == nil)
        try await fixture.fake.control("message", ["text": "!more", "root_id": root["post_id"] ?? ""])
        #expect(await fixture.receiver.message("!more")?.conversation.thread == message.platformID)
        try await fixture.fake.control("mention", ["text": "help me"])
        #expect(await fixture.receiver.message("help me")?.isAddressed == true)
        try await fixture.fake.control("dm", ["text": "date"])
        let direct = try #require(await fixture.receiver.message("date"))
        #expect(direct.isDirect && direct.isAddressed && direct.channelName == nil)
    }

    @Test("own posts, bots, webhooks, joins, edits and doubled events are left out")
    func leftOut() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        #expect(await fixture.deliver(fixture.post("mine", to: message)) != nil)
        try await fixture.fake.control("message", ["text": "a bot", "props": ["from_bot": "true"]])
        try await fixture.fake.control("message", ["text": "a hook", "props": ["from_webhook": "true"]])
        try await fixture.fake.control("message", ["text": "joined", "type": "system_join_channel"])
        try await fixture.fake.control("message", ["text": ""])
        for data: ValueObject in [[:], ["post": "{"], ["post": "7"], ["post": "{\"id\":1}"], ["post": .integer(1)]] {
            try await fixture.fake.control("event", ["event": "posted", "data": .object(data)])
        }
        try await fixture.fake.control("ws_next", ["kind": "duplicate", "copies": 4])
        try await fixture.fake.control("message", ["text": "!last"])
        _ = try #require(await fixture.receiver.message("!last"))
        #expect(fixture.receiver.received.map(\.text) == ["!x", "!last"])
    }

    @Test("posts, threads, direct and ephemeral posts, changes and files go where they belong")
    func posts() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        let ack = fixture.post("Running", to: message)
        let id = try #require(await fixture.deliver(ack))
        let changed = fixture.post("Done @all", to: message) { $0.replaces = EarlierPost(id: ack.id, platformID: id) }
        #expect(await fixture.deliver(changed) == id)
        let found = fixture.post("Done again", to: message) { $0.replaces = EarlierPost(id: changed.id) }
        #expect(await fixture.deliver(found) == id)
        #expect(await fixture.deliver(fixture.post("below", to: message) { $0.placement = .thread }) != nil)
        #expect(await fixture.deliver(fixture.post("direct", to: message) { $0.placement = .direct }) != nil)
        #expect(await fixture.deliver(fixture.post("hush", to: message) { $0.isEphemeral = true }) != nil)
        let file = PostFile(name: "a \"b\".txt", bytes: Array("content".utf8))
        #expect(await fixture.deliver(fixture.post("", to: message) { $0.file = file }) != nil)
        let posts = try await fixture.fake.posts()
        #expect(
            posts.map { $0["kind"]?.string }
                == ["message", "update", "update", "message", "message", "ephemeral", "message"])
        #expect(posts[1]["text"]?.string == "Done @\u{200B}all")
        #expect(posts[3]["thread"]?.string == message.platformID)
        #expect(posts[4]["channel"]?.string != message.conversation.channel)
        #expect(posts[5]["user"]?.string == message.sender.id)
        #expect(posts[6]["file_ids"]?.array?.count == 1)
    }

    @Test("a post below a root that is gone stands in the channel")
    func goneRoot() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!x"])
        var message = try #require(await fixture.receiver.message("!x"))
        message.conversation.thread = String(repeating: "a", count: 26)
        #expect(await fixture.deliver(fixture.post("here", to: message)) != nil)
        #expect(try await fixture.fake.posts().last?["thread"]?.string == nil)
    }

    @Test("sends in doubt, every third one, are not doubled and not lost, also without the server's own memory of them")
    func doubts() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        try await fixture.fake.control(
            "faults", ["method": "POST /posts", "kind": "reset_after", "times": -1, "probability": 0.3])
        for number in 0..<60 {
            let isBelow = number.isMultiple(of: 2)
            let post = fixture.post("post \(number)", to: message) { $0.placement = isBelow ? .thread : .inPlace }
            #expect(await fixture.deliver(post) != nil)
        }
        let long = fixture.post((0..<5000).map { "line \($0)" }.joined(separator: "\n"), to: message)
        #expect(await fixture.deliver(long) != nil)
        let texts = try await fixture.fake.posts().compactMap { $0["text"]?.string }
        for number in 0..<60 { #expect(texts.filter { $0 == "post \(number)" }.count == 1) }
        // 48,890 characters: the beginning, and a file.
        #expect(texts.count >= 62 && texts.count <= 64)
    }

    @Test("the server's limit, told as text, is obeyed")
    func limits() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        try await fixture.fake.control("faults", ["method": "POST /posts", "kind": "ratelimited", "retry_after": 1])
        guard case .retry(let pause, _) = await fixture.adapter.send(fixture.post("a", to: message)) else {
            Issue.record("a 429 is no retry")
            return
        }
        #expect(pause == .seconds(1))
        let begun = ContinuousClock.now
        #expect(await fixture.deliver(fixture.post("b", to: message)) != nil)
        #expect(ContinuousClock.now - begun > .milliseconds(900))
    }

    @Test("with a limit of ten a second nothing is refused")
    func paced() async throws {
        let fixture = try await AdapterFixture(
            .mattermost, arguments: ["--rate-limit", "10", "--rate-burst", "100"], isPaced: true)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        for number in 0..<75 { #expect(await fixture.deliver(fixture.post("\(number)", to: message)) != nil) }
        let log = try await fixture.fake.log("POST /posts")
        #expect(!log.contains { $0["status"]?.integer == 429 })
    }

    @Test("a channel that the bot has left refuses its posts")
    func notThere() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!x"])
        var message = try #require(await fixture.receiver.message("!x"))
        let channels = try await fixture.fake.control("channels", method: "GET")["channels"]?.array ?? []
        let left = try #require(channels.first { $0["name"]?.string == "notin" }?["id"]?.string)
        message.conversation.channel = left
        guard case .refused = await fixture.adapter.send(fixture.post("a", to: message)) else {
            Issue.record("it was not refused")
            return
        }
    }

    @Test("a server that forgot the connection is asked for what was missed; so is one whose numbers have a gap")
    func resyncs() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!one"])
        _ = try #require(await fixture.receiver.message("!one"))
        try await fixture.fake.control("ws", ["action": "forget"])
        try await fixture.fake.control("message", ["text": "!two"])
        #expect(await fixture.receiver.message("!two") != nil)
        try await fixture.fake.control("ws_next", ["kind": "gap", "by": 3])
        try await fixture.fake.control("message", ["text": "!three"])
        try await fixture.fake.control("message", ["text": "!four"])
        #expect(await fixture.receiver.message("!four") != nil)
        #expect(fixture.receiver.texts.sorted() == ["!four", "!one", "!three", "!two"])
    }

    @Test("what was said while nobody listened is handed on at the next start")
    func absence() async throws {
        let fake = try await ChatFake(.mattermost)
        let first = try await AdapterFixture(.mattermost, fake: fake)
        await first.stop()
        for number in 0..<20 {
            let channel: Value = .string("chan\(number % 4)")
            try await fake.control("message", ["text": .string("!missed \(number)"), "channel": channel])
        }
        try await fake.control("dm", ["text": "direct"])
        let second = try await AdapterFixture(.mattermost, fake: fake, lastMessageAt: SystemClock().now)
        for number in 0..<20 {
            let message = try #require(await second.receiver.message("!missed \(number)"))
            #expect(message.channelName == "chan\(number % 4)" && message.sender.name == "user0")
        }
        #expect(await second.receiver.message("direct")?.isDirect == true)
        #expect(Set(second.receiver.texts).count == 21)
        #expect(second.receiver.texts.first == "direct" || second.receiver.texts.contains("direct"))
    }

    @Test("a revoked token is reported and tried again once a minute")
    func revoked() async throws {
        let fixture = try await AdapterFixture(.mattermost, clock: HurriedClock(factor: 60))
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        try await fixture.fake.control("revoke")
        guard case .retry(.seconds(60), _) = await fixture.adapter.send(fixture.post("a", to: message)) else {
            Issue.record("a revoked token is no retry after a minute")
            return
        }
        #expect(await comesToHold { fixture.adapter.health.state == .refused }, "\(fixture.adapter.health)")
        try await fixture.fake.control("reset")
        #expect(await comesToHold { fixture.adapter.health.state == .connected }, "\(fixture.adapter.health)")
    }

    @Test("without callbacks choices are reactions, and one of them says its text")
    func reactions() async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("message", ["text": "!deploy"])
        let message = try #require(await fixture.receiver.message("!deploy"))
        let choices = [PostChoice(label: "to staging", text: "deploy staging"), PostChoice(label: "@all", text: "no")]
        let id = try #require(await fixture.deliver(fixture.post("Which?", to: message) { $0.choices = choices }))
        #expect(
            try await fixture.fake.posts().last?["text"]?.string
                == "Which?\n:one: to staging\n:two: @\u{200B}all")
        try await fixture.fake.control("reaction", ["post_id": .string(id), "name": "tada"])
        try await fixture.fake.control("reaction", ["post_id": .string(id), "name": "three"])
        try await fixture.fake.control("reaction", ["post_id": .string(message.platformID), "name": "one"])
        try await fixture.fake.control("reaction", ["post_id": .string(id), "name": "one", "user": "user7"])
        let chosen = try #require(await fixture.receiver.message("deploy staging"))
        #expect(chosen.kind == .choice && chosen.platformID == id && chosen.sender.name == "user7")
        #expect(fixture.receiver.texts == ["!deploy", "deploy staging"])
    }

    @Test(
        "garbage is left out or ends the connection, which comes back",
        arguments: [
            "opcode", "rsv", "masked", "utf8", "length", "control_fragment", "truncated", "json", "json_array", "empty",
            "unknown_type", "binary", "fragmented",
        ])
    func garbage(_ kind: String) async throws {
        let fixture = try await AdapterFixture(.mattermost)
        try await fixture.fake.control("ws", ["action": "malformed", "kind": .string(kind)])
        if kind == "truncated" { try await fixture.fake.control("ws", ["action": "drop"]) }
        try await fixture.fake.control("message", ["text": "!after"])
        if kind == "length" {
            // A frame of impossible length swallows what follows; the first 16 KiB of it give it away.
            let text = String(repeating: "pad ", count: 5000)
            try await fixture.fake.control("message", ["text": .string(text)])
        }
        #expect(await fixture.receiver.message("!after") != nil)
    }
}
