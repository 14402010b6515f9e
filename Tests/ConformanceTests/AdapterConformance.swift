import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

/// What every chat adapter must do: the sentences of PetrelCore/Ports/ChatAdapter.swift, one check each.
///
/// A check of something that the adapter's capabilities deny, or that its stage can't show, is passed over.
struct AdapterConformance {
    let stage: any AdapterStage
    private let ids = SystemIDs()

    private var adapter: any ChatAdapter { stage.adapter }
    private var capabilities: ChatCapabilities { adapter.capabilities }

    // MARK: Coming in

    func handsOn() async throws {
        guard stage.canSpeak else { return }
        let message = try await heard("!date now", .channel)
        #expect(message.key.adapter == adapter.name && message.conversation.adapter == adapter.name)
        #expect(!message.key.eventID.isEmpty && !message.sender.id.isEmpty && !message.sender.name.isEmpty)
        #expect(!message.isAddressed && !message.isDirect && message.kind == .message)
        #expect(adapter.health.state == .connected)
    }

    func knowsWhenItIsAddressed() async throws {
        guard stage.canSpeak else { return }
        let direct = try await heard("date in private", .direct)
        #expect(direct.isAddressed)
        guard stage.canMention else { return }
        #expect(try await heard("date please", .mention).isAddressed)
    }

    func keepsQuotesAndBlanks() async throws {
        guard stage.canSpeak else { return }
        let texts = [
            "!say “a” ‘b’\u{A0}c", "!say ```\n  x\n```", "!say <a> & &amp; b|c", "!say @nobody #nowhere *x*",
        ]
        for text in texts where stage.canSpeakLines || !text.contains("\n") {
            _ = try await heard(text, .channel)
        }
    }

    func keepsTheOrderOfAChannel() async throws {
        guard stage.canSpeak else { return }
        for number in 0..<30 { try await stage.say("!n \(number)", .channel) }
        try #require(await comesToHold { stage.receiver.messages.count >= 30 })
        #expect(stage.receiver.texts.filter { $0.hasPrefix("!n ") } == (0..<30).map { "!n \($0)" })
    }

    func leavesOutItselfAndBots() async throws {
        guard stage.canSpeak else { return }
        let message = try await heard("!first", .channel)
        _ = await adapter.send(post("date", to: message))
        if stage.canSpeakAsBot { try await stage.say("!by a bot", .bot) }
        _ = try await heard("!last", .channel)
        #expect(stage.receiver.texts == ["!first", "!last"])
    }

    func stopsALoopOfBots() async throws {
        guard stage.canSpeakAsBot else { return }
        let message = try await heard("!first", .channel)
        // The other bot answers whatever it sees with a command.
        for number in 0..<5 {
            _ = await adapter.send(post("!ping \(number)", to: message))
            try await stage.say("!pong \(number)", .bot)
        }
        _ = try await heard("!last", .channel)
        #expect(stage.receiver.texts == ["!first", "!last"])
    }

    func givesOneKeyToOneMessage() async throws {
        for disturbance in stage.disturbances where disturbance.isRedelivery {
            try await stage.disturb(disturbance)
            _ = try await heard("!once \(disturbance)", .channel)
        }
        guard stage.canSpeak else { return }
        _ = try await heard("!end", .channel)
        #expect(Set(stage.receiver.texts).count == stage.receiver.texts.count)
    }

    func acknowledgesAfterTakingIn() async throws {
        guard stage.redeliversWhatWasNotTaken else { return }
        stage.receiver.refuse(1)
        _ = try await heard("!again", .channel)
    }

    func comesBackFromEveryCut() async throws {
        for cut in stage.disturbances where !cut.isRedelivery {
            try await stage.disturb(cut)
            _ = try await heard("!after \(cut)", .channel)
        }
        #expect(Set(stage.receiver.texts).count == stage.receiver.texts.count)
    }

    func fetchesWhatItMissed() async throws {
        guard capabilities.hasHistory, stage.canSpeak else { return }
        _ = try await heard("!before", .channel)
        try await stage.leave()
        for number in 0..<10 { try await stage.say("!missed \(number)", .channel) }
        try await stage.comeBack()
        for number in 0..<10 { #expect(await stage.receiver.message("!missed \(number)") != nil) }
        #expect(Set(stage.receiver.texts).count == stage.receiver.texts.count)
    }

    // MARK: Going out

    func deliversAndFinds() async throws {
        let post = post("hello", to: try await asked())
        #expect(await adapter.find(post) == .absent)
        guard case .delivered(let id) = await adapter.send(post) else {
            Issue.record("the post was not delivered")
            return
        }
        #expect(!id.isEmpty)
        guard capabilities.findsDeliveries else { return }
        guard case .delivered(let found) = await adapter.find(post) else {
            Issue.record("the post was not found")
            return
        }
        if stage.canSpeak { #expect(found == id) }
    }

    func takesTheLongestPost() async throws {
        let text = String(repeating: "x", count: capabilities.maxPostCharacters)
        guard case .delivered = await adapter.send(post(text, to: try await asked())) else {
            Issue.record("a post of the longest length was not delivered")
            return
        }
    }

    func takesAnyText() async throws {
        let message = try await asked()
        for text in ["", " \n", "\u{1B}[31mred", "@channel", "``` open", "é😀\u{202E}", "\u{0}", "<!here>", "\u{200B}"] {
            guard case .delivered = await adapter.send(post(text, to: message)) else {
                Issue.record("\(text.debugDescription) was not delivered")
                continue
            }
        }
    }

    func losesNothingOfALongText() async throws {
        guard stage.canSpeak else { return }
        let rows = (0..<900).map { "row \($0) of many" }
        let text = "```\n" + rows.joined(separator: "\n") + "\n```"
        _ = await adapter.send(post(text, to: try await asked()))
        let shown = try await stage.posts().map(\.text).joined(separator: "\n").split(separator: "\n").map(String.init)
        let files = try await stage.posts().flatMap(\.files)
        #expect(!files.isEmpty || shown.filter { $0.hasPrefix("row") } == rows)
    }

    func answersInPlace() async throws {
        guard stage.canSpeak else { return }
        let message = try await heard("!where", .channel)
        _ = await adapter.send(post("in the channel", to: message))
        let inChannel = try #require(try await shown("in the channel"))
        #expect(inChannel.channel == message.conversation.channel && inChannel.thread == nil)
        guard capabilities.hasThreads, stage.showsThreads else { return }
        _ = await adapter.send(post("in a thread", to: message) { $0.placement = .thread })
        #expect(try await shown("in a thread")?.thread == message.platformID)
        let below = try await heard("!below", .thread(message.platformID))
        #expect(below.conversation.thread == message.platformID)
        _ = await adapter.send(post("still there", to: below))
        #expect(try await shown("still there")?.thread == message.platformID)
        _ = await adapter.send(post("up again", to: below) { $0.placement = .channel })
        #expect(try await shown("up again")?.thread == nil)
    }

    func answersInPrivate() async throws {
        guard stage.canSpeak else { return }
        let message = try await heard("!whisper", .channel)
        if capabilities.hasDirectConversations {
            _ = await adapter.send(post("to you", to: message) { $0.placement = .direct })
            #expect(try await shown("to you")?.channel != message.conversation.channel)
        }
        guard capabilities.canPostEphemeral else { return }
        let post = post("for your eyes", to: message) { $0.isEphemeral = true }
        _ = await adapter.send(post)
        #expect(try await shown("for your eyes")?.seenBy == message.sender.id)
        #expect(await adapter.find(post) == .absent)
    }

    func changesPosts() async throws {
        guard capabilities.canEdit, stage.canSpeak else { return }
        let message = try await heard("!change", .channel)
        let ack = post("running", to: message)
        guard case .delivered(let id) = await adapter.send(ack) else { throw StageError.notDelivered }
        let result = post("done", to: message) { $0.replaces = EarlierPost(id: ack.id, platformID: id) }
        #expect(await adapter.send(result) == .delivered(id: id))
        #expect(try await stage.posts().map(\.text) == ["done"])
        #expect(await adapter.find(result) == .delivered(id: id))
        let late = post("late", to: message) { $0.replaces = EarlierPost(id: result.id) }
        #expect(await adapter.send(late) == .delivered(id: id))
    }

    func sendsFiles() async throws {
        guard capabilities.takesFiles, stage.canSpeak else { return }
        let file = PostFile(name: "report.csv", bytes: Array("a,b\n1,2\n".utf8))
        let post = post("see the file", to: try await heard("!file", .channel)) { $0.file = file }
        guard case .delivered = await adapter.send(post) else { throw StageError.notDelivered }
        #expect(try await stage.posts().flatMap(\.files).count == 1)
    }

    func callsNobody() async throws {
        guard stage.canSpeak else { return }
        let message = try await heard("!quiet", .channel)
        for text in ["@here", "<!channel>", "<@U0USER0001>", "@all", "a.@user0", "`@here`", "```\n@channel\n```"] {
            _ = await adapter.send(post(text, to: message))
        }
        #expect(try await stage.pings() == 0)
        guard let call = stage.mention else { return }
        _ = await adapter.send(post(call, to: message) { $0.allowsMentions = true })
        #expect(try await stage.pings() == 1)
    }

    func obeysLimits() async throws {
        guard stage.canLimit else { return }
        let message = try await heard("!limit", .channel)
        try await stage.limitNextSend(seconds: 1)
        guard case .retry(.seconds(1), _) = await adapter.send(post("limited", to: message)) else {
            Issue.record("a limit is no retry after its time")
            return
        }
        for number in 0..<3 { await deliver(post("post \(number)", to: message)) }
        #expect(try await stage.posts().map(\.text) == ["post 0", "post 1", "post 2"])
    }

    func doublesNoDoubtfulSend() async throws {
        guard stage.canHangUp, capabilities.findsDeliveries else { return }
        let message = try await heard("!doubt", .channel)
        try await stage.hangUpAfterSends(probability: 0.3)
        for number in 0..<40 { await deliver(post("post \(number)", to: message)) }
        #expect(try await stage.posts().map(\.text) == (0..<40).map { "post \($0)" })
    }

    func endsWhenCancelled() async throws { try await stage.leave() }

    // MARK: Pieces

    /// Says something and waits until it is handed on.
    private func heard(_ text: String, _ how: StageSaying) async throws -> InboundMessage {
        try await stage.say(text, how)
        let message = await stage.receiver.message(text)
        return try #require(message, "\"\(text)\" was not handed on; \(adapter.health)")
    }

    /// A message to be answered, where nobody can speak an invented one.
    private func asked() async throws -> InboundMessage {
        stage.canSpeak ? try await heard("!ask", .channel) : Samples.message("x", adapter: adapter.name)
    }

    private func shown(_ text: String) async throws -> StagePost? {
        try await stage.posts().first { $0.text == text }
    }

    private func post(
        _ text: String, to message: InboundMessage, _ change: (inout OutboundPost) -> Void = { _ in }
    ) -> OutboundPost {
        var post = OutboundPost(
            id: ids.make(), to: ReplyAddress(to: message), kind: .answer, text: text, isFinal: true)
        change(&post)
        return post
    }

    /// Sends as the outbox does.
    private func deliver(_ post: OutboundPost) async {
        var isDoubtful = false
        for _ in 0..<100 {
            if isDoubtful, case .delivered = await adapter.find(post) { return }
            switch await adapter.send(post) {
            case .delivered, .refused: return
            case .retry(let pause, _): try? await SystemClock().sleep(for: pause)
            case .doubtful: break
            }
            isDoubtful = true
        }
    }
}

@Suite("A chat adapter keeps the promises of its port", .timeLimit(.minutes(5)))
struct AdapterConformanceTests {
    private func check(
        _ kind: StageKind, _ body: (AdapterConformance) async throws -> Void
    ) async throws {
        let stage = try await kind.stage()
        try await body(AdapterConformance(stage: stage))
        try await stage.leave()
    }

    @Test("a message is handed on with who said it, where and when", arguments: StageKind.offered)
    func handsOn(_ kind: StageKind) async throws { try await check(kind) { try await $0.handsOn() } }

    @Test("a direct message or a mention is addressed to the bot", arguments: StageKind.offered)
    func addressed(_ kind: StageKind) async throws { try await check(kind) { try await $0.knowsWhenItIsAddressed() } }

    @Test("a text comes as it was typed, quotes and blanks included", arguments: StageKind.offered)
    func typed(_ kind: StageKind) async throws { try await check(kind) { try await $0.keepsQuotesAndBlanks() } }

    @Test("the messages of a channel come in their order", arguments: StageKind.offered)
    func order(_ kind: StageKind) async throws { try await check(kind) { try await $0.keepsTheOrderOfAChannel() } }

    @Test("the bot's own messages and those of other bots are left out", arguments: StageKind.offered)
    func own(_ kind: StageKind) async throws { try await check(kind) { try await $0.leavesOutItselfAndBots() } }

    @Test("two bots don't talk each other into a loop", arguments: StageKind.offered)
    func loop(_ kind: StageKind) async throws { try await check(kind) { try await $0.stopsALoopOfBots() } }

    @Test("a message has one key, however often it is delivered", arguments: StageKind.offered)
    func oneKey(_ kind: StageKind) async throws { try await check(kind) { try await $0.givesOneKeyToOneMessage() } }

    @Test("what was not taken in is not acknowledged", arguments: StageKind.offered)
    func acknowledged(_ kind: StageKind) async throws {
        try await check(kind) { try await $0.acknowledgesAfterTakingIn() }
    }

    @Test("after every kind of cut the adapter is back, and nothing is lost or doubled", arguments: StageKind.offered)
    func cuts(_ kind: StageKind) async throws { try await check(kind) { try await $0.comesBackFromEveryCut() } }

    @Test("what was said while nobody listened is handed on at the next start", arguments: StageKind.offered)
    func missed(_ kind: StageKind) async throws { try await check(kind) { try await $0.fetchesWhatItMissed() } }

    @Test("a post is delivered once and found again by its id", arguments: StageKind.offered)
    func delivers(_ kind: StageKind) async throws { try await check(kind) { try await $0.deliversAndFinds() } }

    @Test("a post of the longest declared length is taken", arguments: StageKind.offered)
    func longest(_ kind: StageKind) async throws { try await check(kind) { try await $0.takesTheLongestPost() } }

    @Test("any text is taken", arguments: StageKind.offered)
    func anyText(_ kind: StageKind) async throws { try await check(kind) { try await $0.takesAnyText() } }

    @Test("a long text arrives whole, in as many messages as it takes", arguments: StageKind.offered)
    func longText(_ kind: StageKind) async throws { try await check(kind) { try await $0.losesNothingOfALongText() } }

    @Test("an answer stands in the channel or the thread where it was asked for", arguments: StageKind.offered)
    func inPlace(_ kind: StageKind) async throws { try await check(kind) { try await $0.answersInPlace() } }

    @Test("an answer can go to the asker alone", arguments: StageKind.offered)
    func inPrivate(_ kind: StageKind) async throws { try await check(kind) { try await $0.answersInPrivate() } }

    @Test("a post takes the place of an earlier one", arguments: StageKind.offered)
    func changes(_ kind: StageKind) async throws { try await check(kind) { try await $0.changesPosts() } }

    @Test("a file goes with a post", arguments: StageKind.offered)
    func files(_ kind: StageKind) async throws { try await check(kind) { try await $0.sendsFiles() } }

    @Test("nothing in a text mentions anybody unless the post allows it", arguments: StageKind.offered)
    func mentions(_ kind: StageKind) async throws { try await check(kind) { try await $0.callsNobody() } }

    @Test("the platform's limits are obeyed, in order", arguments: StageKind.offered)
    func limits(_ kind: StageKind) async throws { try await check(kind) { try await $0.obeysLimits() } }

    @Test("a send in doubt is neither lost nor doubled", arguments: StageKind.offered)
    func doubts(_ kind: StageKind) async throws { try await check(kind) { try await $0.doublesNoDoubtfulSend() } }

    @Test("the connection ends with its task", arguments: StageKind.offered)
    func ends(_ kind: StageKind) async throws { try await check(kind) { try await $0.endsWhenCancelled() } }
}
