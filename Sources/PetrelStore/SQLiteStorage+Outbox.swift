import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Reads large results from their files, after the rows.
    public func owedReplies(limit: Int) async throws(CoreError) -> [Execution] {
        let fetched = try lookUp { database in
            try database.each(
                """
                SELECT \(executionColumns), e.result, e.result_file FROM execution e
                WHERE e.reply_owed = 1 ORDER BY e.ended_at LIMIT ?
                """, [limit]
            ) { try Fetched(row: $0) }
        }
        return fetched.map { $0.withResult(from: results) }
    }

    /// See ``OutboxStore/settleReply(_:posts:)``.
    public func settleReply(_ id: ExecutionID, posts: [OutboundPost]) async throws(CoreError) -> Bool {
        FaultPoint.repliesBeforeCommit.pass()
        let outgoing = outgoing
        let isSettled: Bool = try await queue.commit(.flushed) { database in
            guard
                try database.changes(
                    "UPDATE execution SET reply_owed = 0, \(withoutCallback("reply_to")) WHERE id = ? AND reply_owed = 1",
                    [id.text])
            else { return false }
            try outgoing.insert(posts, in: database)
            return true
        }
        FaultPoint.repliesAfterCommit.pass()
        return isSettled
    }

    /// The posts are due at once.
    public func enqueue(_ posts: [OutboundPost]) async throws(CoreError) {
        let outgoing = outgoing
        try await queue.commit(.flushed) { database in
            let new = try posts.filter { post in
                try !database.hasRow("SELECT 1 FROM post WHERE id = ?", [post.id.text])
            }
            try outgoing.insert(new, in: database)
        }
    }

    /// Counts as doubtful what was tried before and what another owner queued.
    public func duePosts(adapter: AdapterName, at: Instant, limit: Int) async throws(CoreError) -> [QueuedPost] {
        let owner = options.owner
        return try lookUp { database in
            try database.each(
                """
                SELECT *, (
                    SELECT r.platform_id FROM post r WHERE r.id = json_extract(p.document, '$.replaces')
                ) AS replaced_id
                FROM post p WHERE state = 'unsent' AND adapter = ? AND due_at <= ? AND NOT EXISTS (
                    SELECT 1 FROM post q WHERE q.state = 'unsent' AND q.adapter = p.adapter AND q.channel = p.channel
                        AND q.thread IS p.thread AND q.sequence < p.sequence)
                ORDER BY sequence LIMIT ?
                """, [adapter, at.microseconds, limit]
            ) { row in
                let attempts: Int = row["attempts"]
                let isDoubtful = attempts > 0 || (row["queued_by"] as String) != owner
                return QueuedPost(post: try OutboundPost(row: row), attempts: attempts, isDoubtful: isDoubtful)
            }
        }
    }

    /// See ``OutboxStore/listen(adapter:_:)``.
    public func listen(adapter: AdapterName, _ take: @escaping @Sendable ([OutboundPost]) -> [FollowUp]) {
        outgoing.listen(adapter: adapter, take)
    }

    /// See ``OutboxStore/unsentPosts(adapter:limit:)``.
    public func unsentPosts(adapter: AdapterName, limit: Int) async throws(CoreError) -> [UnsentPost] {
        try lookUp { database in
            try database.each(
                """
                SELECT id, channel, thread FROM post WHERE state = 'unsent' AND adapter = ? ORDER BY sequence LIMIT ?
                """, [adapter, limit]
            ) { row in
                UnsentPost(
                    id: DeliveryID(stored: row["id"]),
                    conversation: Conversation(adapter: adapter, channel: row["channel"], thread: row["thread"]))
            }
        }
    }

    /// See ``OutboxStore/platformID(of:)``.
    public func platformID(of id: DeliveryID) async throws(CoreError) -> String? {
        try lookUp { database in
            try database.first("SELECT platform_id FROM post WHERE id = ?", [id.text]) {
                $0["platform_id"] as String?
            } ?? nil
        }
    }

    /// See ``OutboxStore/nextRetry(adapter:)``.
    public func nextRetry(adapter: AdapterName) async throws(CoreError) -> Instant? {
        try lookUp { database in
            try database.first(
                "SELECT min(due_at) AS at FROM post WHERE state = 'unsent' AND adapter = ? AND due_at > 0", [adapter]
            ) { Instant(column: $0["at"] as Int64?) } ?? nil
        }
    }

    /// Changes nothing for a post that is not unsent any more.
    public func recordSent(_ id: DeliveryID, platformID: String, at: Instant) async throws(CoreError) {
        try await queue.commit(.written) { try markSent(id, platformID: platformID, at: at, in: $0) }
        FaultPoint.outboxAfterRecord.pass()
    }

    /// Changes nothing for a post that is not unsent any more.
    public func recordRetry(_ id: DeliveryID, at: Instant, reason: String) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run(
                "UPDATE post SET due_at = ?, error = ?, attempts = attempts + 1 WHERE id = ? AND state = 'unsent'",
                [at.microseconds, reason, id.text])
        }
    }

    /// Changes nothing for a post that is not unsent any more.
    public func recordRefused(_ id: DeliveryID, reason: String, at: Instant) async throws(CoreError) {
        try await queue.commit(.flushed) { database in
            try database.run(
                """
                UPDATE post SET state = 'refused', error = ?, sent_at = ?, attempts = attempts + 1,
                    \(withoutCallback("reply_to"))
                WHERE id = ? AND state = 'unsent'
                """, [reason, at.microseconds, id.text])
        }
    }

    /// A refused post has no time of its own; it goes with the posts around it.
    public func forgetPosts(before: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run(
                """
                DELETE FROM post WHERE state <> 'unsent'
                    AND sequence <= (SELECT max(sequence) FROM post WHERE sent_at < ?)
                """, [before.microseconds])
            try database.run("DELETE FROM room_post WHERE at < ?", [before.microseconds])
        }
    }

    /// Looks among the posts that speak of an execution.
    public func execution(ofThread thread: Conversation) async throws(CoreError) -> ExecutionID? {
        guard let root = thread.thread else { return nil }
        return try lookUp { database in
            try database.first(
                """
                SELECT execution FROM (
                    SELECT sequence, adapter, channel, execution FROM post WHERE topic = ?1 AND execution IS NOT NULL
                    UNION ALL
                    SELECT sequence, adapter, channel, execution FROM post
                    WHERE platform_id = ?1 AND platform_id IS NOT NULL AND execution IS NOT NULL
                ) WHERE adapter = ?2 AND channel = ?3 ORDER BY sequence DESC LIMIT 1
                """, [root, thread.adapter, thread.channel]
            ) { ExecutionID(stored: $0["execution"]) }
        }
    }

    /// See ``OutboxStore/outboxCounts()``.
    public func outboxCounts() async throws(CoreError) -> (unsent: Int, refused: Int) {
        try await read { database in
            let count = { (state: String) in
                try database.count("SELECT count(*) FROM post WHERE state = '\(state)'")
            }
            return (try count("unsent"), try count("refused"))
        }
    }
}

/// Marks a post as delivered, if it is still to be sent.
func markSent(_ id: DeliveryID, platformID: String, at: Instant, in database: Database) throws {
    try database.run(
        """
        UPDATE post SET state = 'sent', platform_id = ?, sent_at = ?, error = NULL, attempts = attempts + 1,
            \(withoutCallback("reply_to"))
        WHERE id = ? AND state = 'unsent'
        """, [platformID, at.microseconds, id.text])
}

/// An assignment that takes the callback, which is as good as a password, out of a column with a document.
func withoutCallback(_ column: String) -> String {
    """
    \(column) = CASE WHEN instr(\(column), '"\(ReplyAddress.callbackName)"') > 0
        THEN json_remove(\(column), '$.\(ReplyAddress.callbackName)') ELSE \(column) END
    """
}
