import PetrelCore

/// What came over a Socket Mode connection, decoded and nothing more.
enum SlackFrame: Sendable {
    /// The connection works.
    case hello
    /// Slack will close the connection; the reason is its word for why.
    case disconnect(reason: String)
    case envelope(SlackEnvelope)
    /// A frame of a kind that this version doesn't know.
    case other(type: String)
    /// No JSON, or not of this protocol.
    case unreadable(String)

    /// Larger frames end the connection; Slack's own are below 100 KiB.
    static let maxBytes = 4 << 20
    private static let limits = Limits(maxBytes: maxBytes, maxDepth: 64, maxNodes: 200_000)

    init(_ text: String) {
        let value: Value
        do throws(CoreError) { value = try JSONReader.value(text, limits: Self.limits) } catch {
            self = .unreadable(error.message)
            return
        }
        switch value["type"]?.string {
        case "hello": self = .hello
        case "disconnect": self = .disconnect(reason: value["reason"]?.string ?? "")
        case let type?:
            guard let id = value["envelope_id"]?.string, !id.isEmpty, id.utf8.count <= 200 else {
                self = .other(type: type)
                return
            }
            self = .envelope(SlackEnvelope(id: id, type: type, payload: value["payload"] ?? .null))
        case nil: self = .unreadable("a frame without a type")
        }
    }
}

/// Something that Slack wants acknowledged.
struct SlackEnvelope: Sendable {
    /// New with each delivery.
    var id: String
    /// `events_api`, `slash_commands`, `interactive` or something newer.
    var type: String
    var payload: Value

    /// The frame that acknowledges it.
    var acknowledgement: String { JSONWriter.text(["envelope_id": .string(id)]) }
}

/// A message's time stamp, which in Slack is its id: seconds and six digits.
struct SlackTime: Sendable, Hashable {
    var text: String

    init?(_ text: String?) {
        guard let text, Self.instant(text) != nil else { return nil }
        self.text = text
    }

    /// The stamp of a point in time.
    init(_ instant: Instant) {
        let (seconds, rest) = max(0, instant.microseconds).quotientAndRemainder(dividingBy: 1_000_000)
        let digits = String(rest)
        text = "\(seconds)." + String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    var instant: Instant { Self.instant(text) ?? Instant(microseconds: 0) }

    private static func instant(_ text: String) -> Instant? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 12, parts[1].utf8.count == 6,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let seconds = Int64(parts[0]), let rest = Int64(parts[1])
        else { return nil }
        return Instant(microseconds: seconds * 1_000_000 + rest)
    }
}

/// Who the bot is in its workspace, as `auth.test` says.
struct SlackSelf: Sendable, Hashable {
    var team: String
    var user: String
    var bot: String?
    var name: String

    init?(_ answer: Value) {
        guard let team = answer["team_id"]?.string, let user = answer["user_id"]?.string else { return nil }
        self.team = team
        self.user = user
        bot = answer["bot_id"]?.string
        name = answer["user"]?.string ?? "petrel"
    }
}
