import PetrelChat
import PetrelCore

/// A room of a running service, over HTTP; lost connections are taken up again for a while.
struct RoomClient: RoomConnection {
    let client: APIClient
    var room = LocalRoom.defaultName
    /// The user to speak as; the service allows it to holders of the admin token.
    var user: String?
    var clock: any PetrelClock
    var ids: any IDSource
    /// Told once when the connection is lost and while it is tried again.
    var whenLost: @Sendable (AppError) -> Void = { _ in }
    /// How long a message is tried again after the connection was lost.
    var patience = Duration.seconds(60)
    /// How long asking for posts is tried again; a terminal asks again by itself.
    var pollPatience = Duration.seconds(60)

    private var path: String { "/rooms/" + URLText.escaped(room) }

    func post(_ text: String) async throws(AppError) -> String { try await say(text).key }

    /// Says something; a message whose arrival is doubtful is sent again under the same key, which stores it once.
    func say(_ text: String) async throws(AppError) -> (key: String, sequence: Int) {
        let key = ids.next()
        var body: ValueObject = ["key": .string(key), "text": .string(text)]
        if let user { body["as"] = .string(user) }
        let answer = try await persistently(patience) { () throws(AppError) in
            try await client.post(path + "/messages", .object(body))
        }
        guard let sequence = answer["sequence"]?.integer else {
            throw AppError(.badAnswer, "the room did not say where the message stands", location: Location(file: path))
        }
        return (answer["key"]?.string ?? key, sequence)
    }

    func posts(after sequence: Int, wait: Duration) async throws(AppError) -> [RoomPost] {
        let seconds = Int(wait.inSeconds)
        return try await posts([("after", String(sequence)), ("wait", String(seconds)), ("limit", "100")], wait)
    }

    func last(_ count: Int) async throws(AppError) -> [RoomPost] {
        guard count > 0 else { return [] }
        return try await posts([("after", String(-count)), ("wait", "0"), ("limit", String(count))], .zero)
    }

    private func posts(_ query: [(name: String, value: String)], _ wait: Duration)
        async throws(AppError) -> [RoomPost]
    {
        let answer = try await persistently(pollPatience) { () throws(AppError) in
            try await client.get(path + "/posts", query, timeout: wait + .seconds(15))
        }
        guard let items = answer.array else {
            throw AppError(.badAnswer, "the room's answer is no list", location: Location(file: path))
        }
        return items.compactMap(RoomPostJSON.post)
    }

    /// Tries until it works, the error is one that stays, or patience ends.
    private func persistently(_ patience: Duration, _ body: () async throws(AppError) -> Value)
        async throws(AppError) -> Value
    {
        var pause = Duration.milliseconds(200)
        var deadline: Instant?
        while true {
            do throws(AppError) {
                return try await body()
            } catch {
                let end = deadline ?? clock.now + patience
                if deadline == nil, error.isRetryable, !Task.isCancelled, patience > .zero { whenLost(error) }
                deadline = end
                guard error.isRetryable, !Task.isCancelled, clock.now + pause < end else { throw error }
                try? await clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}
