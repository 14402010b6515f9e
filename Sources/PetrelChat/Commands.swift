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
    }

    private let addressing: Addressing
    private let identities: Identities
    private let catalog: LiveCatalog
    private let access: Access
    private let submission: Submission
    private let builtIn: BuiltInCommands
    private let identityStore: any IdentityStore
    private let ids: any IDSource
    private let text: AnswerText

    /// The stage over its neighbours.
    public init(
        addressing: Addressing, prefix: String, identities: Identities, identityStore: any IdentityStore,
        catalog: LiveCatalog, access: Access, submission: Submission, scheduler: Scheduler,
        executions: any ExecutionStore, documents: ExecutionDocuments, claimCode: ClaimCode, clock: any PetrelClock,
        ids: any IDSource, questions: Questions? = nil
    ) {
        self.addressing = addressing
        self.identities = identities
        self.identityStore = identityStore
        self.catalog = catalog
        self.access = access
        self.submission = submission
        self.ids = ids
        text = AnswerText(prefix: prefix, documents: documents)
        builtIn = BuiltInCommands(
            prefix: prefix, texts: text, catalog: catalog, access: access, scheduler: scheduler, executions: executions,
            identities: identityStore, claimCode: claimCode, clock: clock, questions: questions)
    }

    func decide(on message: InboundMessage) async throws(CoreError) -> Decision {
        let normalized = message.text.normalizingQuotesAndBlanks()
        guard let command = addressing.command(in: normalized, isAddressed: message.isAddressed) else {
            return .answer(Answer(kind: .answer, decision: "ignored", isAudited: false))
        }
        let identity = try await identities.identity(of: message.sender)
        if var answer = try await builtIn.answer(to: command, message: message, identity: identity) {
            answer.user = identity.user
            return .answer(answer)
        }
        let catalog = catalog.current
        let interpretation = Interpretation(command, matcher: catalog.matcher) { alias in
            access.decide(.use(alias, by: identity)).isAllowed
        }
        switch interpretation {
        case .run(let match, let reading):
            return try await run(match, command: command, reading: reading, message: message, identity: identity)
        case .ambiguous(let matches):
            return .answer(
                Answer(
                    kind: .invalid, decision: "ambiguous", text: text.ambiguous(command, matches), user: identity.user))
        case .unmatched(let nearest):
            return .answer(
                Answer(
                    kind: .unmatched, decision: "unmatched", text: text.unmatched(command, nearest: nearest),
                    user: identity.user))
        case .tooComplex(let reason):
            return .answer(
                Answer(kind: .invalid, decision: "too_complex", text: text.tooComplex(reason), user: identity.user))
        }
    }

    private func run(
        _ match: AliasMatch, command: String, reading: String?, message: InboundMessage, identity: Identity
    )
        async throws(CoreError) -> Decision
    {
        let decision = access.decide(.use(match.alias, by: identity))
        guard decision.isAllowed else {
            let isUnclaimed = try await !identityStore.hasAdministrator(adapter: message.key.adapter)
            return .answer(
                Answer(
                    kind: .refused, decision: "refused",
                    text: text.refused(decision.reason, isUnclaimed: isUnclaimed), reason: decision.reason,
                    user: identity.user))
        }
        do throws(EngineError) {
            let request = try request(match, command: command, message: message, identity: identity)
            let id: DeliveryID = ids.make()
            _ = try await submission.submit(request) { execution in
                ack(execution, match.alias, id: id, reading: reading, to: message)
            }
            return .submitted
        } catch {
            if error.code == .duplicateMessage { return .submitted }
            if let cause = error.underlying as? CoreError { throw cause }
            return .answer(
                Answer(
                    kind: .invalid, decision: "invalid", text: text.invalid(error), reason: error.message,
                    user: identity.user))
        }
    }

    private func ack(
        _ execution: Execution, _ alias: ActionAlias, id: DeliveryID, reading: String?, to message: InboundMessage
    ) -> [OutboundPost] {
        guard alias.acks else { return [] }
        return [
            OutboundPost(
                id: id, to: ReplyAddress(to: message), kind: .ack, text: text.ack(execution, alias, reading: reading),
                execution: execution.id, isFinal: !alias.reportsResult)
        ]
    }

    private func request(_ match: AliasMatch, command: String, message: InboundMessage, identity: Identity)
        throws(EngineError) -> ExecutionRequest
    {
        let alias = match.alias
        let (_, pipeline) = try submission.pipeline(for: alias.actionRef)
        let given = try parameters(match, command: command, pipeline)
        let overridden = given.keys.filter { alias.immutableParameters[$0] != nil }
        guard overridden.isEmpty else {
            throw EngineError(
                .invalidParameter, "Immutable arguments cannot be overriden: \(overridden.joined(separator: ","))")
        }
        let context = context(alias, match, message, hidesText: pipeline.merged.values.contains(where: \.isSecret))
        let fixed: ValueObject
        do throws(ExpressionError) {
            fixed = try AliasText.immutableParameters(alias, context: context, lookups: ["st2kv": NoKeys()])
        } catch {
            throw EngineError(
                .invalidParameter, "the immutable parameters of alias \(alias.ref) can't be rendered: \(error.message)",
                hint: error.hint)
        }
        return ExecutionRequest(
            action: alias.actionRef,
            parameters: given.filter { !$0.value.isNull }.merging(fixed) { _, fixed in fixed },
            cast: .alias, identity: identity, origin: .chat, context: context, replyTo: ReplyAddress(to: message))
    }

    /// What a message gives: what the format captures, and of the `key=value` behind it only the action's own parameters.
    ///
    /// A message may never set what the alias's author did not offer: a runner's `env` alone would run any program.
    private func parameters(_ match: AliasMatch, command: String, _ pipeline: ParameterPipeline) throws(EngineError)
        -> ValueObject
    {
        let pairs = match.parameters.keys.filter { !match.declaredParameters.contains($0) }
        let foreign = pairs.filter { !pipeline.isOwn($0) }
        if let free = match.freeText(of: command), pairs.isEmpty || !foreign.isEmpty {
            return [free.name: .string(free.text)]
        }
        guard foreign.isEmpty else {
            let own = pipeline.merged.keys.filter { match.declaredParameters.contains($0) || pipeline.isOwn($0) }
            throw EngineError(
                .invalidParameter,
                "Additional properties are not allowed ('\(foreign.joined(separator: "', '"))' was unexpected)",
                hint: own.isEmpty ? "This command takes no parameters" : "It takes: \(own.joined(separator: ", "))")
        }
        return match.parameters
    }

    private func context(_ alias: ActionAlias, _ match: AliasMatch, _ message: InboundMessage, hidesText: Bool)
        -> ValueObject
    {
        [
            "action_alias_ref": ["id": .string(alias.id.text), "name": .string(alias.ref.name)],
            "api_user": .string(message.sender.name), "source_channel": .string(message.conversation.channel),
            "chat": [
                "adapter": .string(message.key.adapter), "channel": .string(message.conversation.channel),
                "thread": Value(message.conversation.thread), "message": .string(message.platformID),
                "person": .string(message.sender.id), "alias": .string(alias.ref.description),
                "format": .string(match.format.display ?? match.representation),
                "text": hidesText ? .string(secretMask) : .string(String(message.text.prefix(4000))),
            ],
        ]
    }
}

extension AccessRequest {
    /// Whether an identity may use an alias.
    static func use(_ alias: ActionAlias, by identity: Identity) -> AccessRequest {
        AccessRequest(
            identity, .aliasExecute, on: alias.ref.description, leastRole: alias.leastRole,
            uid: .alias(alias.ref, runs: ContentRef(alias.actionRef)))
    }
}

extension ActionAlias {
    /// Whether a start is acknowledged: `ack.enabled`, true unless said otherwise.
    var acks: Bool { document["ack"]?["enabled"]?.bool ?? true }
    /// Whether the result is posted: `result.enabled`, true unless said otherwise.
    var reportsResult: Bool { document["result"]?["enabled"]?.bool ?? true }
}
