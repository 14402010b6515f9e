public import PetrelCore
import PetrelEngine

/// A chat platform connection, as the API shows it.
public struct ChatConnection: Sendable {
    /// The name of its `chat.adapters` entry.
    public var name: AdapterName
    /// The platform's name.
    public var platform: String
    /// How it is doing.
    public var health: AdapterHealth

    /// A connection from its parts.
    public init(name: AdapterName, platform: String, health: AdapterHealth) {
        self.name = name
        self.platform = platform
        self.health = health
    }

    /// What `/readyz` and the listing show.
    var document: ValueObject {
        [
            "platform": .string(platform), "state": .string(health.state.rawValue),
            "since": Value(health.since?.description), "last_event": Value(health.lastEventAt?.description),
            "error": Value(health.lastError), "error_at": Value(health.lastErrorAt?.description),
            "connections": .integer(health.connections), "skipped": .integer(health.skipped),
        ]
    }
}

/// The chat platforms, as the server sees them.
public struct ChatConnections: Sendable {
    /// All connections as they are now, in the order of the settings.
    public var current: @Sendable () -> [ChatConnection]
    /// Hands a platform's request to the adapter of a name; nil if that takes none.
    public var answer: @Sendable (AdapterName, PlatformCallback) async -> PlatformCallbackAnswer?

    /// Connections from two functions.
    public init(
        current: @escaping @Sendable () -> [ChatConnection] = { [] },
        answer: @escaping @Sendable (AdapterName, PlatformCallback) async -> PlatformCallbackAnswer? = { _, _ in nil }
    ) {
        self.current = current
        self.answer = answer
    }
}

/// The chat platforms' connections, and the door for platforms that call Petrel.
///
/// Ours; StackStorm has none.
struct ChatRoutes: Sendable {
    /// What a platform sends with a slash command or a button is small.
    private static let maxBytes = 256 << 10

    let connections: ChatConnections

    var routes: [Route] {
        [
            Route(.get, "chat/adapters", .type(.serviceList), "The connections to chat platforms") { _ in
                APIResponse(
                    .array(
                        connections.current().map { connection in
                            var shown: ValueObject = ["name": .string(connection.name)]
                            shown.merge(connection.document) { first, _ in first }
                            return Value.object(shown)
                        }))
            },
            // Who may call is checked by the adapter: the request carries the platform's token.
            Route(
                .post, "chat/:adapter/callback", .open,
                "Where a chat platform sends slash commands and pressed buttons",
                body: .text
            ) { request throws(APIError) in try await answer(request) },
        ]
    }

    private func answer(_ request: APIRequest) async throws(APIError) -> APIResponse {
        guard request.bytes.count <= Self.maxBytes else {
            throw APIError(.tooLarge, "The body has more than \(Self.maxBytes) bytes")
        }
        var headers: [String: String] = [:]
        for name in ["authorization", "content-type"] { headers[name] = request.header(name) }
        let callback = PlatformCallback(headers: headers, body: request.bytes)
        guard let answer = await connections.answer(request.part("adapter"), callback) else {
            throw APIError(.notFound, "No chat adapter of that name takes requests of its platform")
        }
        return APIResponse(answer.body, status: APIStatus(rawValue: answer.status) ?? .badRequest)
    }
}
