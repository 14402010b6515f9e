import PetrelCore
import PetrelSystem
import Synchronization

/// Carries out what ``XMPPSession`` says, hands messages on, and sends stanzas.
final class XMPPSocket: Sendable {
    private static let pace = PaceLimit(perSecond: 2, burst: 8)
    private static let answerLimit = Duration.seconds(20)
    private static let loginLimit = Duration.seconds(60)
    /// Clocks differ a little, and what was on its way when the connection went is fetched again.
    private static let overlap = Duration.seconds(60)
    private static let maxPages = 20

    /// A message that an archive has.
    struct Archived: Sendable {
        var id: String
        var at: Instant?
        var message: XMLElement
    }

    private struct Page {
        /// Whose archive; nil for the bot's own.
        var room: String?
        var messages: [Archived] = []
    }

    private struct State {
        var session: XMPPSession
        var connection: WebSocketConnection?
        var isReady = false
        var hasBeenReady = false
        var lastHeard = Instant(microseconds: 0)
        var gapSince: Instant?
        var count = 0
        var pages: [String: Page] = [:]
        /// Where messages of ours that are not answered went, by their ids.
        var targets: [String: String] = [:]
    }

    private let options: XMPPOptions
    private let health: ConnectionHealth
    private let clock: any PetrelClock
    private let random: any RandomSource
    private let pacing: SendPacing
    private let state: Mutex<State>
    private let lanes = ChannelLanes()
    private let seen = SeenKeys()
    private let catchUps = CatchUpQueue()
    private let answers = PendingAnswers<XMLElement>()

    init(_ options: XMPPOptions, health: ConnectionHealth, clock: any PetrelClock, random: any RandomSource) {
        self.options = options
        self.health = health
        self.clock = clock
        self.random = random
        pacing = SendPacing(isPaced: options.isPaced, clock: clock)
        state = Mutex(State(session: XMPPSession(options, nonce: "")))
    }

    /// Runs until the task is cancelled.
    func run(receiver: any InboundReceiver) async {
        let loop = ConnectionLoop(health: health, clock: clock)
        await loop.run(seed: random.seed()) { isReady throws(PlatformFailure) in
            try await self.serve(receiver, isReady)
        }
    }

    // MARK: A connection

    private func serve(
        _ receiver: any InboundReceiver, _ isReady: @escaping @Sendable () -> Void
    ) async throws(PlatformFailure) {
        let connection = try await connect()
        let nonce = random.bytes(18).map { String($0, radix: 36) }.joined()
        let first = state.withLock { state in
            state.session = XMPPSession(options, nonce: nonce)
            (state.connection, state.isReady, state.pages) = (connection, false, [:])
            return state.session.begin()
        }
        var end: PlatformFailure?
        await withDiscardingTaskGroup { group in
            group.addTask { [clock] in
                try? await clock.sleep(for: Self.loginLimit)
                guard !Task.isCancelled, !self.state.withLock(\.isReady) else { return }
                await connection.close(code: 1000, reason: "")
            }
            do throws(PlatformFailure) {
                for action in first { try await perform(action, receiver, isReady, in: &group) }
                while let element = try await receive(connection) {
                    let actions = state.withLock { $0.session.handle(element) }
                    for action in actions { try await perform(action, receiver, isReady, in: &group) }
                }
            } catch { end = error }
            forget()
            try? await connection.send(.text(XMLElement("close", XMPPNames.framing).xml))
            await connection.close(code: 1000, reason: "")
            group.cancelAll()
        }
        if let end { throw end }
    }

    private func forget() {
        state.withLock { state in
            if state.isReady { state.gapSince = min(state.gapSince ?? state.lastHeard, state.lastHeard) }
            (state.connection, state.isReady, state.targets) = (nil, false, [:])
        }
        answers.answerAll(nil)
    }

    private func connect() async throws(PlatformFailure) -> WebSocketConnection {
        guard isConfidential(options.url) else {
            throw .denied("\(options.url) is not encrypted; use wss, or ws on this machine alone")
        }
        guard !options.user.isEmpty, !options.domain.isEmpty else {
            throw .denied("\"\(options.address)\" is no address such as petrel@example.com")
        }
        var request = WebSocketRequest(url: options.url)
        request.subprotocols = ["xmpp"]
        request.caFile = options.caFile
        request.maxMessageBytes = XMPPStanza.limits.maxBytes
        do throws(SystemError) { return try await WebSocketConnection.connect(request) } catch {
            throw PlatformFailure(connecting: error)
        }
    }

    private func receive(_ connection: WebSocketConnection) async throws(PlatformFailure) -> XMLElement? {
        while true {
            let message: WebSocketMessage?
            do throws(SystemError) { message = try await connection.receive() } catch { throw PlatformFailure(error) }
            guard let message else { return nil }
            let now = clock.now
            state.withLock { $0.lastHeard = now }
            health.noteEvent()
            guard case .text(let text) = message else {
                health.noteSkipped("the server sent a binary frame")
                continue
            }
            do throws(SystemError) { return try XMLReader.element(text, limits: XMPPStanza.limits) } catch {
                health.noteSkipped("the server sent a frame that can't be read: \(error.message)")
            }
        }
    }

    private func perform(
        _ action: XMPPSession.Action, _ receiver: any InboundReceiver, _ isReady: @Sendable () -> Void,
        in group: inout DiscardingTaskGroup
    ) async throws(PlatformFailure) {
        switch action {
        case .send(let element): try await send(element)
        case .ready:
            let now = clock.now
            let since = state.withLock { state -> Instant? in
                defer { (state.isReady, state.hasBeenReady, state.gapSince) = (true, true, nil) }
                return state.hasBeenReady ? state.gapSince ?? now : nil
            }
            isReady()
            group.addTask { await self.catchUp(since: since, receiver) }
        case .message(let message): await take(message, receiver, in: &group)
        case .answer(let id, let element): answers.answer(id, element)
        case .note(let error): health.note(error: error)
        case .fail(let failure): throw failure
        }
    }

    // MARK: Messages

    private func take(
        _ message: XMLElement, _ receiver: any InboundReceiver, in group: inout DiscardingTaskGroup
    ) async {
        if let result = message.first("result", XMPPNames.archive) { return collect(result, message) }
        if isAnswer(message) { return }
        switch inbound.reading(message) {
        case .message(let message):
            await lanes.take(message.conversation.channel, in: &group) { await self.hand(message, to: receiver) }
        case .unidentified(let room, let nick): noteUnidentified(room, nick)
        case .nothing: break
        }
    }

    private var inbound: XMPPInbound {
        let now = clock.now
        return state.withLock { state in
            XMPPInbound(
                options: options, nicks: state.session.nicks, occupants: state.session.occupants, now: now)
        }
    }

    private func noteUnidentified(_ room: String, _ nick: String) {
        health.noteSkipped(
            "\(room) does not show who \(nick) is, who was not listened to; make the bot a moderator there")
    }

    /// The echo or the refusal of a message of ours.
    private func isAnswer(_ message: XMLElement) -> Bool {
        guard let id = message["id"] else { return false }
        let from = XMPPAddress(message["from"] ?? "")
        let isOurs = state.withLock { state in
            guard message["type"] != "error" else {
                let target = state.targets[id]
                return target == from.bare || from.bare == options.domain || target?.hasSuffix("@" + from.bare) == true
            }
            return message["type"] == "groupchat" && from.resource != nil
                && state.session.nicks[from.bare] == from.resource
        }
        guard isOurs else { return message["type"] == "error" }
        answers.answer(id, message)
        return true
    }

    private func hand(_ message: InboundMessage, to receiver: any InboundReceiver) async {
        guard !seen.contains(message.key.eventID) else { return }
        do throws(CoreError) {
            try await receiver.receive(message)
            seen.insert(message.key.eventID)
        } catch {
            health.note(error: "a message was not taken: \(error.message)")
        }
    }

    // MARK: History

    private func catchUp(since: Instant?, _ receiver: any InboundReceiver) async {
        guard let from = await since.orLast(of: receiver, options.name) else { return }
        let oldest = clock.now - options.historyAge
        await catchUps.run(since: max(from - Self.overlap, oldest)) { since in
            let rooms = state.withLock { Array($0.session.nicks.keys) }
            // Direct conversations first: who writes there waits for an answer.
            for room in [nil] + rooms.sorted().map(Optional.some) {
                await catchUp(room: room, since: since, receiver)
            }
        }
    }

    private func catchUp(room: String?, since: Instant, _ receiver: any InboundReceiver) async {
        let found = await CatchUpQueue.patiently(clock: clock) { () async throws(PlatformFailure) in
            try await archived(room: room, since: since)
        }
        for archived in (found ?? nil) ?? [] {
            let reading = inbound.reading(archived.message, archiveID: archived.id, room: room, at: archived.at)
            switch reading {
            case .message(let message):
                await lanes.take(message.conversation.channel) { await self.hand(message, to: receiver) }
            case .unidentified(let room, let nick): noteUnidentified(room, nick)
            case .nothing: break
            }
        }
    }

    /// What an archive has since a time, oldest first.
    /// - Parameter room: whose; nil for the bot's own.
    /// - Returns: nil when the server keeps no archive there.
    func archived(
        room: String?, since: Instant, with peer: String? = nil
    ) async throws(PlatformFailure) -> [Archived]? {
        var found: [Archived] = []
        var after: String?
        for _ in 0..<Self.maxPages {
            let id = nextID("history")
            state.withLock { $0.pages[id] = Page(room: room) }
            defer { state.withLock { $0.pages[id] = nil } }
            let query = XMPPStanza.history(id: id, of: room, since: since, after: after, with: peer)
            let answer = try await answers.ask(id, within: Self.answerLimit, clock: clock) {
                () throws(PlatformFailure) in try await send(query)
            }
            guard let answer else { throw .notSent("the server's archive did not answer") }
            guard answer["type"] == "result" else { return nil }
            let fin = answer.first("fin", XMPPNames.archive)
            found += state.withLock { $0.pages[id]?.messages ?? [] }
            after = fin?.first("set", XMPPNames.resultSet)?.first("last", XMPPNames.resultSet)?.text
            if fin?["complete"] == "true" || after == nil { break }
        }
        return found
    }

    private func collect(_ result: XMLElement, _ message: XMLElement) {
        guard let queryID = result["queryid"], let id = result["id"],
            let forwarded = result.first("forwarded", XMPPNames.forward),
            let inner = forwarded.first("message", XMPPNames.client)
        else { return }
        let from = message["from"].map { XMPPAddress($0).bare }
        let at = forwarded.first("delay", XMPPNames.delay)?["stamp"].flatMap(Instant.init)
        state.withLock { state in
            // Nobody else's word counts for what is in an archive.
            guard let page = state.pages[queryID], (from ?? options.address) == (page.room ?? options.address),
                page.messages.count < 1000
            else { return }
            state.pages[queryID]?.messages.append(Archived(id: id, at: at, message: inner))
        }
    }

    // MARK: Sending

    /// The nicks of those in a room but the bot's.
    func names(in room: String) -> [String] { state.withLock { $0.session.names(in: room) } }

    /// The nick that the bot has in a room.
    func nick(in room: String) -> String { state.withLock { $0.session.nicks[room] } ?? options.nick }

    /// Sends a message and waits until the room has passed it on, or until the server has dealt with it.
    func post(_ text: String, id: String, to target: String, isRoom: Bool) async throws(PlatformFailure) {
        try await pacing.wait(target, Self.pace)
        let (isReady, isThere) = state.withLock { ($0.isReady, !isRoom || $0.session.isIn(target)) }
        guard isReady else { throw .notSent("there is no connection to the server") }
        guard isThere else {
            throw .refused(code: "not_in_room", message: "Petrel is not in the room \(target); see the setting rooms")
        }
        state.withLock { $0.targets[id] = target }
        defer { state.withLock { $0.targets[id] = nil } }
        let answer = try await answers.ask(id, within: Self.answerLimit, clock: clock) { () throws(PlatformFailure) in
            try await send(XMPPStanza.message(text, id: id, to: target, isRoom: isRoom))
            guard !isRoom else { return }
            // Servers answer in order: after this answer they have dealt with the message.
            let ping = XMLElement("ping", XMPPNames.ping)
            do throws(PlatformFailure) {
                try await send(XMPPStanza.query("get", id: id, to: options.domain, ping))
            } catch { throw .doubtful(error.text) }
        }
        guard let answer else { throw .doubtful("the server did not answer") }
        guard answer.name == "message", let error = answer.stanzaError else { return }
        if error.type == "wait" { throw .limited(after: .seconds(5)) }
        throw .refused(code: error.condition, message: "\(target): \(error.text)")
    }

    private func nextID(_ what: String) -> String {
        state.withLock { state in
            state.count += 1
            return "petrel-\(what)-\(state.count)"
        }
    }

    private func send(_ element: XMLElement) async throws(PlatformFailure) {
        guard let connection = state.withLock(\.connection) else {
            throw .notSent("there is no connection to the server")
        }
        do throws(SystemError) { try await connection.send(.text(element.xml)) } catch { throw PlatformFailure(error) }
    }
}
