import PetrelAdapters
import PetrelCore
import PetrelSystem
import PetrelTestKit
import Synchronization

/// InspIRCd or Prosody, with people on it who see what the bot says.
final class RealServerStage: AdapterStage {
    let receiver = RecordingReceiver(clock: SystemClock())
    let canSpeak = true
    let canMention = true
    let canSpeakLines: Bool
    let canSpeakAsBot: Bool
    let canHangUp: Bool
    let disturbances: [StageDisturbance] = [.idleEnd, .idleReset, .handshake]
    let mention: String? = "user0: look"
    private static let bot = "petrel"
    private let server: RealChatServer
    private let person: any ChatGuest
    private let robot: (any ChatGuest)?
    private let state: Mutex<(adapter: any ChatAdapter, running: Task<Void, Never>?)>

    init(_ kind: RealChatServer.Kind) async throws {
        let server = try await RealChatServer(kind)
        self.server = server
        (canSpeakLines, canSpeakAsBot, canHangUp) = (kind == .xmpp, kind == .irc, kind == .xmpp)
        switch kind {
        case .irc:
            person = try await IRCGuest(server.directURL, nick: "user0", channel: "#general", bot: Self.bot)
            robot = try await IRCGuest(
                server.directURL, nick: "robot", channel: "#general", bot: Self.bot, isProgram: true)
        case .xmpp:
            person = try await XMPPGuest(
                server.directURL, user: "user0", room: "general@rooms.localhost", bot: Self.bot)
            robot = nil
        }
        state = Mutex((Self.adapter(server), nil))
        try await comeBack()
    }

    private static func adapter(_ server: RealChatServer) -> any ChatAdapter {
        switch server.kind {
        case .irc:
            IRCAdapter(
                IRCOptions(
                    name: "irc", url: server.url, nick: bot, account: "bot", password: Secret("secret"),
                    channels: ["#general"], isPaced: false),
                clock: SystemClock(), random: SystemRandom())
        case .xmpp:
            XMPPAdapter(
                XMPPOptions(
                    name: "xmpp", url: server.url, address: "petrel@localhost", password: Secret("secret"),
                    rooms: ["general@rooms.localhost"], nick: bot, isPaced: false),
                clock: SystemClock(), random: SystemRandom())
        }
    }

    var adapter: any ChatAdapter { state.withLock(\.adapter) }
    private var isIRC: Bool { server.kind == .irc }
    private var room: String { isIRC ? "#general" : "general@rooms.localhost" }

    func say(_ text: String, _ how: StageSaying) async throws {
        switch how {
        case .channel: try await person.say(text, to: room)
        case .direct: try await person.say(text, to: isIRC ? Self.bot : "petrel@localhost")
        case .mention: try await person.say("\(Self.bot): \(text)", to: room)
        case .bot: try await robot?.say(text, to: room)
        case .thread: throw StageError.unknownSaying
        }
    }

    func posts() async throws -> [StagePost] {
        try await person.seen().map { StagePost(id: $0.id, channel: $0.place, text: $0.text) }
    }

    /// People's programs make a noise where a line holds their name as a word.
    func pings() async throws -> Int {
        try await posts().filter { post in
            let words = post.text.lowercased().split { !$0.isLetter && !$0.isNumber }
            return words.contains { ["user0", "robot"].contains($0) }
        }.count
    }

    /// Where nothing is kept for those who are away, the next word is said when the adapter is back.
    func disturb(_ disturbance: StageDisturbance) async throws {
        let before = adapter.health.connections
        try await server.order(
            disturbance == .idleEnd ? "/fin" : disturbance == .idleReset ? "/rst" : "/refuse")
        guard isIRC else { return }
        let adapter = adapter
        _ = await comesToHold { adapter.health.connections > before && adapter.health.state == .connected }
    }

    func hangUpAfterSends(probability: Double) async throws { try await server.order("/hangups?p=\(probability)") }

    func leave() async throws {
        let task = state.withLock { state in
            defer { state.running = nil }
            return state.running
        }
        task?.cancel()
        await task?.value
    }

    func comeBack() async throws {
        let adapter = Self.adapter(server)
        let task = Task { [receiver] in await adapter.run(receiver: receiver) }
        state.withLock { $0 = (adapter, task) }
        _ = await comesToHold { adapter.health.state == .connected }
    }
}
