import PetrelCore
import Synchronization

/// Holds who the bot is, once it is known.
final class SlackIdentityBox: Sendable {
    private let identity = Mutex<SlackSelf?>(nil)
    var current: SlackSelf? { identity.withLock(\.self) }
    func set(_ value: SlackSelf) { identity.withLock { $0 = value } }
}

/// Names of people and channels, looked up once in a while.
final class SlackDirectory: Sendable {
    private static let keptFor = Duration.seconds(3600)
    /// A name is not worth holding up a message for longer.
    private static let patience = Duration.seconds(1)
    private static let maxChannelPages = 20
    /// More names than this in one message stay ids.
    private static let maxNames = 20

    private struct Name: Sendable {
        var text: String
        var at: Instant
    }
    private struct State {
        var names = RecentMap<String, Name>(capacity: 10_000)
        var directChannels = RecentMap<String, String>(capacity: 10_000)
        var channels: [String]?
        var channelsByName: [String: String] = [:]
    }
    private let state = Mutex(State())
    private let client: SlackClient
    private let clock: any PetrelClock

    init(client: SlackClient, clock: any PetrelClock) {
        self.client = client
        self.clock = clock
    }

    /// The names of users (`U…`, `W…`) and channels, as far as they can be found out soon.
    func names(users: Set<String>, channels: Set<String>) async -> [String: String] {
        var found: [String: String] = [:]
        var unknown: [(id: String, isUser: Bool)] = []
        let now = clock.now
        state.withLock { state in
            for (ids, isUser) in [(users, true), (channels, false)] {
                for id in ids.prefix(Self.maxNames) {
                    let known = state.names[id]
                    found[id] = known?.text
                    if known.map({ now - $0.at >= Self.keptFor }) ?? true { unknown.append((id, isUser)) }
                }
            }
        }
        guard !unknown.isEmpty else { return found }
        for (id, name) in await lookUp(unknown) {
            // Who has no name is not asked for again with each message.
            learn(id, name: name ?? found[id] ?? id)
            found[id] = name ?? found[id] ?? id
        }
        return found
    }

    /// A name that came with an event.
    func learn(_ id: String, name: String) {
        let now = clock.now
        state.withLock { $0.names.set(id, Name(text: name, at: now)) }
    }

    /// The direct conversation with a person.
    func directChannel(with user: String) async throws(PlatformFailure) -> String {
        if let known = state.withLock({ $0.directChannels[user] }) { return known }
        let answer = try await client.call(.openConversation, ["users": .string(user)])
        guard let channel = answer["channel"]?["id"]?.string else {
            throw .doubtful("Slack opened no direct conversation")
        }
        state.withLock { $0.directChannels.set(user, channel) }
        return channel
    }

    /// The id of a channel that is given by id or as `#name`; by name the bot must be in it.
    func channel(_ text: String) async throws(PlatformFailure) -> String {
        guard text.hasPrefix("#") else { return text }
        let name = String(text.dropFirst())
        if let known = state.withLock({ $0.channelsByName[name] }) { return known }
        forgetChannels()
        _ = try await channels()
        guard let found = state.withLock({ $0.channelsByName[name] }) else {
            throw .refused(code: "channel_not_found", message: "the bot is in no channel \(text)")
        }
        return found
    }

    /// The channels that the bot is in; asked for again when its membership changed.
    func channels() async throws(PlatformFailure) -> [String] {
        if let known = state.withLock(\.channels) { return known }
        var channels: [String] = []
        var byName: [String: String] = [:]
        var arguments: ValueObject = [
            "types": "im,mpim,private_channel,public_channel", "exclude_archived": true, "limit": 200,
        ]
        for _ in 0..<Self.maxChannelPages {
            let answer = try await client.call(.conversations, arguments)
            for channel in answer["channels"]?.array ?? [] {
                guard let id = channel["id"]?.string else { continue }
                channels.append(id)
                guard let name = channel["name"]?.string, !name.isEmpty else { continue }
                learn(id, name: name)
                byName[name] = id
            }
            guard let cursor = answer["response_metadata"]?["next_cursor"]?.string, !cursor.isEmpty else { break }
            arguments["cursor"] = .string(cursor)
        }
        let (found, names) = (channels, byName)
        state.withLock { state in
            state.channels = found
            state.channelsByName = names
        }
        return found
    }

    /// The bot's membership has changed, or may have.
    func forgetChannels() { state.withLock { $0.channels = nil } }

    /// Something was said there: if the list doesn't have it, it is out of date.
    func noteChannel(_ id: String) {
        state.withLock { state in
            if let known = state.channels, !known.contains(id) { state.channels = known + [id] }
        }
    }

    /// Asks for names, all at once, and waits for them a moment.
    private func lookUp(_ ids: [(id: String, isUser: Bool)]) async -> [String: String?] {
        let clock = clock
        return await withTaskGroup(of: (id: String, name: String?)?.self) { group in
            for (id, isUser) in ids {
                group.addTask { (id, isUser ? await self.userName(id) : await self.channelName(id)) }
            }
            group.addTask {
                try? await clock.sleep(for: Self.patience)
                return nil
            }
            var found = Dictionary(ids.map { ($0.id, String?.none) }, uniquingKeysWith: { first, _ in first })
            var count = 0
            while count < ids.count, let answer = await group.next(), let answer {
                found[answer.id] = answer.name
                count += 1
            }
            group.cancelAll()
            return found
        }
    }

    private func userName(_ id: String) async -> String? {
        guard let user = (try? await client.call(.userInfo, ["user": .string(id)]))?["user"] else { return nil }
        let names = [user["profile"]?["display_name"]?.string, user["name"]?.string, user["real_name"]?.string]
        return names.compactMap(\.self).first { !$0.isEmpty }
    }

    private func channelName(_ id: String) async -> String? {
        (try? await client.call(.conversationInfo, ["channel": .string(id)]))?["channel"]?["name"]?.string
    }
}
