import PetrelCore
import PetrelEngine

/// The local room, for `petrel chat`.
///
/// Ours; StackStorm has none.
struct RoomRoutes: Sendable {
    private static let maxWait = 60
    private static let maxLines = 1000

    let room: any ChatRoom
    let clock: any PetrelClock

    private static let body = JSONBodySchema(
        ["key": ["type": "string"], "text": ["type": "string"], "as": ["type": ["string", "null"]]],
        required: ["key", "text"])

    var routes: [Route] {
        [
            Route(
                .post, "rooms/:room/messages", .type(.roomUse), "Say something in the local room",
                query: [.integer("wait", "Most seconds to wait for the answer, whose lines are in `posts` then")],
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
        let wait = try wait(request)
        do throws(CoreError) {
            let said = try await room.say(
                text, room: request.part("room"), key: key, author: author, isOwner: isOwner)
            var answer: ValueObject = ["key": .string(said.key), "sequence": .integer(said.sequence)]
            if wait > .zero { answer["posts"] = documents(try await answers(to: said, until: clock.now + wait)) }
            return APIResponse(.object(answer), status: .created)
        } catch { throw APIError(error) }
    }

    /// The lines that answer what was said, up to the final one or the end of the wait.
    private func answers(to said: RoomPost, until end: Instant) async throws(CoreError) -> [RoomPost] {
        var answers: [RoomPost] = []
        var last = said.sequence
        while !answers.contains(where: \.isFinal), clock.now < end, !Task.isCancelled {
            let posts = try await room.posts(
                room: said.room, after: last, limit: Self.maxLines, wait: end - clock.now)
            last = posts.last?.sequence ?? last
            answers += posts.filter { $0.inReplyTo == said.key }
        }
        return answers
    }

    private func wait(_ request: APIRequest) throws(APIError) -> Duration {
        .seconds(min(max(0, try request.integer("wait") ?? 0), Self.maxWait))
    }

    private func documents(_ posts: [RoomPost]) -> Value { .array(posts.map { .object($0.apiDocument) }) }

    private func posts(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let after = max(-Self.maxLines, try request.integer("after") ?? 0)
        let wait = try wait(request)
        let limit = min(max(1, try request.integer("limit") ?? 100), Self.maxLines)
        do throws(CoreError) {
            let posts = try await room.posts(
                room: request.part("room"), after: after, limit: limit, wait: wait)
            return APIResponse(documents(posts))
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
