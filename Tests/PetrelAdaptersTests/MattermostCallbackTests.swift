import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelAdapters

@Suite("Calls from Mattermost")
struct MattermostCallbackTests {
    private let clock = ManualClock()
    private let adapter: MattermostAdapter
    private let receiver: RecordingReceiver
    private let channel = String(repeating: "c", count: 26)
    private let user = String(repeating: "u", count: 26)

    init() {
        receiver = RecordingReceiver(clock: clock)
        adapter = MattermostAdapter(
            MattermostOptions(
                name: "ops", url: "http://127.0.0.1:9", token: Secret("t"), callbackURL: "http://127.0.0.1:9101/cb",
                commandTokens: [Secret("first"), Secret("second")]),
            http: HTTPClient(), clock: clock, random: SystemRandom())
    }

    private func command(
        _ text: String, token: String? = nil, header: String? = nil, command: String = "/petrel"
    ) async -> PlatformCallbackAnswer {
        var fields = [
            (name: "channel_id", value: channel), (name: "user_id", value: user), (name: "user_name", value: "ann"),
            (name: "command", value: command), (name: "text", value: text), (name: "trigger_id", value: "t1"),
            (name: "channel_name", value: "ops"), (name: "response_url", value: "http://127.0.0.1:9/hooks/x"),
        ]
        if let token { fields.append((name: "token", value: token)) }
        var headers = ["content-type": "application/x-www-form-urlencoded"]
        headers["authorization"] = header
        return await adapter.answer(
            PlatformCallback(headers: headers, body: WebBody.form(fields)), receiver: receiver)
    }

    private func press(_ context: Value, channel: String? = nil) async -> PlatformCallbackAnswer {
        let body: Value = [
            "user_id": .string(user), "user_name": "ann", "channel_id": .string(channel ?? self.channel),
            "post_id": .string(String(repeating: "p", count: 26)), "trigger_id": "t9", "context": context,
        ]
        return await adapter.answer(
            PlatformCallback(headers: ["content-type": "application/json"], body: JSONWriter.bytes(body)),
            receiver: receiver)
    }

    @Test("a slash command with a known token, in the header or the form, is a message")
    func commands() async throws {
        #expect(await command("date & time", header: "Token first") == PlatformCallbackAnswer(status: 200, body: [:]))
        #expect(await command("web", token: "second", command: "/deploy").status == 200)
        #expect(receiver.received.map(\.text) == ["date & time", "deploy web"])
        let message = try #require(receiver.received.first)
        #expect(message.kind == .slashCommand && message.isAddressed && message.sender.name == "ann")
        #expect(message.channelName == "ops" && message.callback == "http://127.0.0.1:9/hooks/x")
    }

    @Test("without a known token nothing is taken in")
    func strangers() async {
        for token in [nil, "", "third", "firs", "firstt"] {
            #expect(await command("date", token: token).status == 401)
        }
        #expect(await command("date", token: "first", header: "Token wrong").status == 401)
        #expect(receiver.received.isEmpty)
    }

    @Test("a button says its text only with the signature that Petrel gave it, in its channel")
    func buttons() async throws {
        var text = "Which?"
        var props: ValueObject = [:]
        let choices = MattermostChoices(
            options: MattermostOptions(
                name: "ops", url: "http://127.0.0.1:9", token: Secret("t"), callbackURL: "http://127.0.0.1:9101/cb"))
        choices.add([PostChoice(label: "Yes", text: "do it")], to: &text, &props, channel: channel)
        let action = try #require(props["attachments"]?.array?.first?["actions"]?.array?.first)
        #expect(action["name"] == "Yes")
        let context = try #require(action["integration"]?["context"])
        #expect(await press(context).status == 200)
        #expect(receiver.received.map(\.text) == ["do it"])
        #expect(receiver.received.first?.kind == .choice)
        #expect(await press(context, channel: String(repeating: "d", count: 26)).status == 401)
        #expect(await press(["choice": "rm", "signature": context["signature"] ?? ""]).status == 401)
        #expect(await press(.null).status == 401)
        #expect(receiver.received.count == 1)
    }

    @Test("what can't be taken in is answered to the asker alone, and calls nobody")
    func refused() async {
        receiver.refuse(1)
        let answer = await command("date", token: "first")
        #expect(answer.status == 200 && answer.body["response_type"] == "ephemeral")
        #expect(answer.body["text"]?.string?.contains("the test refuses") == true)
    }

    @Test("bodies that are no request of the platform are refused")
    func garbage() async {
        for body in [[], Array("{".utf8), Array("null".utf8), [0xFF, 0xFE], [UInt8](repeating: 0x61, count: 300_000)] {
            for type in ["application/json", "text/plain", ""] {
                let answer = await adapter.answer(
                    PlatformCallback(headers: ["content-type": type], body: body), receiver: receiver)
                #expect([400, 401, 413].contains(answer.status))
            }
        }
        #expect(receiver.received.isEmpty)
    }
}
