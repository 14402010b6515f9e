import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``QuestionStore/ask(_:at:)``.
    public func ask(_ question: Question, at: Instant) async throws(CoreError) {
        let document = question.document.columnText
        try await queue.commit(.written) { database in
            try database.run(
                """
                INSERT INTO question (adapter, channel, person, document, asked_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (adapter, channel, person)
                DO UPDATE SET document = excluded.document, asked_at = excluded.asked_at, answered_by = NULL
                """,
                [
                    question.conversation.adapter, question.conversation.channel, question.person, document,
                    at.microseconds,
                ])
        }
        FaultPoint.questionAfterAsk.pass()
    }

    /// Reads first: most messages answer nothing.
    public func takeQuestion(answeredBy message: InboundMessage, askedSince: Instant) async throws(CoreError)
        -> Question?
    {
        let (key, event) = (questionKey(message), message.key.eventID)
        let open = "adapter = ? AND channel = ? AND person = ? AND asked_at >= ? AND coalesce(answered_by, ?) = ?"
        let arguments = key + [askedSince.microseconds, event, event]
        let question = try lookUp { database in
            try database.first("SELECT document FROM question WHERE \(open)", arguments) { row in
                Question(
                    adapter: message.key.adapter, channel: message.conversation.channel, person: message.sender.id,
                    document: try .fromColumn(row["document"]))
            } ?? nil
        }
        guard let question, question.isAnswered(at: message) else { return nil }
        let isTaken: Bool = try await queue.commit(.written) { database in
            try database.changes("UPDATE question SET answered_by = ? WHERE \(open)", [event] + arguments)
        }
        FaultPoint.questionAfterTake.pass()
        return isTaken ? question : nil
    }

    /// See ``QuestionStore/forgetQuestions(before:)``.
    public func forgetQuestions(before: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run("DELETE FROM question WHERE asked_at < ?", [before.microseconds])
        }
    }
}

private func questionKey(_ message: InboundMessage) -> Arguments {
    [message.key.adapter, message.conversation.channel, message.sender.id]
}

extension Question {
    /// Whether a message stands where the answer is expected.
    fileprivate func isAnswered(at message: InboundMessage) -> Bool {
        message.conversation.thread == conversation.thread || message.kind == .choice
            || (message.isDirect && message.conversation.thread == nil)
    }
}
