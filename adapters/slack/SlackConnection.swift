import PetrelCore
import PetrelSystem

/// Carries out what ``SlackSession`` says, and hands messages on.
final class SlackConnection: Sendable {
    private static let retireLimit = Duration.seconds(5)
    private static let pingInterval = Duration.seconds(10)
    /// A connection that is quiet for longer than two pings is dead.
    private static let silenceLimit = Duration.seconds(25)
    /// Clocks differ a little, and what was on its way when the connection went is fetched again.
    private static let overlap = Duration.seconds(60)

    private let options: SlackOptions
    private let client: SlackClient
    private let directory: SlackDirectory
    private let history: SlackHistory
    private let me: SlackIdentityBox
    private let health: ConnectionHealth
    private let clock: any PetrelClock
    private let seed: UInt64
    private let sockets = SlackSockets()
    private let lanes = ChannelLanes()
    private let seen = SeenKeys()
    private let catchUps = CatchUpQueue()

    init(
        options: SlackOptions, client: SlackClient, directory: SlackDirectory, history: SlackHistory,
        me: SlackIdentityBox, health: ConnectionHealth, clock: any PetrelClock, seed: UInt64
    ) {
        self.options = options
        self.client = client
        self.directory = directory
        self.history = history
        self.me = me
        self.health = health
        self.clock = clock
        self.seed = seed
    }

    /// Runs until the task is cancelled.
    func run(receiver: any InboundReceiver) async {
        let (events, feed) = AsyncStream<SlackSession.Event>.makeStream()
        await withDiscardingTaskGroup { group in
            var session = SlackSession(seed: seed)
            var actions = session.begin()
            var iterator = events.makeAsyncIterator()
            repeat {
                for action in actions { perform(action, receiver, feed, in: &group) }
                guard let event = await iterator.next() else { break }
                actions = session.handle(event, at: clock.now)
            } while !Task.isCancelled
            group.cancelAll()
        }
        health.enter(.stopped)
    }

    private func perform(
        _ action: SlackSession.Action, _ receiver: any InboundReceiver,
        _ feed: AsyncStream<SlackSession.Event>.Continuation, in group: inout DiscardingTaskGroup
    ) {
        switch action {
        case .enter(let state): health.enter(state)
        case .note(let error): health.note(error: error)
        case .open(let id): group.addTask { await self.open(id, receiver, feed) }
        case .wait(let pause, let timer):
            group.addTask { [clock] in
                guard (try? await clock.sleep(for: pause)) != nil else { return }
                feed.yield(.timer(timer))
            }
        case .retire(let id):
            guard let socket = sockets.socket(id) else { return }
            group.addTask { [clock] in await socket.retire(within: Self.retireLimit, clock: clock) }
        case .drop(let id):
            guard let socket = sockets.socket(id) else { return }
            group.addTask { await socket.connection.close(code: 1000, reason: "") }
        case .catchUp(let since): group.addTask { await self.catchUp(since: since, receiver) }
        }
    }

    // MARK: A socket

    private func open(
        _ id: SlackSession.SocketID, _ receiver: any InboundReceiver,
        _ feed: AsyncStream<SlackSession.Event>.Continuation
    ) async {
        let socket: SlackSocket
        do throws(PlatformFailure) {
            socket = SlackSocket(id: id, connection: try await connect())
        } catch {
            feed.yield(.openFailed(id, error))
            return
        }
        sockets.add(socket)
        feed.yield(.opened(id))
        await read(socket, receiver, feed)
    }

    private func connect() async throws(PlatformFailure) -> WebSocketConnection {
        do throws(PlatformFailure) {
            if me.current == nil {
                guard let identity = SlackSelf(try await client.call(.testToken)) else {
                    throw PlatformFailure.doubtful("auth.test did not say who the bot is")
                }
                me.set(identity)
            }
            guard let url = try await client.call(.openConnection)["url"]?.string,
                url.hasPrefix("wss://") || options.apiURL.hasPrefix("http://")
            else { throw PlatformFailure.doubtful("Slack gave no address for a secure websocket") }
            var request = WebSocketRequest(url: url)
            request.caFile = options.caFile
            request.pingInterval = Self.pingInterval
            request.silenceLimit = Self.silenceLimit
            request.maxMessageBytes = SlackFrame.maxBytes
            do throws(SystemError) {
                return try await WebSocketConnection.connect(request)
            } catch {
                throw PlatformFailure(connecting: error)
            }
        } catch {
            // What Slack refuses here it refuses until an operator has acted.
            if case .refused(_, let message) = error { throw .denied(message) }
            throw error
        }
    }

    private func read(
        _ socket: SlackSocket, _ receiver: any InboundReceiver,
        _ feed: AsyncStream<SlackSession.Event>.Continuation
    ) async {
        await withDiscardingTaskGroup { group in
            var lastHeard = clock.now
            var why = "Slack closed the connection"
            do throws(SystemError) {
                while let message = try await socket.connection.receive() {
                    lastHeard = clock.now
                    health.noteEvent()
                    await take(message, socket, receiver, feed, in: &group)
                }
            } catch {
                why = error.description
            }
            sockets.remove(socket.id)
            feed.yield(.closed(socket.id, why: why, lastHeard: lastHeard))
            await socket.connection.close(code: 1000, reason: "")
        }
    }

    private func take(
        _ message: WebSocketMessage, _ socket: SlackSocket, _ receiver: any InboundReceiver,
        _ feed: AsyncStream<SlackSession.Event>.Continuation, in group: inout DiscardingTaskGroup
    ) async {
        guard case .text(let text) = message else { return health.noteSkipped("Slack sent a binary frame") }
        switch SlackFrame(text) {
        case .hello: feed.yield(.hello(socket.id))
        case .disconnect(let reason): feed.yield(.disconnect(socket.id, reason: reason))
        case .other: break
        case .unreadable(let what): health.noteSkipped("Slack sent a frame that can't be read: \(what)")
        case .envelope(let envelope): await take(envelope, socket, receiver, in: &group)
        }
    }

    // MARK: Messages

    private func take(
        _ envelope: SlackEnvelope, _ socket: SlackSocket, _ receiver: any InboundReceiver,
        in group: inout DiscardingTaskGroup
    ) async {
        guard let me = me.current else { return }
        let draft: SlackInbound.Draft
        switch inbound(me).content(of: envelope, at: clock.now) {
        case .message(let message): draft = message
        case .membershipChanged:
            directory.forgetChannels()
            fallthrough
        case .nothing:
            // Beside the reading: what comes next may be a command.
            return group.addTask { await self.acknowledge(envelope, over: socket) }
        }
        socket.begin()
        directory.noteChannel(draft.channel)
        await lanes.take(draft.channel, in: &group) {
            if await self.hand(draft, to: receiver) { await self.acknowledge(envelope, over: socket) }
            socket.end()
        }
    }

    private func inbound(_ me: SlackSelf) -> SlackInbound {
        SlackInbound(
            me: me, slashCommand: options.slashCommand, heardBots: options.heardBots,
            handsOnEdits: options.handsOnEdits)
    }

    /// - Returns: whether it may be acknowledged.
    private func hand(_ draft: SlackInbound.Draft, to receiver: any InboundReceiver) async -> Bool {
        if seen.contains(draft.key) { return true }
        let message = await message(draft)
        do throws(CoreError) {
            try await receiver.receive(message)
            seen.insert(draft.key)
            return true
        } catch {
            health.note(error: "a message was not taken: \(error.message)")
            return false
        }
    }

    private func message(_ draft: SlackInbound.Draft) async -> InboundMessage {
        if let name = draft.userName { directory.learn(draft.user, name: name) }
        if let name = draft.channelName { directory.learn(draft.channel, name: name) }
        let names = await directory.names(
            users: draft.text.users.union([draft.user]),
            channels: draft.text.channels.union(draft.isDirect ? [] : [draft.channel]))
        let channelName = names[draft.channel].flatMap { $0 == draft.channel ? nil : $0 }
        return InboundMessage(
            key: MessageKey(adapter: options.name, eventID: draft.key),
            conversation: Conversation(adapter: options.name, channel: draft.channel, thread: draft.thread),
            sender: ChatPerson(adapter: options.name, id: draft.user, name: names[draft.user] ?? draft.user),
            text: draft.text.typed(names: names), platformID: draft.platformID, isAddressed: draft.isAddressed,
            sentAt: draft.sentAt, kind: draft.kind, isDirect: draft.isDirect, channelName: channelName,
            callback: draft.callback)
    }

    /// Over the socket it came by or, when that is gone, over the one that took its place.
    private func acknowledge(_ envelope: SlackEnvelope, over socket: SlackSocket) async {
        let frame = WebSocketMessage.text(envelope.acknowledgement)
        if (try? await socket.connection.send(frame)) != nil { return }
        try? await sockets.another(than: socket.id)?.connection.send(frame)
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
            for channel in (channels ?? []).sorted(by: { $0.hasPrefix("D") && !$1.hasPrefix("D") }) {
                await catchUp(channel, since: since, receiver)
            }
        }
    }

    private func catchUp(_ channel: String, since: Instant, _ receiver: any InboundReceiver) async {
        guard let me = me.current, !Task.isCancelled else { return }
        let inbound = inbound(me)
        let messages = await CatchUpQueue.patiently(clock: clock) { () async throws(PlatformFailure) in
            try await history.messages(channel: channel, since: since)
        }
        for message in messages ?? [] {
            guard let draft = inbound.message(message, channel: channel, channelType: nil), !seen.contains(draft.key)
            else { continue }
            await lanes.take(channel) { _ = await self.hand(draft, to: receiver) }
        }
    }
}

extension Instant? {
    /// This time or, when there is none, that of the last message that was stored.
    func orLast(of receiver: any InboundReceiver, _ adapter: AdapterName) async -> Instant? {
        if let self { return self }
        return await receiver.lastMessageAt(adapter: adapter)
    }
}
