import PetrelAliases
import PetrelCore
import PetrelEngine

/// The commands that Petrel answers itself: help, cancel, claim, explain.
struct BuiltInCommands: Sendable {
    let prefix: String
    let texts: AnswerText
    let catalog: LiveCatalog
    let access: Access
    let scheduler: Scheduler
    let executions: any ExecutionStore
    let identities: any IdentityStore
    let claimCode: ClaimCode
    let clock: any PetrelClock
    /// Takes the answers to inquiries; nil where nothing asks.
    let questions: Questions?

    /// The answer to one of Petrel's own commands; nil if the text is none of them.
    func answer(to command: String, message: InboundMessage, identity: Identity) async throws(CoreError)
        -> Commands.Answer?
    {
        let words = command.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        let rest = words.count > 1 ? words[1].trimmingBlanks() : ""
        switch words.first?.lowercased() {
        case "help": return help(rest, identity)
        case "cancel" where rest.isEmpty || ExecutionID(rest) != nil:
            return try await cancel(rest, message, identity)
        case "answer" where !rest.isEmpty && questions != nil:
            return try await questions?.answer(rest, message, identity)
        case "claim": return try await claim(rest, message, identity)
        case "explain" where !rest.isEmpty: return explain(rest, identity)
        default: return nil
        }
    }

    // MARK: - help

    private func help(_ filter: String, _ identity: Identity) -> Commands.Answer {
        let entries = catalog.current.matcher.help(filter: filter.isEmpty ? nil : filter) { alias in
            access.decide(.use(alias, by: identity)).isAllowed
        }
        guard !entries.isEmpty || filter.isEmpty else {
            return Commands.Answer(
                kind: .answer, decision: "help",
                text: "No command that you may use has \"\(filter)\" in it. Say \(prefix)help to see all.")
        }
        var blocks: [String] = []
        for (pack, entries) in Dictionary(grouping: entries, by: \.pack).sorted(by: { $0.key < $1.key }) {
            blocks.append("\(pack):\n" + lines(entries.map { ($0.display, $0.summary ?? "") }))
        }
        if filter.isEmpty { blocks.append("petrel:\n" + lines(own)) }
        return Commands.Answer(kind: .answer, decision: "help", text: blocks.joined(separator: "\n\n"))
    }

    private var own: [(String, String)] {
        [
            ("help [TEXT]", "what I can do for you"),
            ("cancel [EXECUTION]", "stop an execution; without an id, your newest one here"),
            ("answer [INQUIRY] VALUE", "answer a question that a workflow asks"),
            ("explain TEXT", "how I would read a message, without running anything"),
            ("claim CODE", "become this chat's first administrator"),
        ]
    }

    private func lines(_ entries: [(String, String)]) -> String {
        let width = min(40, entries.map { $0.0.count }.max() ?? 0)
        return entries.map { display, summary in
            let gap = String(repeating: " ", count: max(2, width + 2 - display.count))
            return summary.isEmpty ? "  \(prefix)\(display)" : "  \(prefix)\(display)\(gap)\(summary)"
        }.joined(separator: "\n")
    }

    // MARK: - cancel

    private func cancel(_ id: String, _ message: InboundMessage, _ identity: Identity) async throws(CoreError)
        -> Commands.Answer
    {
        guard let execution = try await executionToCancel(id, message, identity) else {
            let text =
                id.isEmpty
                ? "Nothing of yours is running here."
                : "There is no execution \(id). The id stands in its first answer."
            return Commands.Answer(kind: .invalid, decision: "unknown", text: text)
        }
        let decision = access.decide(
            AccessRequest(
                identity, .executionStop, on: "stopping execution \(execution.id)", owner: execution.user,
                uid: .execution(execution.id, of: execution.action)))
        guard decision.isAllowed else {
            return Commands.Answer(
                kind: .refused, decision: "refused", text: "You may not do this: \(decision.reason).",
                reason: decision.reason)
        }
        let answer = try await scheduler.cancel(execution.id, by: identity)
        return Commands.Answer(kind: .answer, decision: "cancel", text: said(answer, execution))
    }

    private func executionToCancel(_ id: String, _ message: InboundMessage, _ identity: Identity)
        async throws(CoreError) -> Execution?
    {
        if let id = ExecutionID(id) { return try await executions.execution(id) }
        var query = ExecutionQuery()
        query.user = identity.user
        query.statuses = ExecutionStatus.allCases.filter(\.isCancelable)
        query.withResults = false
        query.limit = 50
        let page = try await executions.executions(query)
        return page.executions.first { execution in
            execution.replyTo?.conversation.adapter == message.key.adapter
                && execution.replyTo?.conversation.channel == message.conversation.channel
        }
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

    // MARK: - claim

    private func claim(_ code: String, _ message: InboundMessage, _ identity: Identity) async throws(CoreError)
        -> Commands.Answer
    {
        guard claimCode.accepts(code) else {
            return Commands.Answer(
                kind: .refused, decision: "refused",
                text: "That is not the code. The service printed it at its start; it is also in the file claim-code "
                    + "of the data folder. After ten wrong tries the service must be started again.",
                reason: "wrong code")
        }
        let user = message.sender.name.isEmpty ? message.sender.id : message.sender.name
        let mapping = IdentityMapping(
            adapter: message.key.adapter, personID: message.sender.id, user: user, role: .admin)
        let audit = AuditRecord(
            at: clock.now, kind: .identity, user: user, subject: "\(message.key.adapter) \(message.sender.id)",
            decision: "claimed", detail: ["role": "admin"])
        let isClaimed = try await identities.claimAdministrator(mapping, audit: [audit])
        // A message that is handled again after a crash finds its own claim.
        let known = try await identities.mapping(adapter: message.key.adapter, personID: message.sender.id)
        guard isClaimed || known?.role == .admin else {
            return Commands.Answer(
                kind: .refused, decision: "refused",
                text: "This chat has an administrator already; only they can name others.", reason: "claimed before")
        }
        return Commands.Answer(
            kind: .answer, decision: "claimed", text: "You are now the administrator of this chat, as user \(user).")
    }

    // MARK: - explain

    private func explain(_ text: String, _ identity: Identity) -> Commands.Answer {
        let command = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        let reading = Interpretation(command, matcher: catalog.current.matcher) { alias in
            access.decide(.use(alias, by: identity)).isAllowed
        }
        return Commands.Answer(kind: .answer, decision: "explain", text: described(reading, command, identity))
    }

    private func described(_ reading: Interpretation, _ command: String, _ identity: Identity) -> String {
        switch reading {
        case .ambiguous(let matches): return texts.ambiguous(command, matches)
        case .unmatched(let nearest): return texts.unmatched(command, nearest: nearest)
        case .tooComplex(let reason): return texts.tooComplex(reason)
        case .run(let match, let note):
            let decision = access.decide(.use(match.alias, by: identity))
            var lines = [
                "alias      : \(match.alias.ref)", "format     : \(match.representation)",
                "action     : \(match.alias.actionRef)",
                "parameters : \(JSONWriter.text(.object(match.parameters), .spaced))",
            ]
            if !match.alias.immutableParameters.isEmpty {
                lines.append("fixed      : \(match.alias.immutableParameters.keys.joined(separator: ", "))")
            }
            if let note { lines.append("note       : \(note)") }
            lines.append("access     : \(decision.isAllowed ? "allowed" : "refused") (\(decision.reason))")
            return lines.joined(separator: "\n")
        }
    }
}
