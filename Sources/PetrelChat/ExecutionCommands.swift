import PetrelCore
import PetrelEngine

/// What is said about an execution: status, cancel, retry; with its id, or in its thread without.
struct ExecutionCommands: Sendable {
    private enum Verb: String {
        case status, cancel, retry
    }

    let parts: Commands.Parts
    let runs: AliasRuns

    /// What is decided on such a command; nil if the text is none, or may be an alias's.
    ///
    /// `cancel` is always Petrel's own; `status` and `retry` without an id only where the thread has an execution.
    func decision(on command: String, speech: Speech) async throws(CoreError) -> Commands.Decision? {
        guard let (verb, id) = read(command) else { return nil }
        if let id {
            guard let execution = try await parts.executions.execution(id) else { return .answer(unknown(id)) }
            return try await carryOut(verb, execution, speech)
        }
        if let execution = try await executionOfThread(speech.message) {
            return try await carryOut(verb, execution, speech)
        }
        guard verb == .cancel else { return nil }
        if try await runs.takeQuestion(speech.message) != nil {
            return .answer(AliasRuns.dropped)
        }
        return try await fallback(on: command, speech: speech)
    }

    /// What is decided when no alias has the text: the command then means the asker's newest execution here.
    func fallback(on command: String, speech: Speech) async throws(CoreError) -> Commands.Decision? {
        guard let (verb, id) = read(command), id == nil else { return nil }
        guard let execution = try await newest(speech, for: verb) else {
            let text = verb == .cancel ? "Nothing of yours is running here." : "You have run nothing here lately."
            return .answer(Commands.Answer(kind: .invalid, decision: "unknown", text: text))
        }
        return try await carryOut(verb, execution, speech)
    }

    private func read(_ command: String) -> (Verb, ExecutionID?)? {
        let words = command.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let verb = words.first.flatMap({ Verb(rawValue: $0.lowercased()) }), words.count <= 2 else { return nil }
        guard words.count == 2 else { return (verb, nil) }
        return ExecutionID(words[1]).map { (verb, $0) }
    }

    private func unknown(_ id: ExecutionID) -> Commands.Answer {
        Commands.Answer(
            kind: .invalid, decision: "unknown",
            text: "There is no execution \(id). The id stands in its first answer.")
    }

    // MARK: Which one

    private func executionOfThread(_ message: InboundMessage) async throws(CoreError) -> Execution? {
        // A pressed button names the post that it belongs to.
        let thread = message.conversation.thread ?? (message.kind == .choice ? message.platformID : nil)
        guard let thread else { return nil }
        var place = message.conversation
        place.thread = thread
        guard let id = try await parts.posts.execution(ofThread: place) else { return nil }
        return try await parts.executions.execution(id)
    }

    private func newest(_ speech: Speech, for verb: Verb) async throws(CoreError) -> Execution? {
        var query = ExecutionQuery()
        query.user = speech.identity.user
        if verb == .cancel { query.statuses = ExecutionStatus.allCases.filter(\.isCancelable) }
        query.withResults = false
        query.limit = 50
        let page = try await parts.executions.executions(query)
        return page.executions.first { execution in
            execution.replyTo?.conversation.adapter == speech.message.key.adapter
                && execution.replyTo?.conversation.channel == speech.message.conversation.channel
        }
    }

    // MARK: What is done

    private func carryOut(_ verb: Verb, _ execution: Execution, _ speech: Speech) async throws(CoreError)
        -> Commands.Decision
    {
        switch verb {
        case .status: return .answer(status(execution, speech))
        case .cancel: return .answer(try await cancel(execution, speech))
        case .retry: return try await retry(execution, speech)
        }
    }

    private func status(_ execution: Execution, _ speech: Speech) -> Commands.Answer {
        if let refusal = refusal(.executionView, "looking at execution \(execution.id)", execution, speech) {
            return refusal
        }
        let isOver = execution.endedAt != nil
        let choices =
            isOver
            ? [PostChoice(label: "Run again", text: "retry \(execution.id)")]
            : [
                PostChoice(label: "Stop", text: "cancel \(execution.id)")
            ]
        return Commands.Answer(
            kind: .answer, decision: "status", text: parts.text.status(execution, at: parts.clock.now),
            execution: execution.id, choices: choices)
    }

    private func cancel(_ execution: Execution, _ speech: Speech) async throws(CoreError) -> Commands.Answer {
        if let refusal = refusal(.executionStop, "stopping execution \(execution.id)", execution, speech) {
            return refusal
        }
        let answer = try await parts.scheduler.cancel(execution.id, by: speech.identity)
        return Commands.Answer(
            kind: .answer, decision: "cancel", text: said(answer, execution), execution: execution.id)
    }

    private func said(_ answer: CancelAnswer, _ execution: Execution) -> String {
        switch answer {
        case .canceled: "Execution \(execution.id) had not begun; it is canceled."
        case .canceling: "Stopping execution \(execution.id) (\(execution.action))."
        case .alreadyCanceling: "Execution \(execution.id) is being stopped already."
        case .notCancelable(let now): "Execution \(execution.id) is over: \(now.status.rawValue)."
        case .unknown: "There is no execution \(execution.id)."
        }
    }

    /// Runs the same action with the same parameters, for whoever may use the alias that asked for it.
    private func retry(_ execution: Execution, _ speech: Speech) async throws(CoreError) -> Commands.Decision {
        guard execution.endedAt != nil else {
            return .answer(
                Commands.Answer(
                    kind: .invalid, decision: "running",
                    text: "Execution \(execution.id) is not over yet: it is \(execution.status.rawValue).",
                    execution: execution.id))
        }
        let id = execution.context["action_alias_ref"]?["id"]?.string
        guard execution.origin == .chat, let alias = id.flatMap({ parts.catalog.current.alias($0) }) else {
            return .answer(
                Commands.Answer(
                    kind: .invalid, decision: "unknown",
                    text: "Execution \(execution.id) was not asked for in a chat, or its command is gone. "
                        + "Run it again with petrel execution re-run \(execution.id).", execution: execution.id))
        }
        if let refusal = try await runs.refusal(alias, speech) { return .answer(refusal) }
        var context = AliasRuns.context(alias, speech.message)
        context["re-run"] = ["ref": .string(execution.id.text)]
        // What was typed stays data: nothing in it is rendered a second time.
        let request = ExecutionRequest(
            action: execution.action.description, parameters: execution.parameters, cast: .alias,
            identity: speech.identity, origin: .chat, context: context, message: speech.message)
        do throws(EngineError) {
            return try await runs.submit(
                request, alias, reading: "Running what execution \(execution.id) ran, once more.", isTold: true)
        } catch {
            return try runs.invalid(error)
        }
    }

    private func refusal(
        _ permission: Permission, _ deed: String, _ execution: Execution, _ speech: Speech
    ) -> Commands.Answer? {
        let decision = parts.access.decide(
            AccessRequest(
                speech.identity, permission, on: deed, owner: execution.user,
                uid: .execution(execution.id, of: execution.action)))
        guard !decision.isAllowed else { return nil }
        return Commands.Answer(
            kind: .refused, decision: "refused", text: "You may not do this: \(decision.reason).",
            reason: decision.reason, execution: execution.id)
    }
}
