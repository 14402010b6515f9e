import PetrelAliases
import PetrelCore
import PetrelEngine

/// The sentences that Petrel itself says in a chat.
struct AnswerText: Sendable {
    let prefix: String
    /// Executions as templates see them.
    let documents: ExecutionDocuments

    /// What the alias's author wrote, or who runs what.
    func ack(_ execution: Execution, _ alias: ActionAlias, reading: String?) -> String {
        let start = reading.map { $0 + "\n" } ?? ""
        let written = AliasText.ack(
            alias, document: .object(alias.apiDocument), execution: .object(documents.document(execution)))
        if let written { return start + written }
        return "\(start)Running \(execution.action) as execution \(execution.id). "
            + "Stop it with \(prefix)cancel \(execution.id)."
    }

    func unmatched(_ command: String, nearest: [String]) -> String {
        let shown = shortened(command)
        guard !nearest.isEmpty else {
            return "I don't know \"\(shown)\". Say \(prefix)help to see what I can do."
        }
        let lines = nearest.map { "  \(prefix)\($0)" }.joined(separator: "\n")
        return "I don't know \"\(shown)\". Did you mean:\n\(lines)\nSay \(prefix)help to see all commands."
    }

    func ambiguous(_ command: String, _ matches: [AliasMatch]) -> String {
        let lines = matches.map { match in
            "  \(prefix)\(match.format.display ?? match.representation)   (\(match.alias.ref))"
        }
        return "\"\(shortened(command))\" fits \(matches.count) commands equally well:\n"
            + lines.joined(separator: "\n")
            + "\nSay which one: \(prefix)\(UseCommand.text(matches[0].alias.ref, shortened(command)))"
    }

    func refused(_ decision: AccessDecision, isUnclaimed: Bool) -> String {
        let reason = "You may not do this: \(decision.reason)."
        // Where a policy refuses no role would help.
        guard !decision.givers.isEmpty else { return reason }
        let claim =
            isUnclaimed
            ? " Nobody administers this chat yet: say \(prefix)claim CODE with the code that the service printed at its start."
            : " Ask an administrator of Petrel."
        return reason + claim
    }

    /// Asks for the value of a parameter.
    func question(_ name: String, _ parameter: Parameter?, of alias: ActionAlias, isAddressed: Bool) -> String {
        let summary = parameter?.summary.map { " (\($0.hasSuffix(".") ? String($0.dropLast()) : $0))" } ?? ""
        let choices = parameter?.choices.map { choices in
            " One of: \(choices.prefix(50).map(\.pythonString).joined(separator: ", "))."
        }
        let how = isAddressed ? "Answer here" : "Answer with \(prefix)VALUE"
        return "\(alias.ref) needs \(name)\(summary).\(choices ?? "") \(how), or say \(prefix)cancel."
    }

    /// How an execution is doing.
    func status(_ execution: Execution, at now: Instant) -> String {
        let time = execution.elapsed ?? (now - execution.startedAt)
        let seconds = "\(time.components.seconds) s"
        let verb =
            execution.endedAt == nil
            ? "is \(execution.status.rawValue) since \(seconds)" : "\(execution.status.rawValue) after \(seconds)"
        return "Execution \(execution.id) (\(execution.action)), asked for by \(execution.user), \(verb)."
    }

    /// The end of an execution in a line, where the rest stands in the thread.
    func summary(_ execution: Execution, _ alias: ActionAlias) -> String {
        written(execution, alias)
            ?? "\(execution.action) \(execution.status.rawValue), execution \(execution.id). The result is in the thread."
    }

    func ackExtra(_ execution: Execution, _ alias: ActionAlias) -> ValueObject {
        let extra = AliasText.ackExtra(
            alias, document: .object(alias.apiDocument), execution: .object(documents.document(execution)))
        return extra?.object ?? [:]
    }

    func resultExtra(_ execution: Execution, _ alias: ActionAlias) -> ValueObject {
        let extra = AliasText.resultExtra(
            alias, document: .object(alias.apiDocument), execution: .object(documents.document(execution)))
        return extra?.object ?? [:]
    }

    private func written(_ execution: Execution, _ alias: ActionAlias) -> String? {
        AliasText.result(
            alias, document: .object(alias.apiDocument), execution: .object(documents.document(execution)))
    }

    func invalid(_ error: some AnyProblem) -> String {
        let hint = error.hint.map { " \($0)." } ?? ""
        return "That did not start: \(error.message)\(error.message.hasSuffix(".") ? "" : ".")\(hint)"
    }

    func tooComplex(_ reason: String) -> String { "That text is too complex to read: \(reason)" }

    /// A result's text, as the alias's author wrote it or StackStorm's own, cut to what the platform takes.
    func result(_ execution: Execution, _ alias: ActionAlias?, maxCharacters: Int) -> String {
        var text =
            alias.flatMap { written(execution, $0) }
            ?? ResultText.standard(
                id: execution.id.text, status: execution.status.rawValue, action: execution.action.description,
                runner: execution.runner, result: documents.maskedResult(execution),
                elapsedSeconds: shownSeconds(execution),
                webURL: nil)
        if execution.status == .abandoned {
            text += "\nIts end is unknown: it may have run in part. Look, then say the command again to run it again.\n"
        }
        guard text.count > maxCharacters else { return text }
        let note = "\n… cut here; petrel execution get \(execution.id) shows all of it\n"
        return String(text.prefix(max(0, maxCharacters - note.count))) + note
    }

    /// StackStorm shows less than a second in the wrong unit, so that line is left out then.
    private func shownSeconds(_ execution: Execution) -> Double? {
        execution.elapsed.flatMap { $0 < .seconds(1) ? nil : $0.inSeconds }
    }

    private func shortened(_ text: String) -> String { text.count > 80 ? String(text.prefix(79)) + "…" : text }
}
