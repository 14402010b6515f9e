public import PetrelCore
public import PetrelEngine

/// Posts the questions of inquiries, and takes the answers that people give in the same conversation.
///
/// It asks the store which inquiries nobody was asked about; the events only shorten the wait.
public struct Questions: Sendable {
    private static let batch = 64

    private let store: any Storage
    private let inquiries: Inquiries
    private let access: Access
    private let adapters: [AdapterName]
    private let prefix: String
    private let events: EventHub
    private let clock: any PetrelClock
    private let ids: any IDSource

    /// The stage over its neighbours.
    /// - Parameter adapters: the chats that are connected, to which a route may lead.
    public init(
        store: any Storage, inquiries: Inquiries, access: Access, adapters: [AdapterName], prefix: String,
        events: EventHub, clock: any PetrelClock, ids: any IDSource
    ) {
        self.store = store
        self.inquiries = inquiries
        self.access = access
        self.adapters = adapters
        self.prefix = prefix
        self.events = events
        self.clock = clock
        self.ids = ids
    }

    // MARK: Asking

    /// Asks what is to be asked until the task is cancelled.
    public func run() async {
        await wake(on: events, clock: clock, where: { if case .questionOwed = $0 { true } else { false } }) {
            await askAll()
            return nil
        }
    }

    /// Asks everything that is to be asked now.
    public func askAll() async {
        while !Task.isCancelled {
            guard let unasked = try? await store.unaskedInquiries(limit: Self.batch), !unasked.isEmpty else { return }
            var hasAsked = false
            for question in unasked where await ask(question) { hasAsked = true }
            if !hasAsked || unasked.count < Self.batch { return }
        }
    }

    private func ask(_ question: UnaskedInquiry) async -> Bool {
        let text = text(of: question.inquiry)
        let posts = places(of: question).map { place in
            OutboundPost(
                id: ids.make(), to: place, kind: .notice, text: text, execution: question.inquiry.id, isFinal: false)
        }
        let isSettled = try? await store.settleQuestion(question.inquiry.id, posts: posts, at: clock.now)
        for adapter in Set(posts.map(\.to.conversation.adapter)) { events.publish(.postsQueued(adapter)) }
        return isSettled ?? false
    }

    /// The conversation in which it all began, and the channel that the route names.
    private func places(of question: UnaskedInquiry) -> [ReplyAddress] {
        var places: [ReplyAddress] = []
        if let origin = question.root.replyTo { places.append(origin) }
        let home = question.root.replyTo?.conversation.adapter
        if let channel = channel(question.inquiry.result?["route"]?.string ?? "", home: home),
            channel.channel != places.first?.conversation.channel || channel.adapter != home
        {
            let key = MessageKey(adapter: channel.adapter, eventID: "inquiry-\(question.inquiry.id)")
            places.append(
                ReplyAddress(
                    conversation: channel, message: key, platformID: "",
                    person: ChatPerson(adapter: channel.adapter, id: "", name: "")))
        }
        return places
    }

    /// `ADAPTER:CHANNEL`, or `#CHANNEL` where the workflow was started; other routes are words for rules.
    private func channel(_ route: String, home: AdapterName?) -> Conversation? {
        if let colon = route.firstIndex(of: ":"), adapters.contains(String(route[..<colon])) {
            let channel = String(route[route.index(after: colon)...])
            return channel.isEmpty ? nil : Conversation(adapter: String(route[..<colon]), channel: channel)
        }
        guard route.hasPrefix("#"), route.count > 1 else { return nil }
        return (home ?? (adapters.count == 1 ? adapters[0] : nil)).map { Conversation(adapter: $0, channel: route) }
    }

    private func text(of inquiry: Execution) -> String {
        let answer = InquiryAnswer(schema: inquiry.result?["schema"] ?? [:])
        let task = (inquiry.context["orquesta"]?["task_name"] ?? inquiry.context["chain"]?["name"])?.string
        var lines = ["\(task.map { "Task \($0)" } ?? inquiry.action.description) waits for your answer:"]
        lines += answer.lines.map { "  \($0)" }
        let users = (inquiry.result?["users"]?.array ?? []).compactMap(\.string)
        if !users.isEmpty { lines.append("Only \(users.joined(separator: ", ")) may answer.") }
        lines.append("Answer here: \(prefix)answer \(answer.pattern)   (inquiry \(inquiry.id))")
        return lines.joined(separator: "\n")
    }

    // MARK: Answers

    /// What `answer …` comes to.
    func answer(_ text: String, _ message: InboundMessage, _ identity: Identity) async throws(CoreError)
        -> Commands.Answer
    {
        let words = text.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        let named = words.first.flatMap { ExecutionID($0) }
        let rest = named == nil ? text : words.count > 1 ? words[1] : ""
        let found = try await candidates(named, message)
        guard let inquiry = found.first else {
            return said(
                named == nil ? "Nothing waits for an answer here." : "There is no inquiry \(text).", "unknown")
        }
        guard found.count == 1 else {
            let lines = found.map { "  \(prefix)answer \($0.id) \(pattern($0))" }
            return said(
                "\(found.count) questions are open here. Say which:\n" + lines.joined(separator: "\n"), "ambiguous")
        }
        return try await take(rest, inquiry, identity)
    }

    private func pattern(_ inquiry: Execution) -> String {
        InquiryAnswer(schema: inquiry.result?["schema"] ?? [:]).pattern
    }

    /// The inquiry by its id, else those that were asked in this thread, else in this channel.
    private func candidates(_ id: ExecutionID?, _ message: InboundMessage) async throws(CoreError) -> [Execution] {
        if let id { return try await store.execution(id).map { [$0] } ?? [] }
        let here = message.conversation
        let open = try await store.openQuestions(adapter: here.adapter, channel: here.channel)
        let inThread = open.filter { here.thread != nil && $0.conversation.thread == here.thread }
        var seen = Set<ExecutionID>()
        return (inThread.isEmpty ? open : inThread).map(\.inquiry).filter { seen.insert($0.id).inserted }
    }

    private func take(_ text: String, _ inquiry: Execution, _ identity: Identity) async throws(CoreError)
        -> Commands.Answer
    {
        var workflow: ContentRef?
        if let parent = inquiry.parent { workflow = try await store.execution(parent)?.action }
        let decision = access.decide(
            AccessRequest(
                identity, .inquiryRespond, on: "answering inquiry \(inquiry.id)",
                uid: .inquiry(inquiry.id, in: workflow)))
        guard decision.isAllowed else {
            return Commands.Answer(
                kind: .refused, decision: "refused", text: "You may not do this: \(decision.reason).",
                reason: decision.reason)
        }
        do throws(EngineError) {
            let response = try InquiryAnswer(schema: inquiry.result?["schema"] ?? [:]).read(text)
            _ = try await inquiries.respond(inquiry.id, with: response, by: identity)
            return Commands.Answer(
                kind: .answer, decision: "answered", text: "Thank you; inquiry \(inquiry.id) is answered.")
        } catch {
            if let cause = error.underlying as? CoreError { throw cause }
            let hint = error.hint.map { " \($0)." } ?? ""
            let kind: PostKind = error.code == .forbidden ? .refused : .invalid
            return Commands.Answer(kind: kind, decision: "invalid", text: error.message + hint, reason: error.message)
        }
    }

    private func said(_ text: String, _ decision: String) -> Commands.Answer {
        Commands.Answer(kind: .invalid, decision: decision, text: text)
    }
}
