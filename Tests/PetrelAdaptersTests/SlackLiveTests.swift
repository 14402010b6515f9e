import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelAdapters

@Suite("Slack, at its fake", .timeLimit(.minutes(3)), .serialized)
struct SlackLiveTests {
    private func unacked(_ fake: ChatFake) async throws -> Int {
        try await fake.control("envelopes", ["only": "unacked"])["envelopes"]?.array?.count ?? -1
    }

    @Test("a message is acknowledged after it was taken in, not before")
    func acknowledgesAfter() async throws {
        let fixture = try await AdapterFixture(.slack)
        fixture.receiver.hold()
        try await fixture.fake.control("message", ["text": "!date"])
        #expect(await comesToHold { fixture.receiver.heldCount == 1 })
        #expect(try await unacked(fixture.fake) == 1)
        fixture.receiver.letGo()
        #expect(try await comesToHold { try await unacked(fixture.fake) == 0 })
        let message = try #require(await fixture.receiver.message("!date"))
        #expect(message.sender.id == "U0USER0000" && message.sender.name == "user0")
        #expect(message.conversation == Conversation(adapter: "acme", channel: "C0GENERAL0"))
        #expect(message.channelName == "general" && !message.isAddressed && !message.isDirect)
    }

    @Test("a message that was not taken in is not acknowledged, and is taken in when Slack sends it again")
    func refusedMessages() async throws {
        let fixture = try await AdapterFixture(.slack, arguments: ["--retry-seconds", "0.3"])
        fixture.receiver.refuse(2)
        try await fixture.fake.control("message", ["text": "!date"])
        _ = try #require(await fixture.receiver.message("!date"))
        #expect(try await comesToHold { try await unacked(fixture.fake) == 0 })
        let envelopes = try await fixture.fake.control("envelopes")["envelopes"]?.array ?? []
        #expect(envelopes.first?["attempt"]?.integer == 2)
    }

    @Test("a mention that comes as two events is one message, and so is one that is delivered five times")
    func oneMessage() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("mention", ["text": "date"])
        try await fixture.fake.control("ws_next", ["kind": "duplicate", "copies": 4])
        try await fixture.fake.control("message", ["text": "!last"])
        _ = try #require(await fixture.receiver.message("!last"))
        #expect(try await comesToHold { try await unacked(fixture.fake) == 0 })
        #expect(fixture.receiver.texts == ["date", "!last"])
        #expect(fixture.receiver.messages.first?.isAddressed == true)
    }

    @Test("one message delivered one to five times over two sockets has one key")
    func twoSockets() async throws {
        let fake = try await ChatFake(.slack, arguments: ["--retry-seconds", "0.2", "--max-retries", "5"])
        let first = try await AdapterFixture(.slack, fake: fake)
        let second = try await AdapterFixture(.slack, fake: fake)
        #expect(try await fake.sockets().count == 2)
        let keyCount: @Sendable () -> Int = {
            Set((first.receiver.messages + second.receiver.messages).map(\.key)).count
        }
        for times in 1...5 {
            // Lost acknowledgements make Slack send again, over either socket.
            try await fake.control("ws", ["action": "deaf"])
            try await fake.control("message", ["text": .string("!run \(times)")])
            let receivers = [first.receiver, second.receiver]
            #expect(
                await comesToHold {
                    receivers.flatMap(\.messages).contains { $0.text == "!run \(times)" } && keyCount() == times
                })
            let count = times
            #expect(
                try await comesToHold {
                    let all = try await fake.control("envelopes")["envelopes"]?.array ?? []
                    return all.contains { ($0["deliveries"]?.array?.count ?? 0) >= count }
                })
            try await fake.control("ws", ["action": "heal"])
            #expect(try await comesToHold { try await unacked(fake) == 0 })
        }
        #expect(keyCount() == 5)
    }

    @Test("own messages, other bots, edits, joins and empty messages are left out, and acknowledged")
    func leftOut() async throws {
        let fixture = try await AdapterFixture(.slack)
        let base: ValueObject = [
            "type": "message", "channel": "C0GENERAL0", "user": "U0USER0001", "ts": "1700000000.000100",
        ]
        let events: [ValueObject] = [
            ["user": "U0FAKEBOT0", "text": "mine"],
            ["bot_id": "B0OTHER000", "text": "a bot", "subtype": "bot_message"],
            ["bot_id": "B0OTHER000", "text": "an app"],
            ["subtype": "message_changed", "message": ["text": "edited", "user": "U0USER0001", "ts": "1.000001"]],
            ["subtype": "message_deleted", "hidden": true], ["subtype": "channel_join", "text": "joined"],
            ["text": ""], ["text": .integer(7)], ["user": nil, "text": "nobody"], ["channel": nil, "text": "nowhere"],
            ["ts": "soon", "text": "no time"], ["type": "reaction_added"], ["type": "app_rate_limited"],
        ]
        for event in events {
            let merged = base.merging(event) { _, new in new }
            try await fixture.fake.control("event", ["event": .object(merged)])
        }
        try await fixture.fake.control("message", ["text": "!last", "subtype": "thread_broadcast"])
        _ = try #require(await fixture.receiver.message("!last"))
        #expect(try await comesToHold { try await unacked(fixture.fake) == 0 })
        #expect(fixture.receiver.texts == ["!last"])
    }

    @Test("markup is decoded and names are looked up once")
    func decodes() async throws {
        let fixture = try await AdapterFixture(.slack)
        for number in 0..<5 {
            let text = "!say \(number) <@U0USER0003> <#C0RANDOM00> &lt;a&gt; <http://x.org|x.org> “q”"
            try await fixture.fake.control("message", ["text": .string(text)])
            #expect(await fixture.receiver.message("!say \(number) @user3 #random <a> x.org “q”") != nil)
        }
        #expect(try await fixture.fake.calls("users.info") == 2)
        #expect(try await fixture.fake.calls("conversations.info") == 2)
    }

    @Test("a slash command is a message that is answered where it was given, also where the bot is no member")
    func slash() async throws {
        let fixture = try await AdapterFixture(.slack)
        let taken = try await fixture.fake.control("slash", ["text": "date now", "wait_ack": true])
        #expect(taken["ack_ms"]?.number ?? 9999 < 3000)
        let message = try #require(await fixture.receiver.message("date now"))
        #expect(message.kind == .slashCommand && message.isAddressed && message.callback != nil)
        #expect(await fixture.deliver(fixture.post("in the channel", to: message)) != nil)
        try await fixture.fake.control("slash", ["command": "/deploy", "text": "web", "channel": "C0NOTIN000"])
        let other = try #require(await fixture.receiver.message("deploy web"))
        #expect(await fixture.deliver(fixture.post("by the <way>", to: other)) != nil)
        #expect(await fixture.deliver(fixture.post("secret", to: other) { $0.isEphemeral = true }) != nil)
        let posts = try await fixture.fake.posts()
        #expect(posts.map { $0["method"]?.string } == ["chat.postMessage", "response_url", "response_url"])
        #expect(posts.map { $0["kind"]?.string } == ["message", "message", "ephemeral"])
        #expect(posts[1]["text"]?.string == "by the &lt;way&gt;")
    }

    @Test("choices are buttons, and a pressed one says its text")
    func buttons() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("message", ["text": "!deploy"])
        let message = try #require(await fixture.receiver.message("!deploy"))
        let choices = [
            PostChoice(label: "to staging", text: "deploy web to staging"),
            PostChoice(label: String(repeating: "long ", count: 40), text: "deploy <web> & more"),
        ]
        let post = fixture.post("Which?", to: message) { $0.choices = choices }
        let stamp = try #require(await fixture.deliver(post))
        let buttons = try await fixture.fake.posts().last?["blocks"]?.array?.last?["elements"]?.array ?? []
        #expect(buttons.count == 2)
        #expect(buttons.allSatisfy { ($0["text"]?["text"]?.string?.count ?? 99) <= 75 })
        try await fixture.fake.control(
            "interactive",
            [
                "message_ts": .string(stamp), "action_id": buttons[1]["action_id"] ?? "",
                "value": buttons[1]["value"] ?? "",
            ])
        let chosen = try #require(await fixture.receiver.message("deploy <web> & more"))
        #expect(chosen.kind == .choice && chosen.platformID == stamp && chosen.isAddressed)
        #expect(try await comesToHold { try await unacked(fixture.fake) == 0 })
        // A button of somebody else's making says nothing.
        try await fixture.fake.control("interactive", ["message_ts": .string(stamp), "action_id": "go", "value": "rm"])
        try await fixture.fake.control("message", ["text": "!last"])
        _ = try #require(await fixture.receiver.message("!last"))
        #expect(!fixture.receiver.texts.contains("rm"))
    }

    @Test("a changed post loses its buttons, and one that can't be changed is posted anew")
    func changes() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        let ack = fixture.post("Running", to: message) { $0.choices = [PostChoice(label: "Cancel", text: "cancel")] }
        let stamp = try #require(await fixture.deliver(ack))
        let result = fixture.post("Done", to: message) { $0.replaces = EarlierPost(id: ack.id, platformID: stamp) }
        #expect(await fixture.deliver(result) == stamp)
        // Without a record of the platform's id the earlier post is looked for.
        let ack2 = fixture.post("Running 2", to: message)
        let stamp2 = try #require(await fixture.deliver(ack2))
        let result2 = fixture.post("Done 2", to: message) { $0.replaces = EarlierPost(id: ack2.id) }
        #expect(await fixture.deliver(result2) == stamp2)
        let gone = fixture.post("Done 3", to: message) {
            $0.replaces = EarlierPost(id: ack2.id, platformID: "1600000000.000001")
        }
        #expect(await fixture.deliver(gone) != "1600000000.000001")
        let posts = try await fixture.fake.posts()
        #expect(posts.map { $0["kind"]?.string } == ["message", "update", "message", "update", "message"])
        #expect(posts[1]["blocks"]?.array?.isEmpty == true)
    }

    @Test("a long text comes in parts, a longer one as a file, each once although every third send is in doubt")
    func longTexts() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        try await fixture.fake.control(
            "faults", ["method": "chat.postMessage", "kind": "reset_after", "times": -1, "probability": 0.3])
        try await fixture.fake.control(
            "faults", ["method": "files.completeUploadExternal", "kind": "reset_after", "times": 2])
        let rows = (0..<700).map { "row \($0) of it" }
        let parts = fixture.post("```\n" + rows.joined(separator: "\n") + "\n```", to: message) {
            $0.placement = .thread
        }
        let file = fixture.post((0..<4000).map { "line \($0)" }.joined(separator: "\n"), to: message)
        #expect(await fixture.deliver(parts) != nil)
        #expect(await fixture.deliver(file) != nil)
        let posts = try await fixture.fake.posts()
        let inThread = posts.filter { $0["thread"]?.string == message.platformID }
        #expect(inThread.count == 3)
        let text = inThread.compactMap { $0["text"]?.string }.joined(separator: "\n")
        #expect(text.split(separator: "\n").filter { $0.hasPrefix("row") }.map(String.init) == rows)
        #expect(inThread.allSatisfy { ($0["text"]?.string?.utf16.count ?? 0) <= 3900 })
        let rest = posts.filter { $0["thread"]?.string == nil }
        #expect(rest.map { $0["kind"]?.string } == ["message", "file"])
        #expect(rest.last?["files"]?.array?.first?["size"]?.integer == file.text.utf8.count)
    }

    @Test("with Slack's real limits nothing is refused, and the order holds")
    func realLimits() async throws {
        let fixture = try await AdapterFixture(.slack, arguments: ["--rate-limits", "real"], isPaced: true)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        for number in 0..<8 { #expect(await fixture.deliver(fixture.post("post \(number)", to: message)) != nil) }
        let log = try await fixture.fake.log("chat.postMessage")
        #expect(!log.contains { $0["status"]?.integer == 429 })
        #expect(try await fixture.fake.posts().map { $0["text"]?.string } == (0..<8).map { "post \($0)" })
    }

    @Test("a 429 is obeyed for its channel, with and without pacing of our own")
    func tooManyRequests() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        try await fixture.fake.control(
            "faults", ["method": "chat.postMessage", "kind": "ratelimited", "retry_after": 1])
        guard case .retry(let pause, _) = await fixture.adapter.send(fixture.post("a", to: message)) else {
            Issue.record("a 429 is no retry")
            return
        }
        #expect(pause == .seconds(1))
        let begun = ContinuousClock.now
        #expect(await fixture.deliver(fixture.post("b", to: message)) != nil)
        #expect(ContinuousClock.now - begun > .milliseconds(900))
    }

    @Test("a page of a proxy, a broken answer and an inner error leave the send in doubt; the rest does not")
    func answers() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        let rows: [(ValueObject, String)] = [
            (["kind": "html"], "doubtful"), (["kind": "malformed_json"], "doubtful"),
            (["kind": "truncate"], "doubtful"),
            (["kind": "reset"], "doubtful"), (["kind": "error", "error": "internal_error"], "doubtful"),
            (["kind": "status", "status": 503], "doubtful"), (["kind": "error", "error": "is_archived"], "refused"),
            (["kind": "status", "status": 404], "refused"),
        ]
        for (fault, expected) in rows {
            try await fixture.fake.control(
                "faults", fault.merging(["method": "chat.postMessage"]) { first, _ in first })
            let delivery = await fixture.adapter.send(fixture.post("a", to: message))
            #expect("\(delivery)".hasPrefix(expected), "\(fault) gave \(delivery)")
        }
        fixture.fake.stop()
        let unreachable = await fixture.adapter.send(fixture.post("a", to: message))
        #expect("\(unreachable)".hasPrefix("retry"), "\(unreachable)")
    }

    @Test("what was said while nobody listened is handed on at the next start, also in threads and direct")
    func absence() async throws {
        let fake = try await ChatFake(.slack, arguments: ["--retry-seconds", "0"])
        let first = try await AdapterFixture(.slack, fake: fake)
        let root = try await fake.control("message", ["text": "!before", "channel": "C0CHAN0001"])
        _ = try #require(await first.receiver.message("!before"))
        await first.stop()
        #expect(try await comesToHold { try await fake.sockets().isEmpty })
        for number in 0..<20 {
            // Slack's queue does not hold these: they are in the history alone.
            try await fake.control("ws_next", ["kind": "lose"])
            let channel = "C0CHAN000\(number % 4)"
            try await fake.control("message", ["text": .string("!missed \(number)"), "channel": .string(channel)])
        }
        try await fake.control("dm", ["text": "direct"])
        try await fake.control(
            "message", ["text": "own thread", "channel": "C0CHAN0001", "thread_ts": root["ts"] ?? ""])
        let second = try await AdapterFixture(.slack, fake: fake, lastMessageAt: SystemClock().now)
        for number in 0..<20 { #expect(await second.receiver.message("!missed \(number)") != nil) }
        let direct = try #require(await second.receiver.message("direct"))
        #expect(direct.isDirect && direct.isAddressed)
        #expect(Set(second.receiver.texts).count == second.receiver.texts.count)
    }

    @Test("a bad token is reported and tried again once a minute; when it is good again the adapter connects")
    func badToken() async throws {
        let clock = HurriedClock(factor: 60)
        let fake = try await ChatFake(.slack)
        try await fake.control(
            "faults", ["method": "apps.connections.open", "kind": "error", "error": "invalid_auth", "times": 3])
        let begun = ContinuousClock.now
        let fixture = try await AdapterFixture(.slack, fake: fake, clock: clock, awaitsConnection: false)
        #expect(await comesToHold { fixture.adapter.health.state == .refused })
        #expect(fixture.adapter.health.lastError?.contains("invalid_auth") == true)
        #expect(await comesToHold { fixture.adapter.health.state == .connected })
        // Three refusals, each followed by a minute, which is a second here.
        #expect(ContinuousClock.now - begun > .milliseconds(2900))
        #expect(try await fake.calls("apps.connections.open") == 4)
    }

    @Test("a token that was refused is not sent again by every post that waits")
    func revoked() async throws {
        let fixture = try await AdapterFixture(.slack)
        try await fixture.fake.control("message", ["text": "!x"])
        let message = try #require(await fixture.receiver.message("!x"))
        let before = try await fixture.fake.log("chat.postMessage").count
        try await fixture.fake.control(
            "faults", ["method": "chat.postMessage", "kind": "error", "error": "token_revoked", "times": -1])
        for number in 0..<10 {
            let delivery = await fixture.adapter.send(fixture.post("\(number)", to: message))
            #expect("\(delivery)".hasPrefix("retry"))
        }
        #expect(try await fixture.fake.log("chat.postMessage").count == before + 1)
        #expect(fixture.adapter.health.lastError?.contains("token_revoked") == true)
    }

    @Test("a post in a thread that is gone stands in the channel")
    func goneThread() async throws {
        let fixture = try await AdapterFixture(.slack, arguments: ["--strict-threads"])
        try await fixture.fake.control("message", ["text": "!x"])
        var message = try #require(await fixture.receiver.message("!x"))
        message.conversation.thread = "1600000000.000001"
        #expect(await fixture.deliver(fixture.post("here", to: message)) != nil)
        #expect(try await fixture.fake.posts().last?["thread"]?.string == nil)
    }

    @Test("a switched-off Socket Mode is reported, and left alone for a minute")
    func switchedOff() async throws {
        let fixture = try await AdapterFixture(.slack, clock: HurriedClock(factor: 60))
        try await fixture.fake.control("ws", ["action": "disconnect", "reason": "link_disabled"])
        #expect(await comesToHold { fixture.adapter.health.state == .refused })
        #expect(await comesToHold { fixture.adapter.health.state == .connected })
    }

    @Test("refreshes every half second lose nothing and double nothing")
    func refreshes() async throws {
        let fixture = try await AdapterFixture(
            .slack,
            arguments: ["--connection-seconds", "0.5", "--warning-seconds", "0.2", "--refresh-close-seconds", "0.2"])
        for number in 0..<150 {
            try await fixture.fake.control("message", ["text": .string("!m \(number)"), "channel": "C0CHAN0001"])
            try? await Task.sleep(for: .milliseconds(15))
        }
        _ = await fixture.receiver.message("!m 149")
        #expect(await comesToHold { fixture.receiver.messages.count == 150 })
        #expect(Set(fixture.receiver.texts).count == 150)
        #expect(fixture.adapter.health.connections >= 3)
        #expect(fixture.adapter.health.state == .connected)
    }

    @Test(
        "garbage is left out or ends the connection, which comes back",
        arguments: [
            "opcode", "rsv", "masked", "utf8", "length", "control_fragment", "truncated", "json", "json_array", "empty",
            "unknown_type", "binary", "fragmented",
        ])
    func garbage(_ kind: String) async throws {
        let fixture = try await AdapterFixture(.slack, arguments: ["--retry-seconds", "0.3"])
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
