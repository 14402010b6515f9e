import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``InboxStore/accept(_:at:)``.
    public func accept(_ message: InboundMessage, at: Instant) async throws(CoreError) -> InboxReceipt {
        FaultPoint.inboxBeforeCommit.pass()
        let receipt: InboxReceipt = try await queue.commit(.written) { try PetrelStore.accept(message, at: at, in: $0) }
        FaultPoint.inboxAfterCommit.pass()
        return receipt
    }

    /// Refuses a message that was never stored, too.
    public func settle(_ key: MessageKey, posts: [OutboundPost], audit: [AuditRecord], at: Instant)
        async throws(CoreError) -> Bool
    {
        FaultPoint.submissionBeforeCommit.pass()
        let outgoing = outgoing
        let isSettled: Bool = try await queue.commit(.flushed) { database in
            guard try markSettled(key, at: at, in: database) else { return false }
            try outgoing.insert(posts, in: database)
            try insert(audit, in: database)
            return true
        }
        FaultPoint.submissionAfterCommit.pass()
        return isSettled
    }

    /// Leaves out messages whose stored form this version can't read.
    public func unsettled(limit: Int) async throws(CoreError) -> [InboundMessage] {
        try await read { database in
            try database.each(
                "SELECT adapter, event, document FROM message WHERE settled_at IS NULL ORDER BY received_at LIMIT ?",
                [limit]
            ) { row in
                InboundMessage(
                    key: MessageKey(adapter: row["adapter"], eventID: row["event"]),
                    document: try .fromColumn(row["document"]))
            }.compactMap(\.self)
        }
    }

    /// Begins counting at 1 with the first handling; 0 is the answer for a message that is not stored.
    public func beginAgain(_ key: MessageKey) async throws(CoreError) -> Int {
        try await queue.commit(.written) { database in
            let key: Arguments = [key.adapter, key.eventID]
            try database.run("UPDATE message SET attempts = attempts + 1 WHERE adapter = ? AND event = ?", key)
            return try database.count("SELECT attempts FROM message WHERE adapter = ? AND event = ?", key)
        }
    }

    /// See ``InboxStore/lastMessageAt(adapter:)``.
    public func lastMessageAt(adapter: AdapterName) async throws(CoreError) -> Instant? {
        try await read { database in
            try database.first("SELECT max(received_at) AS at FROM message WHERE adapter = ?", [adapter]) {
                Instant(column: $0["at"] as Int64?)
            } ?? nil
        }
    }

    /// See ``InboxStore/forgetMessages(before:)``.
    public func forgetMessages(before: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run(
                "DELETE FROM message WHERE settled_at IS NOT NULL AND received_at < ?", [before.microseconds])
        }
    }
}

/// Stores a message, unless it is known.
func accept(_ message: InboundMessage, at: Instant, in database: Database) throws -> InboxReceipt {
    let key: Arguments = [message.key.adapter, message.key.eventID]
    let known = try database.first("SELECT settled_at FROM message WHERE adapter = ? AND event = ?", key) {
        (row) -> InboxReceipt in (row["settled_at"] as Int64?) == nil ? .unfinished : .settled
    }
    if let known { return known }
    try database.run(
        "INSERT INTO message (adapter, event, document, received_at, attempts) VALUES (?, ?, ?, ?, 1)",
        key + [message.document.columnText, at.microseconds])
    return .new
}

/// Marks a message as decided; false if it is unknown or was decided before.
func markSettled(_ key: MessageKey, at: Instant, in database: Database) throws -> Bool {
    try database.changes(
        """
        UPDATE message SET settled_at = ?, \(withoutCallback("document"))
        WHERE adapter = ? AND event = ? AND settled_at IS NULL
        """,
        [at.microseconds, key.adapter, key.eventID])
}
