import FoundationEssentials
import PetrelAdapters
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelSystem
import PetrelTestKit
import Synchronization

/// How somebody says something.
enum StageSaying: Sendable, Hashable {
    case channel, direct, mention, bot
    case thread(String)
}

/// A post as people see it.
struct StagePost: Sendable, Hashable {
    var id: String
    var channel: String
    var thread: String?
    var text: String
    /// Who alone sees it; nil for everybody there.
    var seenBy: String?
    var files: [String] = []
}

/// What can happen to a connection.
enum StageDisturbance: Sendable, CaseIterable {
    case idleEnd, idleReset, idleClose, beforeMessage, afterMessage, withinFrame, handshake, rotation
    case twice, fiveTimes

    /// Whether it delivers the next message more than once.
    var isRedelivery: Bool { self == .twice || self == .fiveTimes }
}

enum StageError: Error { case notDelivered, unknownSaying }

/// A platform with an adapter connected to it, as a test drives it.
protocol AdapterStage: Sendable {
    var adapter: any ChatAdapter { get }
    var receiver: RecordingReceiver { get }
    /// Whether people can speak here; if not, the adapter only sends.
    var canSpeak: Bool { get }
    var canMention: Bool { get }
    /// Whether one message can hold several lines.
    var canSpeakLines: Bool { get }
    var canSpeakAsBot: Bool { get }
    var showsThreads: Bool { get }
    var canLimit: Bool { get }
    var canHangUp: Bool { get }
    var redeliversWhatWasNotTaken: Bool { get }
    var disturbances: [StageDisturbance] { get }
    /// A text that calls somebody when mentions are allowed.
    var mention: String? { get }
    func say(_ text: String, _ how: StageSaying) async throws
    /// What the bot has posted, as it stands now.
    func posts() async throws -> [StagePost]
    /// How many posts call somebody.
    func pings() async throws -> Int
    func disturb(_ disturbance: StageDisturbance) async throws
    func limitNextSend(seconds: Int) async throws
    func hangUpAfterSends(probability: Double) async throws
    /// Ends the adapter's task and waits for it.
    func leave() async throws
    /// Runs an adapter again, as after a restart of the service.
    func comeBack() async throws
}

extension AdapterStage {
    var canMention: Bool { false }
    var canSpeakLines: Bool { true }
    var canSpeakAsBot: Bool { false }
    var showsThreads: Bool { false }
    var canLimit: Bool { false }
    var canHangUp: Bool { false }
    var redeliversWhatWasNotTaken: Bool { false }
    var disturbances: [StageDisturbance] { [] }
    var mention: String? { nil }
    func pings() async throws -> Int { 0 }
    func disturb(_ disturbance: StageDisturbance) async throws {}
    func limitNextSend(seconds: Int) async throws {}
    func hangUpAfterSends(probability: Double) async throws {}
}

/// The adapters; a new one is one line here and one in `stage`.
enum StageKind: String, Sendable {
    case fake, localRoom, slack, mattermost, irc, xmpp

    /// Those of this run: the real servers are for `make test-all`.
    static let offered: [StageKind] =
        [.fake, .localRoom, .slack, .mattermost] + RealChatServer.offered.map { $0 == .irc ? .irc : .xmpp }

    func stage() async throws -> any AdapterStage {
        switch self {
        case .fake: SilentStage()
        case .localRoom: try RoomStage()
        case .slack: try await PlatformStage(.slack)
        case .mattermost: try await PlatformStage(.mattermost)
        case .irc: try await RealServerStage(.irc)
        case .xmpp: try await RealServerStage(.xmpp)
        }
    }
}

/// The fake adapter of the test kit, to which nobody speaks.
struct SilentStage: AdapterStage {
    let adapter: any ChatAdapter = FakeAdapter()
    let receiver = RecordingReceiver(clock: SystemClock())
    let canSpeak = false
    func say(_ text: String, _ how: StageSaying) async throws { throw StageError.unknownSaying }
    func posts() async throws -> [StagePost] { [] }
    func leave() async throws {
        let running = Task { await adapter.run(receiver: receiver) }
        running.cancel()
        await running.value
    }
    func comeBack() async throws {}
}

/// The local room over a store.
final class RoomStage: AdapterStage {
    let adapter: any ChatAdapter
    let receiver: RecordingReceiver
    let canSpeak = true
    private let store: SQLiteStorage
    private let room: LocalRoom
    private let clock = SystemClock()
    private let ids = SystemIDs()
    private let running: Mutex<Task<Void, Never>?>

    init() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/petrel-adapter-\(UUID().uuidString)"
        store = try SQLiteStorage(.init(folder: folder, owner: "me"), digest: PlainDigest())
        room = LocalRoom(name: "local", store: store, clock: clock)
        adapter = room
        receiver = RecordingReceiver(clock: clock)
        running = Mutex(nil)
        let task = Task { [room, receiver] in await room.run(receiver: receiver) }
        running.withLock { $0 = task }
    }

    func say(_ text: String, _ how: StageSaying) async throws {
        let person = ChatPerson(adapter: "local", id: "ann", name: "ann")
        let name = how == .direct ? "room" : "#general"
        _ = try await room.say(text, room: name, key: ids.next(), person: person, receiver: receiver)
    }

    func posts() async throws -> [StagePost] {
        try await ["#general", "room"].asyncFlatMap { name in
            try await self.store.roomPosts(room: name, after: 0, limit: 1000).filter { $0.kind != nil }.map {
                StagePost(id: String($0.sequence), channel: $0.room, text: $0.text)
            }
        }
    }

    func leave() async throws {
        let task = running.withLock { running in
            defer { running = nil }
            return running
        }
        task?.cancel()
        await task?.value
    }

    func comeBack() async throws {
        let task = Task { [room, receiver] in await room.run(receiver: receiver) }
        running.withLock { $0 = task }
    }
}

/// Slack or Mattermost, as their fakes play them.
final class PlatformStage: AdapterStage {
    let receiver = RecordingReceiver(clock: SystemClock())
    let canSpeak = true
    let canMention = true
    let canSpeakAsBot = true
    let showsThreads = true
    let canLimit = true
    let canHangUp = true
    let disturbances = StageDisturbance.allCases
    private let fake: ChatFake
    private let state: Mutex<(adapter: any ChatAdapter, running: Task<Void, Never>?)>

    init(_ platform: ChatFake.Platform) async throws {
        fake = try await ChatFake(platform, arguments: platform == .slack ? ["--retry-seconds", "0.4"] : [])
        state = Mutex((Self.adapter(fake), nil))
        try await comeBack()
    }

    private static func adapter(_ fake: ChatFake) -> any ChatAdapter {
        switch fake.platform {
        case .slack:
            SlackAdapter(
                SlackOptions(
                    name: "acme", appToken: Secret("xapp-fake-app"), botToken: Secret("xoxb-fake-bot"),
                    apiURL: fake.url + "/api", isPaced: false),
                http: HTTPClient(), clock: SystemClock(), random: SystemRandom())
        case .mattermost:
            MattermostAdapter(
                MattermostOptions(name: "ops", url: fake.url, token: Secret("fake-bot-token"), isPaced: false),
                http: HTTPClient(), clock: SystemClock(), random: SystemRandom())
        }
    }

    var adapter: any ChatAdapter { state.withLock(\.adapter) }
    private var isSlack: Bool { fake.platform == .slack }
    var redeliversWhatWasNotTaken: Bool { isSlack }
    var mention: String? { isSlack ? "<@U0USER0001>" : "@user0" }
    private var channel: Value { isSlack ? "C0CHAN0001" : "chan1" }

    func say(_ text: String, _ how: StageSaying) async throws {
        // Slack's clients send these three as entities.
        let typed =
            isSlack
            ? [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")].reduce(text) { $0.replacing($1.0, with: $1.1) } : text
        var body: ValueObject = ["text": .string(typed), "channel": channel]
        switch how {
        case .channel: try await fake.control("message", body)
        case .direct: try await fake.control("dm", ["text": .string(typed)])
        case .mention: try await fake.control("mention", body)
        case .thread(let root):
            body[isSlack ? "thread_ts" : "root_id"] = .string(root)
            try await fake.control("message", body)
        case .bot:
            if isSlack { body["extra"] = ["bot_id": "B0OTHER000", "app_id": "A0OTHER000"] }
            if !isSlack { body["props"] = ["from_bot": "true"] }
            try await fake.control("message", body)
        }
    }

    func posts() async throws -> [StagePost] {
        var posts: [StagePost] = []
        for post in try await fake.posts() {
            let shown = StagePost(
                id: post["ts"]?.string ?? "", channel: post["channel"]?.string ?? "", thread: post["thread"]?.string,
                text: post["text"]?.string ?? "", seenBy: post["user"]?.string,
                files: post["files"]?.array?.compactMap { $0["id"]?.string }
                    ?? post["file_ids"]?.array?.compactMap(\.string) ?? [])
            if post["kind"]?.string == "update", let at = posts.firstIndex(where: { $0.id == shown.id }) {
                posts[at] = shown
            } else {
                posts.append(shown)
            }
        }
        return posts
    }

    func pings() async throws -> Int {
        try await posts().filter { post in
            if isSlack { return post.text.contains("<@") || post.text.contains("<!") }
            let words = post.text.split { !($0.isLetter || $0.isNumber || "_@".contains($0)) }
            return words.contains { $0.hasPrefix("@") && $0.count > 1 }
        }.count
    }

    func disturb(_ disturbance: StageDisturbance) async throws {
        switch disturbance {
        case .idleEnd: try await fake.control("ws", ["action": "drop"])
        case .idleReset: try await fake.control("ws", ["action": "rst"])
        case .idleClose: try await fake.control("ws", ["action": "close", "code": 1001])
        case .beforeMessage: try await fake.control("ws_next", ["kind": "drop_before", "rst": true])
        case .afterMessage: try await fake.control("ws_next", ["kind": "drop_after", "rst": true])
        case .withinFrame:
            try await fake.control("ws", ["action": "malformed", "kind": "truncated"])
            try await fake.control("ws", ["action": "drop"])
        case .handshake:
            try await fake.control("faults", ["method": isSlack ? "ws.connect" : "websocket", "kind": "reset"])
            try await fake.control("ws", ["action": "drop"])
        case .rotation:
            try await fake.control(
                "ws", isSlack ? ["action": "refresh", "warning_seconds": 0.2] : ["action": "forget"])
        case .twice: try await fake.control("ws_next", ["kind": "duplicate", "copies": 1])
        case .fiveTimes: try await fake.control("ws_next", ["kind": "duplicate", "copies": 4])
        }
    }

    private var postMethod: Value { isSlack ? "chat.postMessage" : "POST /posts" }

    func limitNextSend(seconds: Int) async throws {
        try await fake.control(
            "faults", ["method": postMethod, "kind": "ratelimited", "retry_after": .integer(seconds)])
    }

    func hangUpAfterSends(probability: Double) async throws {
        try await fake.control(
            "faults",
            ["method": postMethod, "kind": "reset_after", "times": -1, "probability": .double(probability)])
    }

    func leave() async throws {
        let task = state.withLock { state in
            defer { state.running = nil }
            return state.running
        }
        task?.cancel()
        await task?.value
    }

    func comeBack() async throws {
        let adapter = Self.adapter(fake)
        let task = Task { [receiver] in await adapter.run(receiver: receiver) }
        state.withLock { $0 = (adapter, task) }
        _ = await comesToHold { adapter.health.state == .connected }
    }
}

extension Sequence {
    fileprivate func asyncFlatMap<Result>(_ body: (Element) async throws -> [Result]) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results += try await body(element) }
        return results
    }
}
