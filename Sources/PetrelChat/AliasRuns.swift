import PetrelAliases
import PetrelCore
import PetrelEngine
import PetrelExpressions

/// Starts what an alias runs: access, parameters, a question for what is missing, execution and ack.
struct AliasRuns: Sendable {
    /// A question that nobody answered for so long is forgotten.
    private static let patience = Duration.seconds(15 * 60)
    private static let mostChoices = 20

    /// What is asked for beside the match.
    struct Wish: Sendable {
        /// What was said, without its address.
        var command: String
        /// How it was read, where it was not taken literally.
        var reading: String?
        /// What the answers to questions gave.
        var given: ValueObject = [:]
        /// Whether questions were asked: then the start is always told.
        var isContinued = false
    }

    let parts: Commands.Parts

    /// Starts the alias of a match, or says why not, or what is missing.
    func start(_ match: AliasMatch, _ wish: Wish, speech: Speech) async throws(CoreError) -> Commands.Decision {
        if let refusal = try await refusal(match.alias, speech) { return .answer(refusal) }
        let (request, pipeline): (ExecutionRequest, ParameterPipeline)
        do throws(EngineError) { (request, pipeline) = try self.request(match, wish, speech) } catch {
            return try invalid(error)
        }
        let missing = pipeline.missing(from: request.parameters) { name in
            match.declaredParameters.contains(name) || pipeline.isOwn(name)
        }
        if let missing { return try await ask(for: missing, pipeline, match, wish, speech) }
        do throws(EngineError) {
            return try await submit(request, match.alias, reading: wish.reading, isTold: wish.isContinued)
        } catch {
            return try invalid(error)
        }
    }

    /// The answer to whoever may not use an alias; nil if they may.
    func refusal(_ alias: ActionAlias, _ speech: Speech) async throws(CoreError) -> Commands.Answer? {
        let decision = parts.use(alias, speech)
        guard !decision.isAllowed else { return nil }
        let isUnclaimed = try await !parts.identityStore.hasAdministrator(adapter: speech.message.key.adapter)
        return Commands.Answer(
            kind: .refused, decision: "refused", text: parts.text.refused(decision, isUnclaimed: isUnclaimed),
            reason: decision.reason)
    }

    /// Commits the execution with its ack.
    func submit(_ request: ExecutionRequest, _ alias: ActionAlias, reading: String?, isTold: Bool = false)
        async throws(EngineError) -> Commands.Decision
    {
        var request = request
        let id: DeliveryID = parts.ids.make()
        let style = alias.ack
        if style.isEnabled || isTold, case .object(var chat)? = request.context["chat"] {
            chat["ack"] = .string(id.text)
            request.context["chat"] = .object(chat)
        }
        do throws(EngineError) {
            _ = try await parts.submission.submit(request) { execution in
                guard style.isEnabled || isTold, let address = execution.replyTo else { return [] }
                return [
                    OutboundPost(
                        id: id, to: address, kind: .ack, text: parts.text.ack(execution, alias, reading: reading),
                        execution: execution.id, isFinal: !alias.result.isEnabled, isEphemeral: style.isWhispered,
                        allowsMentions: style.allowsMentions, extra: parts.text.ackExtra(execution, alias))
                ]
            }
        } catch {
            guard error.code == .duplicateMessage else { throw error }
        }
        return .submitted
    }

    /// What could not be started, as an answer.
    /// - Throws: ``CoreError`` when the store was at fault: the message then stays undecided.
    func invalid(_ error: EngineError) throws(CoreError) -> Commands.Decision {
        if let cause = error.underlying as? CoreError { throw cause }
        return .answer(
            Commands.Answer(
                kind: .invalid, decision: "invalid", text: parts.text.invalid(error), reason: error.message))
    }

    // MARK: Questions

    /// The question that a message answers, closed by it.
    func takeQuestion(_ message: InboundMessage) async throws(CoreError) -> Question? {
        try await parts.questions.takeQuestion(answeredBy: message, askedSince: parts.clock.now - Self.patience)
    }

    /// Goes on with a command, with the answer that was waited for.
    func go(on question: Question, speech: Speech) async throws(CoreError) -> Commands.Decision {
        let matcher = parts.catalog.current.matcher
        let ref = question.alias.flatMap { ContentRef($0) }
        guard let match = ref.flatMap({ AliasMatch(of: $0, for: question.command, matcher: matcher) }) else {
            return .answer(
                Commands.Answer(
                    kind: .invalid, decision: "gone",
                    text: "\"\(question.command)\" is no command any more; nothing was run."))
        }
        let answer = speech.message.text.normalizingQuotesAndBlanks().trimmingBlanks()
        guard answer.lowercased() != "cancel" else { return .answer(Self.dropped) }
        var wish = Wish(command: question.command, given: question.given, isContinued: true)
        if let fault = fault(in: answer, of: question, match) {
            return try await ask(again: question, match, fault, speech)
        }
        wish.given[question.parameter] = .string(answer)
        return try await start(match, wish, speech: speech)
    }

    /// What is said when a question is given up.
    static let dropped = Commands.Answer(kind: .answer, decision: "dropped", text: "Forgotten; nothing was run.")

    /// What is wrong with an answer, in a sentence; nil if the parameter may have the value.
    private func fault(in answer: String, of question: Question, _ match: AliasMatch) -> String? {
        guard let pipeline = try? parts.submission.pipeline(for: match.alias.actionRef).1,
            let parameter = pipeline.merged[question.parameter]
        else { return nil }
        do throws(AliasError) {
            let value = try ParameterCast.alias(.string(answer), as: parameter.kind, name: question.parameter)
            guard let choices = parameter.choices, !choices.contains(value) else { return nil }
            return "\(value.pythonText) is not one of them."
        } catch {
            return error.message.hasSuffix(".") ? error.message : error.message + "."
        }
    }

    private func ask(again question: Question, _ match: AliasMatch, _ fault: String, _ speech: Speech)
        async throws(CoreError) -> Commands.Decision
    {
        try await parts.questions.ask(question, at: parts.clock.now)
        let parameter = try? parts.submission.pipeline(for: match.alias.actionRef).1.merged[question.parameter]
        let text = parts.text.question(
            question.parameter, parameter ?? nil, of: match.alias,
            isAddressed: question.conversation.thread != nil || speech.message.isDirect)
        return .answer(
            Commands.Answer(
                kind: .question, decision: "asked", text: fault + " " + text,
                choices: Self.choices(parameter ?? nil)))
    }

    private static func choices(_ parameter: Parameter?) -> [PostChoice] {
        let choices = (parameter?.choices ?? []).map(\.pythonString)
        return choices.count > mostChoices ? [] : choices.map { PostChoice(label: $0, text: $0) }
    }

    private func ask(
        for name: String, _ pipeline: ParameterPipeline, _ match: AliasMatch, _ wish: Wish, _ speech: Speech
    ) async throws(CoreError) -> Commands.Decision {
        let (alias, message, parameter) = (match.alias.ref, speech.message, pipeline.merged[name])
        guard parameter?.isSecret != true else {
            return try invalid(
                EngineError(
                    .invalidParameter, "\(alias) needs \(name), which is a secret and must not be said in a chat",
                    hint: "Let the action read it from the datastore, or run it with petrel run"))
        }
        let hasThreads = parts.capabilities[message.key.adapter]?.hasThreads ?? false
        let begun = hasThreads && !message.platformID.isEmpty ? message.platformID : nil
        let thread = message.conversation.thread ?? begun
        let question = Question(
            conversation: Conversation(
                adapter: message.key.adapter, channel: message.conversation.channel, thread: thread),
            person: message.sender.id, command: wish.command, alias: alias.description, parameter: name,
            given: wish.given)
        try await parts.questions.ask(question, at: parts.clock.now)
        return .answer(
            Commands.Answer(
                kind: .question, decision: "asked",
                text: parts.text.question(
                    name, parameter, of: match.alias, isAddressed: thread != nil || message.isDirect),
                placement: thread == nil ? .inPlace : .thread,
                choices: Self.choices(parameter)))
    }

    // MARK: Requests

    private func request(_ match: AliasMatch, _ wish: Wish, _ speech: Speech) throws(EngineError)
        -> (ExecutionRequest, ParameterPipeline)
    {
        let alias = match.alias
        let (_, pipeline) = try parts.submission.pipeline(for: alias.actionRef)
        let said = try parameters(match, command: wish.command, pipeline)
        let overridden = said.keys.filter { alias.immutableParameters[$0] != nil }
        guard overridden.isEmpty else {
            throw EngineError(
                .invalidParameter, "Immutable arguments cannot be overriden: \(overridden.joined(separator: ","))")
        }
        let given = said.filter { !$0.value.isNull }.merging(wish.given) { _, answered in answered }
        let context = context(
            alias, match, speech.message, hidesText: pipeline.merged.values.contains(where: \.isSecret))
        let fixed: ValueObject
        do throws(ExpressionError) {
            fixed = try AliasText.immutableParameters(
                alias, context: context, lookups: parts.submission.lookups(user: speech.identity.user))
        } catch {
            throw EngineError(
                .invalidParameter, "the immutable parameters of alias \(alias.ref) can't be rendered: \(error.message)",
                hint: error.hint)
        }
        let request = ExecutionRequest(
            action: alias.actionRef, parameters: given.merging(fixed) { _, fixed in fixed },
            cast: .alias, identity: speech.identity, origin: .chat, context: context,
            message: speech.message)
        return (request, pipeline)
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
        var context = Self.context(alias, message)
        guard case .object(var chat)? = context["chat"] else { return context }
        chat["format"] = .string(match.format.display ?? match.representation)
        chat["text"] = hidesText ? .string(secretMask) : .string(String(message.text.prefix(4000)))
        context["chat"] = .object(chat)
        return context
    }

    /// What an execution keeps of the message that asked for it.
    static func context(_ alias: ActionAlias, _ message: InboundMessage) -> ValueObject {
        [
            "action_alias_ref": ["id": .string(alias.id.text), "name": .string(alias.ref.name)],
            "api_user": .string(message.sender.name), "source_channel": .string(message.conversation.channel),
            "chat": [
                "adapter": .string(message.key.adapter), "channel": .string(message.conversation.channel),
                "thread": Value(message.conversation.thread), "message": .string(message.platformID),
                "person": .string(message.sender.id), "alias": .string(alias.ref.description),
            ],
        ]
    }
}

extension ParameterPipeline {
    /// The first required parameter that a request leaves out, of those that a message may give.
    fileprivate func missing(from given: ValueObject, where isOffered: (String) -> Bool) -> String? {
        merged.filter { name, parameter in
            parameter.isRequired && parameter.defaultValue == nil && (given[name] ?? .null).isNull && isOffered(name)
        }.min { ($0.value.position ?? .max) < ($1.value.position ?? .max) }?.key
    }
}
