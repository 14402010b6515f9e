import PetrelCore
import PetrelEngine

/// The local room, for `petrel chat`.
///
/// Ours; StackStorm has none.
struct RoomRoutes: Sendable {
    private static let maxWait = 60
    private static let maxLines = 1000

    let room: any ChatRoom

    private static let body = JSONBodySchema(
        ["key": ["type": "string"], "text": ["type": "string"], "as": ["type": ["string", "null"]]],
        required: ["key", "text"])

    var routes: [Route] {
        [
            Route(
                .post, "rooms/:room/messages", .type(.roomUse), "Say something in the local room",
                body: .json(Self.body)
            ) { request throws(APIError) in try await say(request) },
            Route(
                .get, "rooms/:room/posts", .type(.roomUse), "Lines of the local room; waits for one if there is none",
                query: [
                    .integer("after", "Lines after this sequence number; the last n for -n"),
                    .integer("wait", "Most seconds to wait"), .integer("limit", "Most lines"),
                ]
            ) { request throws(APIError) in try await posts(request) },
        ]
    }

    private func say(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let body = request.object
        guard let text = body["text"]?.string, let key = body["key"]?.string, (8...64).contains(key.utf8.count) else {
            throw APIError(.badRequest, "'text' and 'key' (8 to 64 characters, made by the client) are required")
        }
        guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw APIError(.badRequest, "'key' may hold letters, digits and signs only")
        }
        var author = request.identity.user
        let other = body["as"]?.string
        if let other, other != author {
            try request.authorize(.roomImpersonate, nil, "speaking as \(other)")
            author = other
        }
        let isOwner = other == nil && request.isAdministrator
        do throws(CoreError) {
            let post = try await room.say(
                text, room: request.part("room"), key: key, author: author, isOwner: isOwner)
            return APIResponse(
                ["key": .string(post.key), "sequence": .integer(post.sequence)], status: .created)
        } catch { throw APIError(error) }
    }

    private func posts(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let after = max(-Self.maxLines, try request.integer("after") ?? 0)
        let wait = min(max(0, try request.integer("wait") ?? 0), Self.maxWait)
        let limit = min(max(1, try request.integer("limit") ?? 100), Self.maxLines)
        do throws(CoreError) {
            let posts = try await room.posts(
                room: request.part("room"), after: after, limit: limit, wait: .seconds(wait))
            return APIResponse(.array(posts.map { .object($0.apiDocument) }))
        } catch { throw APIError(error) }
    }
}

extension RoomPost {
    /// The line as the API shows it.
    var apiDocument: ValueObject {
        var shown: ValueObject = ["sequence": .integer(sequence), "room": .string(room), "key": .string(key)]
        if let inReplyTo { shown["in_reply_to"] = .string(inReplyTo) }
        shown["author"] = .string(author)
        shown["text"] = .string(text)
        if let kind { shown["kind"] = .string(kind.rawValue) }
        if let execution { shown["execution_id"] = .string(execution.text) }
        if let status { shown["status"] = .string(status.rawValue) }
        shown["is_final"] = .bool(isFinal)
        shown["at"] = .string(at.description)
        return shown
    }
}
