import PetrelAliases
public import PetrelCore
public import PetrelEngine
import PetrelExpressions

/// What a message comes to: an alias that runs, one of Petrel's own commands, or an answer that says why not.
public struct Commands: Sendable {
    /// What was decided on a message.
    enum Decision: Sendable {
        /// An execution was committed, and the message settled with it.
        case submitted
        /// The message is to be settled with this.
        case answer(Answer)
    }

    /// An answer without an execution.
    struct Answer: Sendable {
        var kind: PostKind
        /// One word for the audit trail.
        var decision: String
        /// nil: nothing is said.
        var text: String?
        var reason: String?
        var user: String?
        /// Talk that is not meant for Petrel leaves no trace.
        var isAudited = true
        /// The execution that it speaks of.
        var execution: ExecutionID?
        var placement = PostPlacement.inPlace
        var choices: [PostChoice] = []

        /// Nothing is said of talk that is not meant for Petrel.
        static let ignored = Answer(kind: .answer, decision: "ignored", isAudited: false)
    }

    /// The stages and stores that commands are decided with.
    public struct Parts: Sendable {
        /// Makes a part of all neighbours.
        public init(
            addressing: Addressing, prefix: String, identities: Identities, identityStore: any IdentityStore,
            catalog: LiveCatalog, access: Access, submission: Submission, scheduler: Scheduler,
            executions: any ExecutionStore, posts: any OutboxStore, questions: any QuestionStore,
            capabilities: [AdapterName: ChatCapabilities], documents: ExecutionDocuments, claimCode: ClaimCode,
            clock: any PetrelClock, ids: any IDSource, inquiries: Questions? = nil
        ) {
            self.addressing = addressing
            self.prefix = prefix
            self.identities = identities
            self.identityStore = identityStore
            self.catalog = catalog
            self.access = access
            self.submission = submission
            self.scheduler = scheduler
            self.executions = executions
            self.posts = posts
            self.questions = questions
            self.capabilities = capabilities
            self.claimCode = claimCode
            self.clock = clock
            self.ids = ids
            self.inquiries = inquiries
            text = AnswerText(prefix: prefix, documents: documents)
        }

        let addressing: Addressing
        let prefix: String
        let identities: Identities
        let identityStore: any IdentityStore
        let catalog: LiveCatalog
        let access: Access
        let submission: Submission
        let scheduler: Scheduler
        let executions: any ExecutionStore
        let posts: any OutboxStore
        let questions: any QuestionStore
        let capabilities: [AdapterName: ChatCapabilities]
        let claimCode: ClaimCode
        let clock: any PetrelClock
        let ids: any IDSource
        /// Takes the answers to inquiries; nil where nothing asks.
        let inquiries: Questions?
        let text: AnswerText

        /// Whether somebody may use an alias where they say it.
        func use(_ alias: ActionAlias, _ speech: Speech) -> AccessDecision {
            access.decide(.use(alias, by: speech.identity, at: speech.message))
        }
    }

    private let parts: Parts
    private let builtIn: BuiltInCommands
    private let onExecutions: ExecutionCommands
    private let runs: AliasRuns

    /// The stage over its neighbours.
    public init(_ parts: Parts) {
        self.parts = parts
        runs = AliasRuns(parts: parts)
        builtIn = BuiltInCommands(parts: parts)
        onExecutions = ExecutionCommands(parts: parts, runs: runs)
    }

    /// Whether a message is meant for Petrel, by its address alone.
    func areAskedBy(_ message: InboundMessage) -> Bool { command(in: message) != nil }

    /// Decides; whatever is to be said or run is in the answer or committed already.
    func decide(on message: InboundMessage) async throws(CoreError) -> Decision {
        // What was said stands; a change of it is not a second command.
        guard message.kind != .edit else { return .answer(.ignored) }
        let command = command(in: message)
        var question: Question?
        if command == nil {
            // In a thread an answer needs no address.
            question = message.conversation.thread == nil ? nil : try await runs.takeQuestion(message)
            if question == nil { return .answer(.ignored) }
        }
        let speech = Speech(message: message, identity: try await parts.identities.identity(of: message.sender))
        var decision = Decision.answer(.ignored)
        if let command {
            decision = try await decide(on: command, speech: speech)
        } else if let question {
            decision = try await runs.go(on: question, speech: speech)
        }
        guard case .answer(var answer) = decision, answer.user == nil else { return decision }
        answer.user = speech.identity.user
        return .answer(answer)
    }

    private func decide(on command: String, speech: Speech) async throws(CoreError) -> Decision {
        if let answer = try await builtIn.answer(to: command, speech: speech) { return .answer(answer) }
        if let decision = try await onExecutions.decision(on: command, speech: speech) { return decision }
        if let use = UseCommand(command, matcher: parts.catalog.current.matcher) {
            return try await runs.start(use.match, AliasRuns.Wish(command: use.command), speech: speech)
        }
        let reading = Interpretation(command, matcher: parts.catalog.current.matcher) { alias in
            parts.use(alias, speech).isAllowed
        }
        switch reading {
        case .run(let match, let note):
            return try await runs.start(match, AliasRuns.Wish(command: command, reading: note), speech: speech)
        case .ambiguous(let matches): return .answer(ambiguous(command, matches))
        case .unmatched(let nearest):
            if isAnswer(speech.message), let question = try await runs.takeQuestion(speech.message) {
                return try await runs.go(on: question, speech: speech)
            }
            if let decision = try await onExecutions.fallback(on: command, speech: speech) { return decision }
            return .answer(
                Answer(
                    kind: .unmatched, decision: "unmatched", text: parts.text.unmatched(command, nearest: nearest)))
        case .tooComplex(let reason):
            return .answer(Answer(kind: .invalid, decision: "too_complex", text: parts.text.tooComplex(reason)))
        }
    }

    private func ambiguous(_ command: String, _ matches: [AliasMatch]) -> Answer {
        Answer(
            kind: .question, decision: "ambiguous", text: parts.text.ambiguous(command, matches),
            choices: matches.map { match in
                PostChoice(label: match.alias.ref.description, text: UseCommand.text(match.alias.ref, command))
            })
    }

    /// Whether a text that is no command may be the answer to a question: with a prefix only where there is no other way.
    private func isAnswer(_ message: InboundMessage) -> Bool {
        guard parts.addressing.isExplicit(message.text.normalizingQuotesAndBlanks()) else { return true }
        return message.conversation.thread == nil && !message.isDirect
    }

    private func command(in message: InboundMessage) -> String? {
        parts.addressing.command(in: message.text.normalizingQuotesAndBlanks(), isAddressed: message.isAddressed)
    }
}

/// A message with whoever said it.
struct Speech: Sendable {
    var message: InboundMessage
    var identity: Identity
}

/// `use PACK.ALIAS COMMAND`: a command of which is said as which alias it is meant; what a choice among aliases says.
struct UseCommand: Sendable {
    let match: AliasMatch
    let command: String

    /// nil if the text is none, or the command does not fit the alias.
    init?(_ text: String, matcher: AliasMatcher) {
        let words = text.split(maxSplits: 2, whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 3, words[0].lowercased() == "use", let ref = ContentRef(words[1]),
            let match = AliasMatch(of: ref, for: words[2], matcher: matcher)
        else { return nil }
        self.match = match
        command = words[2]
    }

    static func text(_ ref: ContentRef, _ command: String) -> String { "use \(ref) \(command)" }
}

extension AliasMatch {
    /// How a command is read as one certain alias; nil if it doesn't fit it.
    init?(of ref: ContentRef, for command: String, matcher: AliasMatcher) {
        guard let exact = try? matcher.candidates(for: command),
            let loose = try? matcher.lenientCandidates(for: command)
        else { return nil }
        let found = [exact, loose].lazy.compactMap { candidates in
            candidates.filter { $0.alias.ref == ref }.max { $0.specificity < $1.specificity }
        }
        guard let match = found.first else { return nil }
        self = match
    }
}

extension AccessRequest {
    /// Whether an identity may use an alias where the message stands.
    static func use(_ alias: ActionAlias, by identity: Identity, at message: InboundMessage) -> AccessRequest {
        AccessRequest(
            identity, .aliasExecute, on: alias.ref.description, leastRole: alias.leastRole,
            uid: .alias(alias.ref, runs: ContentRef(alias.actionRef)),
            place: ChatPlace(
                adapter: message.key.adapter, channel: message.conversation.channel, name: message.channelName,
                isDirect: message.isDirect, person: message.sender.id))
    }
}
