import PetrelAliases
import PetrelCore
import PetrelEngine

/// The commands that Petrel answers itself and that concern no execution: help, claim, explain.
struct BuiltInCommands: Sendable {
    /// Lines of help in one post.
    private static let pageLines = 30

    let parts: Commands.Parts
    private var prefix: String { parts.prefix }

    /// The answer to one of Petrel's own commands; nil if the text is none of them.
    func answer(to command: String, speech: Speech) async throws(CoreError) -> Commands.Answer? {
        let words = command.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        let rest = words.count > 1 ? words[1].trimmingBlanks() : ""
        switch words.first?.lowercased() {
        case "help": return help(rest, speech)
        case "claim": return try await claim(rest, speech)
        case "explain" where !rest.isEmpty: return explain(rest, speech)
        case "answer" where !rest.isEmpty:
            return try await parts.inquiries?.answer(rest, speech.message, speech.identity)
        default: return nil
        }
    }

    // MARK: - help

    /// `help`, `help TEXT`, `help TEXT PAGE`.
    private func help(_ wish: String, _ speech: Speech) -> Commands.Answer {
        var words = wish.split(whereSeparator: \.isWhitespace).map(String.init)
        let page = words.last.flatMap { Int($0) }.map { max(1, $0) }
        if page != nil { words.removeLast() }
        let filter = words.joined(separator: " ")
        let found = parts.catalog.current.matcher.help(filter: filter.isEmpty ? nil : filter) { alias in
            parts.use(alias, speech).isAllowed
        }
        guard !found.isEmpty || filter.isEmpty else {
            return Commands.Answer(
                kind: .answer, decision: "help",
                text: "No command that you may use here has \"\(filter)\" in it. Say \(prefix)help to see all.")
        }
        let grouped = Dictionary(grouping: found, by: \.pack).sorted { $0.key < $1.key }
        var lines = grouped.flatMap { pack, entries in entries.map { (pack, $0.display, $0.summary ?? "") } }
        if filter.isEmpty { lines += Self.own.map { ("petrel", $0, $1) } }
        return shown(lines, page: page ?? 1, filter: filter)
    }

    private func shown(_ lines: [(pack: String, display: String, summary: String)], page: Int, filter: String)
        -> Commands.Answer
    {
        let pages = max(1, (lines.count + Self.pageLines - 1) / Self.pageLines)
        let page = min(page, pages)
        let part = lines.dropFirst((page - 1) * Self.pageLines).prefix(Self.pageLines)
        var blocks: [String] = []
        var rest = part[...]
        while let pack = rest.first?.pack {
            let entries = rest.prefix { $0.pack == pack }
            rest = rest.dropFirst(entries.count)
            blocks.append("\(pack):\n" + table(entries.map { ($0.display, $0.summary) }))
        }
        guard page < pages || page > 1 else {
            return Commands.Answer(kind: .answer, decision: "help", text: blocks.joined(separator: "\n\n"))
        }
        let words = filter.isEmpty ? "" : filter + " "
        let next = page < pages ? "help \(words)\(page + 1)" : nil
        blocks.append("Page \(page) of \(pages)." + (next.map { " Say \(prefix)\($0) for the next." } ?? ""))
        return Commands.Answer(
            kind: .answer, decision: "help", text: blocks.joined(separator: "\n\n"),
            choices: next.map { [PostChoice(label: "More", text: $0)] } ?? [])
    }

    private static let own: [(String, String)] = [
        ("help [TEXT] [PAGE]", "what I can do for you here"),
        ("status [EXECUTION]", "how an execution is doing; in its thread without an id"),
        ("cancel [EXECUTION]", "stop an execution; without an id that of the thread, or your newest one here"),
        ("retry [EXECUTION]", "run an execution that is over once more"),
        ("answer [INQUIRY] VALUE", "answer a question that a workflow asks"),
        ("explain TEXT", "how I would read a message, without running anything"),
        ("claim CODE", "become this chat's first administrator"),
    ]

    private func table(_ entries: [(String, String)]) -> String {
        let width = min(40, entries.map { $0.0.count }.max() ?? 0)
        return entries.map { display, summary in
            let gap = String(repeating: " ", count: max(2, width + 2 - display.count))
            return summary.isEmpty ? "  \(prefix)\(display)" : "  \(prefix)\(display)\(gap)\(summary)"
        }.joined(separator: "\n")
    }

    // MARK: - claim

    private func claim(_ code: String, _ speech: Speech) async throws(CoreError) -> Commands.Answer {
        let message = speech.message
        guard parts.claimCode.accepts(code) else {
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
            at: parts.clock.now, kind: .identity, user: user, subject: "\(message.key.adapter) \(message.sender.id)",
            decision: "claimed", detail: ["role": "admin"])
        let isClaimed = try await parts.identityStore.claimAdministrator(mapping, audit: [audit])
        // A message that is handled again after a crash finds its own claim.
        let known = try await parts.identityStore.mapping(adapter: message.key.adapter, personID: message.sender.id)
        guard isClaimed || known?.role == .admin else {
            return Commands.Answer(
                kind: .refused, decision: "refused",
                text: "This chat has an administrator already; only they can name others.", reason: "claimed before")
        }
        return Commands.Answer(
            kind: .answer, decision: "claimed", text: "You are now the administrator of this chat, as user \(user).")
    }

    // MARK: - explain

    private func explain(_ text: String, _ speech: Speech) -> Commands.Answer {
        let command = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        let reading = Interpretation(command, matcher: parts.catalog.current.matcher) { alias in
            parts.use(alias, speech).isAllowed
        }
        return Commands.Answer(kind: .answer, decision: "explain", text: described(reading, command, speech))
    }

    private func described(_ reading: Interpretation, _ command: String, _ speech: Speech) -> String {
        switch reading {
        case .ambiguous(let matches): return parts.text.ambiguous(command, matches)
        case .unmatched(let nearest): return parts.text.unmatched(command, nearest: nearest)
        case .tooComplex(let reason): return parts.text.tooComplex(reason)
        case .run(let match, let note):
            let decision = parts.use(match.alias, speech)
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
