import PetrelCore
import PetrelSystem
import Synchronization

/// Carries out what ``MattermostSession`` says, and hands messages on.
final class MattermostSocket: Sendable {
    private static let pingInterval = Duration.seconds(10)
    /// A connection that is quiet for longer than two pings is dead.
    private static let silenceLimit = Duration.seconds(25)
    /// Clocks differ a little, and what was on its way when the connection went is fetched again.
    private static let overlap = Duration.seconds(60)
    private typealias Feed = AsyncStream<[MattermostSession.Action]>.Continuation

    private let options: MattermostOptions
    private let client: MattermostClient
    private let directory: MattermostDirectory
    private let health: ConnectionHealth
    private let clock: any PetrelClock
    private let session: Mutex<MattermostSession>
    private let open = Mutex<(id: Int, connection: WebSocketConnection)?>(nil)
    private let lanes = ChannelLanes()
    private let seen = SeenKeys()
    private let catchUps = CatchUpQueue()

    init(
        options: MattermostOptions, client: MattermostClient, directory: MattermostDirectory,
        health: ConnectionHealth, clock: any PetrelClock, seed: UInt64
    ) {
        self.options = options
        self.client = client
        self.directory = directory
        self.health = health
        self.clock = clock
        session = Mutex(MattermostSession(seed: seed))
    }

    /// Runs until the task is cancelled.
    func run(receiver: any InboundReceiver) async {
        let (steps, feed) = AsyncStream<[MattermostSession.Action]>.makeStream()
        feed.yield(session.withLock { $0.begin() })
        await withDiscardingTaskGroup { group in
            for await actions in steps {
                if Task.isCancelled { break }
                for action in actions { await perform(action, receiver, feed, in: &group) }
            }
            group.cancelAll()
        }
        health.enter(.stopped)
    }

    private func perform(
        _ action: MattermostSession.Action, _ receiver: any InboundReceiver, _ feed: Feed,
        in group: inout DiscardingTaskGroup
    ) async {
        switch action {
        case .enter(let state): health.enter(state)
        case .note(let error): health.note(error: error)
        case .open(let id, let resumption):
            group.addTask { await self.open(id, resumption, receiver, feed) }
        case .authenticate(let id):
            let challenge = MattermostFrame.action(
                "authentication_challenge", 2, ["token": .string(options.token.reveal())])
            try? await connection(id)?.send(.text(challenge))
        case .wait(let pause, let timer):
            group.addTask { [clock] in
                guard (try? await clock.sleep(for: pause)) != nil else { return }
                self.tell(.timer(timer), feed)
            }
        case .drop(let id):
            guard let connection = connection(id) else { return }
            group.addTask { await connection.close(code: 1000, reason: "") }
        case .catchUp(let since): group.addTask { await self.catchUp(since: since, receiver) }
        }
    }

    private func tell(_ event: MattermostSession.Event, _ feed: Feed) {
        let now = clock.now
        let actions = session.withLock { $0.handle(event, at: now) }
        if !actions.isEmpty { feed.yield(actions) }
    }

    private func connection(_ id: Int) -> WebSocketConnection? {
        open.withLock { $0?.id == id ? $0?.connection : nil }
    }

    // MARK: A connection

    private func open(
        _ id: Int, _ resumption: MattermostSession.Resumption?, _ receiver: any InboundReceiver, _ feed: Feed
    ) async {
        let connection: WebSocketConnection
        do throws(PlatformFailure) { connection = try await connect(resumption) } catch {
            return tell(.openFailed(id, error), feed)
        }
        open.withLock { $0 = (id, connection) }
        tell(.opened(id), feed)
        // A connection that goes on says no hello: its answer to this is the first word.
        try? await connection.send(.text(MattermostFrame.action("ping", 1)))
        await read(connection, id, receiver, feed)
    }

    private func connect(
        _ resumption: MattermostSession.Resumption?
    ) async throws(PlatformFailure) -> WebSocketConnection {
        do throws(PlatformFailure) { _ = try await directory.me() } catch {
            if case .refused(_, let message) = error { throw PlatformFailure.denied(message) }
            throw error
        }
        var url = options.socketURL
        if let resumption {
            url += "?connection_id=\(WebBody.percentEncoded(resumption.connection))"
            url += "&sequence_number=\(resumption.sequence)"
        }
        var request = WebSocketRequest(url: url)
        request.headers = [(name: "Authorization", value: "Bearer " + options.token.reveal())]
        request.caFile = options.caFile
        request.pingInterval = Self.pingInterval
        request.silenceLimit = Self.silenceLimit
        request.maxMessageBytes = MattermostFrame.maxBytes
        do throws(SystemError) { return try await WebSocketConnection.connect(request) } catch {
            throw PlatformFailure(connecting: error)
        }
    }

    private func read(
        _ connection: WebSocketConnection, _ id: Int, _ receiver: any InboundReceiver, _ feed: Feed
    ) async {
        await withDiscardingTaskGroup { group in
            var lastHeard = clock.now
            var why = "the server closed the connection"
            do throws(SystemError) {
                while let message = try await connection.receive() {
                    lastHeard = clock.now
                    health.noteEvent()
                    await take(message, id, receiver, feed, in: &group)
                }
            } catch {
                why = error.description
            }
            open.withLock { if $0?.id == id { $0 = nil } }
            tell(.closed(id, why: why, lastHeard: lastHeard), feed)
            await connection.close(code: 1000, reason: "")
        }
    }

    private func take(
        _ message: WebSocketMessage, _ id: Int, _ receiver: any InboundReceiver, _ feed: Feed,
        in group: inout DiscardingTaskGroup
    ) async {
        guard case .text(let text) = message else { return health.noteSkipped("the server sent a binary frame") }
        switch MattermostFrame(text) {
        case .unreadable(let what): health.noteSkipped("the server sent a frame that can't be read: \(what)")
        case .reply(_, let isAuthenticated): tell(.replied(id, isAuthenticated: isAuthenticated), feed)
        case .event(let event):
            let hello = event.name == "hello" ? event.data["connection_id"]?.string : nil
            let now = clock.now
            let (reading, actions) = session.withLock {
                $0.receive(on: id, sequence: event.sequence, hello: hello, at: now)
            }
            if !actions.isEmpty { feed.yield(actions) }
            if reading == .handle { await take(event, receiver, in: &group) }
        }
    }

    // MARK: Messages

    private func take(
        _ event: MattermostEvent, _ receiver: any InboundReceiver, in group: inout DiscardingTaskGroup
    ) async {
        guard let inbound else { return }
        switch event.name {
        case "posted", "post_edited":
            guard let draft = inbound.message(event) else { return }
            if let name = draft.userName { directory.learn(draft.user, name: name) }
            await queue(draft, receiver, in: &group)
        case "reaction_added":
            guard let reaction = inbound.reaction(event) else { return }
            group.addTask { await self.hand(reaction, inbound, to: receiver) }
        default: break
        }
    }

    private var inbound: MattermostInbound? {
        directory.known.map {
            MattermostInbound(me: $0, heardBots: options.heardBots, handsOnEdits: options.handsOnEdits)
        }
    }

    private func queue(
        _ draft: MattermostInbound.Draft, _ receiver: any InboundReceiver, in group: inout DiscardingTaskGroup
    ) async {
        await lanes.take(draft.channel, in: &group) { await self.hand(draft, to: receiver) }
    }

    private func hand(_ draft: MattermostInbound.Draft, to receiver: any InboundReceiver) async {
        if seen.contains(draft.key) { return }
        let name = if let name = draft.userName { name as String? } else { await directory.name(of: draft.user) }
        do throws(CoreError) {
            try await receiver.receive(draft.message(adapter: options.name, name: name))
            seen.insert(draft.key)
        } catch {
            health.note(error: "a message was not taken: \(error.message)")
        }
    }

    private func hand(
        _ reaction: MattermostInbound.Reaction, _ inbound: MattermostInbound, to receiver: any InboundReceiver
    ) async {
        guard let post = (try? await directory.post(reaction.post)) ?? nil,
            let draft = inbound.choice(reaction, of: post, at: clock.now)
        else { return }
        await hand(draft, to: receiver)
    }

    // MARK: History

    private func catchUp(since: Instant?, _ receiver: any InboundReceiver) async {
        guard let from = await since.orLast(of: receiver, options.name) else { return }
        let oldest = clock.now - options.historyAge
        await catchUps.run(since: max(from - Self.overlap, oldest)) { since in
            let channels = await CatchUpQueue.patiently(clock: clock) { () async throws(PlatformFailure) in
                try await directory.channels()
            }
            // Direct conversations first: who writes there waits for an answer.
            let active = (channels ?? []).filter { $0.lastPostAt >= since }
            for channel in active.sorted(by: { $0.place.type == "D" && $1.place.type != "D" }) {
                await catchUp(channel, since: since, receiver)
            }
        }
    }

    private func catchUp(
        _ channel: MattermostDirectory.Channel, since: Instant, _ receiver: any InboundReceiver
    ) async {
        guard let inbound, !Task.isCancelled else { return }
        let posts = await CatchUpQueue.patiently(clock: clock) { () async throws(PlatformFailure) in
            try await directory.posts(channel: channel.id, since: since)
        }
        for post in posts ?? [] {
            guard let draft = inbound.message(post, in: channel.place), !seen.contains(draft.key) else { continue }
            await lanes.take(channel.id) { await self.hand(draft, to: receiver) }
        }
    }
}
