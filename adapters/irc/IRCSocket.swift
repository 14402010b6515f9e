import PetrelCore
import PetrelSystem
import Synchronization

/// Carries out what ``IRCSession`` says, hands messages on, and sends lines.
final class IRCSocket: Sendable {
    /// Networks cut off who says more.
    private static let pace = PaceLimit(perSecond: 1, burst: 6)
    private static let answerLimit = Duration.seconds(20)
    private static let loginLimit = Duration.seconds(60)
    /// What was said longer before the connection began is a channel's memory, which nobody says again.
    private static let clockDifference = Duration.seconds(30)
    private static let complaintPause = Duration.seconds(60)

    private struct State {
        var session: IRCSession
        var connection: WebSocketConnection?
        var isReady = false
        var beganAt = Instant(microseconds: 0)
        /// The words of PINGs that follow posts, by the folded target of the post.
        var posting: [String: [String]] = [:]
        var count = 0
        /// When somebody was last told to log in.
        var complaints = RecentMap<String, Instant>(capacity: 256)
        /// The nick by which a person was last heard.
        var nicks = RecentMap<String, String>(capacity: 4096)
    }

    private let options: IRCOptions
    private let health: ConnectionHealth
    private let clock: any PetrelClock
    private let random: any RandomSource
    private let pacing: SendPacing
    private let state: Mutex<State>
    private let lanes = ChannelLanes()
    private let seen = SeenKeys()
    private let pongs = PendingAnswers<Outcome>()
    /// The account of a nick, empty for none.
    private let accounts = PendingAnswers<String>()

    /// What came of lines that were sent.
    private enum Outcome: Sendable {
        case dealtWith
        case failed(PlatformFailure)
    }

    /// What is made of something that was heard.
    private enum Reading {
        case message(InboundMessage)
        /// Its sender is told to log in.
        case unidentified(nick: String)
        case nothing
    }

    init(_ options: IRCOptions, health: ConnectionHealth, clock: any PetrelClock, random: any RandomSource) {
        self.options = options
        self.health = health
        self.clock = clock
        self.random = random
        pacing = SendPacing(isPaced: options.isPaced, clock: clock)
        state = Mutex(State(session: IRCSession(options)))
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
        let now = clock.now
        let first = state.withLock { state in
            state.session = IRCSession(options)
            (state.connection, state.isReady, state.beganAt) = (connection, false, now)
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
                while let message = try await receive(connection) {
                    for action in take(message) { try await perform(action, receiver, isReady, in: &group) }
                }
            } catch { end = error }
            state.withLock { state in
                (state.connection, state.isReady, state.posting) = (nil, false, [:])
            }
            pongs.answerAll(.failed(.doubtful("the connection ended before the server answered")))
            accounts.answerAll(nil)
            await connection.close(code: 1000, reason: "")
            group.cancelAll()
        }
        if let end { throw end }
    }

    private func connect() async throws(PlatformFailure) -> WebSocketConnection {
        guard isConfidential(options.url) else {
            throw .denied("\(options.url) is not encrypted; use wss, or ws on this machine alone")
        }
        var request = WebSocketRequest(url: options.url)
        // Some servers let in only who names one.
        request.headers = [(name: "Origin", value: "https" + options.url.drop { $0 != ":" })]
        request.subprotocols = ["text.ircv3.net"]
        request.caFile = options.caFile
        request.maxMessageBytes = IRCLine.maxBytes
        do throws(SystemError) { return try await WebSocketConnection.connect(request) } catch {
            throw PlatformFailure(connecting: error)
        }
    }

    private func receive(_ connection: WebSocketConnection) async throws(PlatformFailure) -> IRCLine? {
        while true {
            let message: WebSocketMessage?
            do throws(SystemError) { message = try await connection.receive() } catch {
                throw PlatformFailure(error)
            }
            guard let message else { return nil }
            health.noteEvent()
            let text =
                switch message {
                case .text(let text): text
                case .binary(let bytes): String(decoding: bytes, as: UTF8.self)
                }
            if let line = IRCLine(text) { return line }
            if !text.isEmpty { health.noteSkipped("the server sent a line that can't be read") }
        }
    }

    private func take(_ line: IRCLine) -> [IRCSession.Action] { state.withLock { $0.session.handle(line) } }

    private func perform(
        _ action: IRCSession.Action, _ receiver: any InboundReceiver, _ isReady: @Sendable () -> Void,
        in group: inout DiscardingTaskGroup
    ) async throws(PlatformFailure) {
        switch action {
        case .send(let line): try await send(line)
        case .ready:
            state.withLock { $0.isReady = true }
            isReady()
        case .heard(let heard): await take(heard, receiver, in: &group)
        case .pong(let word): pongs.answer(word, .dealtWith)
        case .undeliverable(let target, let code, let reason):
            let words = state.withLock { $0.posting[$0.session.casing.folded(target)] ?? [] }
            let failure = PlatformFailure.refused(code: code, message: "\(target): \(reason)")
            for word in words { pongs.answer(word, .failed(failure)) }
        case .account(let nick, let account):
            accounts.answer(state.withLock { $0.session.casing.folded(nick) }, account ?? "")
        case .note(let error): health.note(error: error)
        case .fail(let failure): throw failure
        }
    }

    // MARK: Messages

    private func take(
        _ heard: IRCSession.Heard, _ receiver: any InboundReceiver, in group: inout DiscardingTaskGroup
    ) async {
        guard !heard.isFromProgram, !isOld(heard) else { return }
        switch reading(heard) {
        case .message(let message): await hand(message, receiver, in: &group)
        case .unidentified(let nick): await complain(to: nick)
        case .nothing: break
        }
    }

    private func hand(
        _ message: InboundMessage, _ receiver: any InboundReceiver, in group: inout DiscardingTaskGroup
    ) async {
        await lanes.take(message.conversation.channel, in: &group) {
            guard !self.seen.contains(message.key.eventID) else { return }
            do throws(CoreError) {
                try await receiver.receive(message)
                self.seen.insert(message.key.eventID)
            } catch {
                self.health.note(error: "a message was not taken: \(error.message)")
            }
        }
    }

    /// A channel that remembers tells what was said before; with the server's id it is known what of that is new.
    private func isOld(_ heard: IRCSession.Heard) -> Bool {
        guard heard.id == nil, let at = heard.at else { return false }
        return at < state.withLock(\.beganAt) - Self.clockDifference
    }

    private func reading(_ heard: IRCSession.Heard) -> Reading {
        let (session, own) = state.withLock { ($0.session, $0.session.nick) }
        let isDirect = !IRCSession.isChannel(heard.target)
        let typed = IRCText.typed(heard.text).trimmingBlanksAtEnds()
        let afterName = NickCalls.afterName(own, in: typed)
        let text = afterName ?? typed
        guard !text.isEmpty || afterName != nil else { return .nothing }
        guard let person = person(heard, session.casing) else {
            let isAsked = isDirect || afterName != nil || typed.hasPrefix(options.prefix)
            return isAsked ? .unidentified(nick: heard.nick) : .nothing
        }
        state.withLock { $0.nicks.set(person, heard.nick) }
        let channel = isDirect ? person : session.casing.folded(heard.target)
        let id = heard.id ?? random.bytes(12).map { String($0, radix: 16) }.joined()
        let message = InboundMessage(
            key: MessageKey(adapter: options.name, eventID: "\(channel) \(id)"),
            conversation: Conversation(adapter: options.name, channel: channel),
            sender: ChatPerson(adapter: options.name, id: person, name: heard.nick), text: text, platformID: id,
            isAddressed: isDirect || afterName != nil, sentAt: heard.at ?? clock.now, isDirect: isDirect,
            channelName: isDirect ? nil : String(heard.target.dropFirst()))
        return .message(message)
    }

    private func person(_ heard: IRCSession.Heard, _ casing: IRCCase) -> String? {
        switch options.identity {
        case .account: heard.account.map(casing.folded)
        case .nick: "nick:" + casing.folded(heard.nick)
        }
    }

    /// Tells somebody, once a minute at most, why nothing happens.
    private func complain(to nick: String) async {
        let now = clock.now
        let isFirst = state.withLock { state in
            if let last = state.complaints[nick], now - last < Self.complaintPause { return false }
            state.complaints.set(nick, now)
            return true
        }
        guard isFirst else { return }
        health.noteSkipped("\(nick) is not logged in to services and was not listened to")
        let text = "I listen only to people who are logged in to services here. Log in, then say it again."
        try? await send("NOTICE \(nick) :\(text)")
    }

    // MARK: Sending

    /// The nicks of those in a channel but the bot's.
    func names(in channel: String) -> [String] { state.withLock { $0.session.names(in: channel) } }

    /// The nick that the bot has.
    var nick: String { state.withLock(\.session.nick) }

    /// How many bytes of text one line to a channel or nick holds, after all that the server puts before it.
    func room(for target: String) -> Int {
        let (length, nick) = state.withLock { ($0.session.lineLength, $0.session.nick) }
        // `:nick!user@host PRIVMSG target :` with the longest user and host, and the line's end.
        return max(100, length - nick.utf8.count - 80 - "PRIVMSG  :".utf8.count - target.utf8.count - 2)
    }

    /// Sends lines to a channel or nick, and waits until the server has dealt with them.
    func post(_ lines: [String], to target: String) async throws(PlatformFailure) {
        for _ in lines { try await pacing.wait("", Self.pace) }
        let (word, folded) = state.withLock { state in
            state.count += 1
            let folded = state.session.casing.folded(target)
            state.posting[folded, default: []].append("petrel-\(state.count)")
            return ("petrel-\(state.count)", folded)
        }
        defer { state.withLock { $0.posting[folded]?.removeAll { $0 == word } } }
        let outcome = try await pongs.ask(word, within: Self.answerLimit, clock: clock) { () throws(PlatformFailure) in
            guard state.withLock({ $0.isReady && $0.connection != nil }) else {
                throw .notSent("there is no connection to the server")
            }
            var hasSent = false
            for line in lines.map({ "PRIVMSG \(target) :\($0)" }) + ["PING :\(word)"] {
                do throws(PlatformFailure) { try await send(line) } catch {
                    throw hasSent ? .doubtful(error.text) : error
                }
                hasSent = true
            }
        }
        switch outcome {
        case .dealtWith: return
        case .failed(let failure): throw failure
        case nil: throw .doubtful("the server did not answer within 20 s")
        }
    }

    /// The nick under which a person is here now; a nick alone proves nothing, so the server is asked for its account.
    func nick(of person: String, lastSeenAs name: String) async throws(PlatformFailure) -> String {
        let (known, casing) = state.withLock { ($0.nicks[person], $0.session.casing) }
        if options.identity == .nick { return known ?? String(person.dropFirst("nick:".count)) }
        var tried: Set<String> = []
        for nick in [known, name, person].compactMap(\.self) {
            guard !nick.isEmpty, !nick.contains(where: { " ,:!@".contains($0) }), tried.insert(nick).inserted else {
                continue
            }
            if try await account(of: nick).map(casing.folded) == person { return nick }
        }
        throw .refused(code: "not_here", message: "nobody here is logged in as \(person)")
    }

    private func account(of nick: String) async throws(PlatformFailure) -> String? {
        let key = state.withLock { $0.session.casing.folded(nick) }
        let account = try await accounts.ask(key, within: Self.answerLimit, clock: clock) {
            () throws(PlatformFailure) in try await send("WHOIS \(nick)")
        }
        guard let account else { throw .notSent("the server did not say who \(nick) is") }
        return account.isEmpty ? nil : account
    }

    private func send(_ line: String) async throws(PlatformFailure) {
        guard let connection = state.withLock(\.connection) else {
            throw .notSent("there is no connection to the server")
        }
        // One line is one command, whatever a name may hold.
        let line = String(line.unicodeScalars.prefix { $0 != "\r" && $0 != "\n" && $0 != "\0" })
        do throws(SystemError) { try await connection.send(.text(line)) } catch { throw PlatformFailure(error) }
    }
}
