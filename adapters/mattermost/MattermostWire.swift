import PetrelCore

/// What came over the websocket, decoded and nothing more.
enum MattermostFrame: Sendable {
    case event(MattermostEvent)
    /// The answer to an action of ours; `isAuthenticated` is false when the server does not know who we are.
    case reply(to: Int, isAuthenticated: Bool)
    /// No JSON, or not of this protocol.
    case unreadable(String)

    /// Larger frames end the connection; a post with its props is below 1 MiB.
    static let maxBytes = 4 << 20
    private static let limits = Limits(maxBytes: maxBytes, maxDepth: 64, maxNodes: 200_000)

    init(_ text: String) {
        let value: Value
        do throws(CoreError) { value = try JSONReader.value(text, limits: Self.limits) } catch {
            self = .unreadable(error.message)
            return
        }
        if let number = value["seq_reply"]?.integer {
            let isRefused = value["status"]?.string == "FAIL" && value["error"]?["status_code"]?.integer == 401
            self = .reply(to: number, isAuthenticated: !isRefused)
        } else if let name = value["event"]?.string {
            self = .event(
                MattermostEvent(
                    name: name, data: value["data"] ?? .null, channel: value["broadcast"]?["channel_id"]?.string,
                    sequence: value["seq"]?.integer))
        } else {
            self = .unreadable("a frame that is no event and no reply")
        }
    }

    /// An action of ours.
    static func action(_ name: String, _ number: Int, _ data: ValueObject = [:]) -> String {
        JSONWriter.text(["seq": .integer(number), "action": .string(name), "data": .object(data)])
    }
}

/// Something that happened on the server.
struct MattermostEvent: Sendable, Hashable {
    var name: String
    var data: Value
    var channel: String?
    /// Counts the events of this connection from 0.
    var sequence: Int?

    /// An object that the server sends as text within the JSON.
    func object(_ key: String) -> Value? {
        guard let text = data[key]?.string else { return data[key] }
        return try? JSONReader.value(text, limits: Limits(maxBytes: 2 << 20, maxDepth: 64, maxNodes: 100_000))
    }
}

/// A post as the server has it.
struct MattermostPost: Sendable, Hashable {
    var id: String
    var channel: String
    var user: String
    var root: String?
    var message: String
    /// Empty for what people write; `system_…` for what the server does.
    var type: String
    var props: Value
    var createdAt: Instant
    var editedAt: Instant?

    init?(_ value: Value) {
        guard let id = value["id"]?.string, let channel = value["channel_id"]?.string,
            let user = value["user_id"]?.string, let created = value["create_at"]?.integer
        else { return nil }
        self.id = id
        self.channel = channel
        self.user = user
        root = value["root_id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        message = value["message"]?.string ?? ""
        type = value["type"]?.string ?? ""
        props = value["props"] ?? .null
        createdAt = Instant(milliseconds: created)
        editedAt = value["edit_at"]?.integer.flatMap { $0 > 0 ? Instant(milliseconds: $0) : nil }
    }

    /// Whether a program wrote it: a bot account, a webhook, an OAuth app.
    var isFromProgram: Bool {
        ["from_bot", "from_webhook", "from_oauth_app", "from_plugin"].contains { props[$0]?.string == "true" }
    }
}

/// Who the bot is, as `users/me` says.
struct MattermostSelf: Sendable, Hashable {
    var id: String
    var name: String

    init?(_ answer: Value) {
        guard let id = answer["id"]?.string, let name = answer["username"]?.string else { return nil }
        self.id = id
        self.name = name
    }
}

extension Instant {
    /// A point from milliseconds since the epoch; far-off numbers become the epoch.
    init(milliseconds: Int) {
        self.init(microseconds: (0...(1 << 45)).contains(milliseconds) ? Int64(milliseconds) * 1000 : 0)
    }

    /// Milliseconds since the epoch, rounded down.
    var milliseconds: Int { Int(microseconds / 1000) }
}
