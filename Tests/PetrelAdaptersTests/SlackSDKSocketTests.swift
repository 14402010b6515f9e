import Foundation
import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelAdapters

/// Slack's own Socket Mode client beside ours: both hang on one fake, which sends each envelope to both.
@Suite("Slack's own Socket Mode client", .timeLimit(.minutes(5)))
struct SlackSDKSocketTests {
    /// What a message is, as both sides tell it.
    private struct Said: Hashable {
        var channel: String
        var user: String
        var stamp: String
        var thread: String
        var text: String
    }

    @Test("it hears the same messages, slash commands and buttons")
    func same() async throws {
        guard let python = try await SlackSDK.python() else { return }
        let folder = NSTemporaryDirectory() + "petrel-sdk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let fake = try await ChatFake(.slack)
        let output = folder + "/heard"
        let program = try TestProgram(
            python, ["-u", "-B", SlackSDK.script("slack_socket.py"), fake.url], output: output, error: folder + "/error"
        )
        func lines() -> [String] {
            ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }
        try #require(await comesToHold(within: .seconds(40)) { lines().first == "connected" })
        let fixture = try await AdapterFixture(.slack, fake: fake)
        try #require(await comesToHold { (try? await fake.sockets().count) == 2 })
        try await fake.control("ws_next", ["kind": "everywhere", "times": 1000])
        try await say(fixture)
        #expect(await fixture.receiver.message("!end") != nil)
        #expect(try await program.end(within: .seconds(30)) == 0)

        let heard = try lines().dropFirst().map { try JSONReader.value($0, limits: .requestBody) }
        let theirs = Set(heard.compactMap(Self.said))
        let ours = Set(
            fixture.receiver.messages.filter { $0.kind == .message }.map { message in
                Said(
                    channel: message.conversation.channel, user: message.sender.id, stamp: message.platformID,
                    thread: message.conversation.thread ?? "", text: message.text)
            })
        let commands = Set(
            heard.filter { $0["type"] == "slash_commands" }.compactMap { $0["payload"]?["text"]?.string })
        let ourCommands = Set(fixture.receiver.messages.filter { $0.kind == .slashCommand }.map(\.text))
        print(
            "slack-sdk-socket envelopes=\(heard.count) messages=\(theirs.count)",
            "missing=\(theirs.subtracting(ours).count) invented=\(ours.subtracting(theirs).count)",
            "commands=\(commands.count)")
        #expect(theirs == ours, "\(theirs.symmetricDifference(ours))")
        #expect(theirs.count >= 46 && commands == ourCommands && commands.count == 3)
    }

    private func say(_ fixture: AdapterFixture) async throws {
        let fake = fixture.fake
        let root = try await fake.control("message", ["text": "!root", "channel": "C0CHAN0001"])
        for number in 0..<40 {
            try await fake.control(
                "message",
                [
                    "text": .string("!say \(number) &lt;a&gt; &amp; “b”"), "channel": .string("C0CHAN000\(number % 5)"),
                    "user": .string("U0USER000\(number % 7)"),
                ])
        }
        try await fake.control(
            "message",
            ["text": "below", "channel": "C0CHAN0001", "thread_ts": root["ts"] ?? "", "subtype": "file_share"])
        try await fake.control("dm", ["text": "direct"])
        for number in 0..<2 { try await fake.control("mention", ["text": .string("mention \(number)")]) }
        for number in 0..<3 { try await fake.control("slash", ["text": .string("date \(number)")]) }
        try await fake.control(
            "message", ["text": "a bot", "extra": ["bot_id": "B0OTHER000", "app_id": "A0OTHER000"]])
        try await fake.control("message", ["text": "joined", "subtype": "channel_join"])
        try await fake.control("message", ["text": "!end", "channel": "C0CHAN0001"])
    }

    /// What a person said, by an envelope as Slack's client gives it; nil for what is no such thing.
    private static func said(_ line: Value) -> Said? {
        guard line["type"] == "events_api", let event = line["payload"]?["event"], event["bot_id"]?.string == nil,
            let type = event["type"]?.string, ["message", "app_mention"].contains(type),
            ["", "file_share", "thread_broadcast"].contains(event["subtype"]?.string ?? ""),
            let channel = event["channel"]?.string, let user = event["user"]?.string,
            let stamp = event["ts"]?.string, var text = event["text"]?.string
        else { return nil }
        if let end = text.firstIndex(of: ">"), text.hasPrefix("<@U0FAKEBOT0") {
            text = String(text[text.index(after: end)...].drop { $0 == " " })
        }
        for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")] {
            text = text.replacing(entity, with: sign)
        }
        return Said(
            channel: channel, user: user, stamp: stamp,
            thread: event["thread_ts"]?.string.flatMap { $0 == stamp ? nil : $0 } ?? "", text: text)
    }
}
