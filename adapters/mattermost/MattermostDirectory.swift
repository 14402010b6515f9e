import PetrelCore
import Synchronization

/// Who the bot is, names of people, and channels.
final class MattermostDirectory: Sendable {
    private struct State {
        var me: MattermostSelf?
        var names = RecentMap<String, String>(capacity: 10_000)
        var directChannels = RecentMap<String, String>(capacity: 10_000)
        var channelsByName: [String: String] = [:]
    }

    /// A channel that the bot is in.
    struct Channel: Sendable {
        var id: String
        var place: MattermostInbound.Place
        var lastPostAt: Instant
    }

    private let state = Mutex(State())
    private let client: MattermostClient

    init(client: MattermostClient) { self.client = client }

    /// Whether a text has the form of the server's ids.
    static func isID(_ text: String) -> Bool {
        text.utf8.count == 26
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }

    /// Who the bot is, as far as the server was asked.
    var known: MattermostSelf? { state.withLock(\.me) }

    /// Who the bot is.
    func me() async throws(PlatformFailure) -> MattermostSelf {
        if let known { return known }
        guard let me = MattermostSelf(try await client.get("/users/me")) else {
            throw .doubtful("the server did not say who the bot is")
        }
        state.withLock { $0.me = me }
        return me
    }

    /// A name that came with an event.
    func learn(_ id: String, name: String) { state.withLock { $0.names.set(id, name) } }

    /// A person's name; nil when it can't be had.
    func name(of user: String) async -> String? {
        if let name = state.withLock({ $0.names[user] }) { return name }
        guard Self.isID(user), let answer = try? await client.get("/users/\(user)"),
            let name = answer["username"]?.string
        else { return nil }
        learn(user, name: name)
        return name
    }

    /// The direct conversation with a person.
    func directChannel(with user: String) async throws(PlatformFailure) -> String {
        if let known = state.withLock({ $0.directChannels[user] }) { return known }
        let answer = try await client.post("/channels/direct", [.string(try await me().id), .string(user)])
        guard let channel = answer["id"]?.string else { throw .doubtful("the server opened no direct conversation") }
        state.withLock { $0.directChannels.set(user, channel) }
        return channel
    }

    /// The id of a channel that is given by id or as `#name`; by name the bot must be in it.
    func channel(_ text: String) async throws(PlatformFailure) -> String {
        guard text.hasPrefix("#") else { return text }
        let name = String(text.dropFirst())
        if let known = state.withLock({ $0.channelsByName[name] }) { return known }
        let named = try await channels().compactMap { channel in channel.place.name.map { ($0, channel.id) } }
        let names = Dictionary(named, uniquingKeysWith: { first, _ in first })
        state.withLock { $0.channelsByName = names }
        guard let found = names[name] else {
            throw .refused(code: "channel_not_found", message: "the bot is in no channel \(text)")
        }
        return found
    }

    /// The channels that the bot is in.
    func channels() async throws(PlatformFailure) -> [Channel] {
        (try await client.get("/users/me/channels").array ?? []).compactMap { channel in
            guard let id = channel["id"]?.string, Self.isID(id) else { return nil }
            return Channel(
                id: id, place: .init(type: channel["type"]?.string ?? "O", name: channel["name"]?.string),
                lastPostAt: Instant(milliseconds: channel["last_post_at"]?.integer ?? Int.max >> 18))
        }
    }

    /// What was posted in a channel since a time, oldest first.
    func posts(channel: String, since: Instant) async throws(PlatformFailure) -> [MattermostPost] {
        let answer = try await client.get("/channels/\(channel)/posts?since=\(max(1, since.milliseconds))")
        return (answer["posts"]?.object ?? [:]).values.compactMap(MattermostPost.init)
            .filter { $0.createdAt >= since }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    func post(_ id: String) async throws(PlatformFailure) -> MattermostPost? {
        guard Self.isID(id) else { return nil }
        return MattermostPost(try await client.get("/posts/\(id)"))
    }
}
