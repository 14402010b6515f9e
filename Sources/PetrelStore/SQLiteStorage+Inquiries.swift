import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``InquiryStore/answer(_:result:at:audit:)``.
    public func answer(_ id: ExecutionID, result: Value, at: Instant, audit: [AuditRecord]) async throws(CoreError)
        -> Execution?
    {
        FaultPoint.inquiryBeforeCommit.pass()
        let stored = try await storedResult(result)
        let answered: Execution? = try await queue.commit(.flushed) { database in
            guard var execution = try storedExecution(id, in: database), execution.status == .pending else {
                return nil
            }
            execution.end(RunOutcome(status: .succeeded, result: result), at: at)
            try update(execution, result: stored, in: database)
            try closeInquiry(id, in: database)
            try insert(audit, in: database)
            return execution
        }
        FaultPoint.inquiryAfterCommit.pass()
        return answered
    }

    /// What was asked stays its result, as in StackStorm.
    public func expireInquiries(at: Instant) async throws(CoreError) -> [Execution] {
        let due = try lookUp { database in
            try database.each(
                "SELECT execution FROM inquiry WHERE expires_at <= ? ORDER BY expires_at LIMIT 100", [at.microseconds]
            ) { ExecutionID(stored: $0["execution"]) }
        }
        guard !due.isEmpty else { return [] }
        return try await queue.commit(.flushed) { database in
            var ended: [Execution] = []
            for id in due {
                try closeInquiry(id, in: database)
                guard var execution = try storedExecution(id, in: database), execution.status == .pending else {
                    continue
                }
                let bytes = execution.resultBytes
                let result = try database.first("SELECT result, result_file FROM execution WHERE id = ?", [id.text]) {
                    StoredResult(row: $0, bytes: bytes)
                }
                execution.end(RunOutcome(status: .timeout, result: .null), at: at)
                try update(execution, result: result ?? nil, in: database)
                ended.append(execution)
            }
            return ended
        }
    }

    /// The root is found by walking up the parents.
    public func unaskedInquiries(limit: Int) async throws(CoreError) -> [UnaskedInquiry] {
        let found: [(Fetched, Execution)] = try lookUpTogether { database in
            try database.each(
                """
                SELECT \(executionColumns), e.result, e.result_file FROM inquiry i CROSS JOIN execution e
                WHERE e.id = i.execution AND i.asked_at IS NULL AND e.status = 'pending' ORDER BY e.id LIMIT ?
                """, [limit]
            ) { row in
                (try Fetched(row: row), try root(of: Execution(row: row), in: database))
            }
        }
        return found.map { UnaskedInquiry(inquiry: $0.0.withResult(from: results), root: $0.1) }
    }

    /// See ``InquiryStore/settleQuestion(_:posts:at:)``.
    public func settleQuestion(_ id: ExecutionID, posts: [OutboundPost], at: Instant) async throws(CoreError) -> Bool {
        let outgoing = outgoing
        return try await queue.commit(.flushed) { database in
            guard
                try database.changes(
                    "UPDATE inquiry SET asked_at = ? WHERE execution = ? AND asked_at IS NULL",
                    [at.microseconds, id.text])
            else { return false }
            try outgoing.insert(posts, in: database)
            for post in posts {
                let place = post.to.conversation
                try database.run(
                    "INSERT OR IGNORE INTO inquiry_post (execution, adapter, channel, thread) VALUES (?, ?, ?, ?)",
                    [id.text, place.adapter, place.channel, place.thread ?? ""])
            }
            return true
        }
    }

    /// A thread that is empty is the channel itself.
    public func openQuestions(adapter: AdapterName, channel: String) async throws(CoreError) -> [OpenQuestion] {
        let found: [(Fetched, String)] = try await read { database in
            try database.each(
                """
                SELECT \(executionColumns), e.result, e.result_file, q.thread
                FROM inquiry_post q CROSS JOIN execution e
                WHERE e.id = q.execution AND q.adapter = ? AND q.channel = ? AND e.status = 'pending' ORDER BY e.id DESC LIMIT 100
                """, [adapter, channel]
            ) { (try Fetched(row: $0), $0["thread"]) }
        }
        return found.map { row, thread in
            OpenQuestion(
                inquiry: row.withResult(from: results),
                conversation: Conversation(
                    adapter: adapter, channel: channel, thread: thread.isEmpty ? nil : thread))
        }
    }
}

/// Notes an inquiry and when its time to live, in minutes since the request, is over.
func insertInquiry(_ execution: Execution, asked: Value, in database: Database) throws {
    let minutes = asked["ttl"]?.number ?? 0
    let end = minutes > 0 ? execution.startedAt + .seconds(min(minutes * 60, 1e9)) : nil
    try database.run(
        "INSERT OR IGNORE INTO inquiry (execution, expires_at) VALUES (?, ?)",
        [execution.id.text, end?.microseconds])
}

func closeInquiry(_ id: ExecutionID, in database: Database) throws {
    try database.run("DELETE FROM inquiry WHERE execution = ?", [id.text])
    try database.run("DELETE FROM inquiry_post WHERE execution = ?", [id.text])
}

private func root(of execution: Execution, in database: Database) throws -> Execution {
    var root = execution
    // Bounded, for a database that somebody has changed.
    for _ in 0..<64 {
        guard let parent = root.parent, let above = try storedExecution(parent, in: database) else { break }
        root = above
    }
    return root
}

extension StoredResult {
    /// The result that a row has already.
    fileprivate init?(row: StoredRow, bytes: Int) {
        if let file = row["result_file"] as String? {
            self = .file(hash: file, bytes: bytes)
        } else if let text = row["result"] as String? {
            self = .inline(text)
        } else {
            return nil
        }
    }
}
