import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Writes to the journal: the decision stores the message in the database.
    public func accept(_ message: InboundMessage, at: Instant) async throws(CoreError) -> InboxReceipt {
        let key = message.key
        guard !journal.has(key) else { return .unfinished }
        if let known = try receipt(of: key) { return known }
        FaultPoint.inboxBeforeCommit.pass()
        try journal.take(message, at: at)
        FaultPoint.inboxAfterCommit.pass()
        return .new
    }

    private func receipt(of key: MessageKey) throws(CoreError) -> InboxReceipt? {
        if outgoing.keepsRooms(of: key.adapter) {
            return try lookUp { try $0.hasRow("SELECT 1 FROM room_post WHERE key = ?", [key.eventID]) ? .settled : nil }
        }
        guard settled.mayHave(key) else { return nil }
        return try lookUp { database in
            try database.first(
                "SELECT settled_at FROM message WHERE adapter = ? AND event = ?", [key.adapter, key.eventID]
            ) { ($0["settled_at"] as Int64?) == nil ? .unfinished : .settled }
        }
    }

    /// Settles a message that was never accepted, too.
    public func settle(_ message: InboundMessage, posts: [OutboundPost], audit: [AuditRecord], at: Instant)
        async throws(CoreError) -> Bool
    {
        FaultPoint.submissionBeforeCommit.pass()
        let (row, outgoing) = (DecidedMessage(message, journal: journal, at: at), outgoing)
        let isSettled: Bool = try await queue.commit(.flushed) { database in
            guard try row.insert(by: outgoing, in: database) else { return false }
            try outgoing.insert(posts, in: database)
            try insert(audit, in: database)
            return true
        }
        letGo(of: message.key)
        FaultPoint.submissionAfterCommit.pass()
        return isSettled
    }

    /// Lets go of a message in hand: the database knows it now.
    func letGo(of key: MessageKey) {
        settled.note(key)
        journal.letGo(key)
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

/// Stores messages as undecided, unless they are known, as rows or as lines of a room, on the disk.
func storeUndecided(_ left: [InboxJournal.Entry], in pool: DatabasePool) throws {
    guard !left.isEmpty else { return }
    try pool.write { database in
        for entry in left {
            let message = entry.message
            try database.run(
                """
                INSERT OR IGNORE INTO message (adapter, event, document, received_at, attempts) SELECT ?1, ?2, ?3, ?4, 1
                WHERE NOT EXISTS (
                    SELECT 1 FROM room_post WHERE key = ?2 AND room = ?5 AND author = ?6 AND kind IS NULL)
                """,
                [
                    message.key.adapter, message.key.eventID, message.document.columnText,
                    entry.receivedAt.microseconds, message.conversation.channel, message.sender.id,
                ])
        }
    }
}

/// A message as it is stored with the decision on it.
struct DecidedMessage: Sendable {
    private let message: InboundMessage
    private let receivedAt: Instant
    private let at: Instant

    init(_ message: InboundMessage, journal: InboxJournal, at: Instant) {
        self.message = message
        self.at = at
        receivedAt = journal.receivedAt(message.key) ?? at
    }

    /// Stores the message as settled: as a line where it was said in a room of this store, else as a row.
    /// - Returns: false, and nothing is stored, if it was decided before.
    func insert(by outgoing: OutgoingPosts, in database: Database) throws -> Bool {
        let key = message.key
        if let isNew = try outgoing.hear(message, in: database) {
            // Left by an earlier process it has a row, and by one of an older version a line too.
            let wasLeft = try database.changes(
                "UPDATE message SET settled_at = ? WHERE adapter = ? AND event = ? AND settled_at IS NULL",
                [at.microseconds, key.adapter, key.eventID])
            return isNew || wasLeft
        }
        var kept = message
        kept.callback = nil
        return try database.changes(
            """
            INSERT INTO message (adapter, event, document, received_at, attempts, settled_at) VALUES (?, ?, ?, ?, 1, ?)
            ON CONFLICT (adapter, event) DO UPDATE SET settled_at = excluded.settled_at, document = excluded.document
            WHERE settled_at IS NULL
            """,
            [key.adapter, key.eventID, kept.document.columnText, receivedAt.microseconds, at.microseconds])
    }
}
