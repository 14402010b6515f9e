import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Documents are written outside the writer.
    public func accept(
        _ instances: [TriggerInstance], from source: EventSource, handlings: [InstanceHandling]
    ) async throws(CoreError) -> Bool {
        FaultPoint.eventBeforeAccept.pass()
        let rows = instances.map { (instance: $0, payload: $0.payload.columnText) }
        let handlings = handlings.map { HandlingRows($0, digest: digest) }
        let outgoing = outgoing
        let isStored: Bool = try await queue.commit(.flushed) { database in
            guard try settleSource(source, in: database) else { return false }
            for row in rows { try insert(row.instance, payload: row.payload, in: database) }
            for handling in handlings { try handling.insert(through: outgoing, in: database) }
            return true
        }
        FaultPoint.eventAfterAccept.pass()
        return isStored
    }

    /// See ``EventStore/handle(_:)``.
    public func handle(_ handling: InstanceHandling) async throws(CoreError) -> Bool {
        FaultPoint.eventBeforeHandle.pass()
        let rows = HandlingRows(handling, digest: digest)
        let outgoing = outgoing
        let isStored: Bool = try await queue.commit(.flushed) { database in
            guard
                try database.changes(
                    "UPDATE trigger_instance SET status = ? WHERE id = ? AND status IN ('pending', 'processing')",
                    [handling.status.rawValue, handling.instance.text])
            else { return false }
            try rows.insert(through: outgoing, in: database)
            return true
        }
        FaultPoint.eventAfterHandle.pass()
        return isStored
    }

    /// See ``EventStore/pendingInstances(limit:)``.
    public func pendingInstances(limit: Int) async throws(CoreError) -> [TriggerInstance] {
        try lookUp { database in
            try database.each(
                "SELECT * FROM trigger_instance WHERE status = 'pending' ORDER BY id LIMIT ?", [limit]
            ) { try TriggerInstance(row: $0) }
        }
    }

    /// See ``EventStore/timerStates()``.
    public func timerStates() async throws(CoreError) -> [TimerState] {
        try await read { database in
            try database.each("SELECT * FROM timer ORDER BY trigger") { row in
                TimerState(
                    trigger: row["trigger"], startedAt: Instant(column: row["started_at"] as Int64),
                    firedAt: Instant(column: row["fired_at"] as Int64))
            }
        }
    }

    /// See ``EventStore/changeTimers(start:forget:)``.
    public func changeTimers(start: [TimerState], forget: [String]) async throws(CoreError) {
        try await queue.commit(.written) { database in
            for trigger in forget { try database.run("DELETE FROM timer WHERE trigger = ?", [trigger]) }
            for state in start {
                try database.run(
                    "INSERT OR IGNORE INTO timer VALUES (?, ?, ?)",
                    [state.trigger, state.startedAt.microseconds, state.firedAt.microseconds])
            }
        }
    }

    /// See ``EventStore/watchEnds(_:)``.
    public func watchEnds(_ isWanted: Bool) async throws(CoreError) {
        try await queue.commit(.written) { try $0.run("UPDATE end_watch SET is_wanted = ?", [isWanted]) }
    }

    /// See ``EventStore/owedEnds(limit:)``.
    public func owedEnds(limit: Int) async throws(CoreError) -> [Execution] {
        try await owed("owed_end", by: "e.ended_at", limit: limit)
    }

    /// See ``EventStore/dropEnds(_:)``.
    public func dropEnds(_ ids: [ExecutionID]) async throws(CoreError) { try await drop(ids, from: "owed_end") }

    /// See ``EventStore/owedInquiries(limit:)``.
    public func owedInquiries(limit: Int) async throws(CoreError) -> [Execution] {
        try await owed("owed_inquiry", by: "e.id", limit: limit)
    }

    /// See ``EventStore/dropInquiries(_:)``.
    public func dropInquiries(_ ids: [ExecutionID]) async throws(CoreError) {
        try await drop(ids, from: "owed_inquiry")
    }

    /// The executions that a table of what is owed names; large results are read from their files, after the rows.
    ///
    /// The few that are owed come first, which `CROSS JOIN` asks for: by itself SQLite walks all executions.
    private func owed(_ table: String, by order: String, limit: Int) async throws(CoreError) -> [Execution] {
        let fetched = try lookUp { database in
            try database.each(
                """
                SELECT \(executionColumns), e.result, e.result_file FROM \(table) o CROSS JOIN execution e
                WHERE e.id = o.execution ORDER BY \(order) LIMIT ?
                """, [limit]
            ) { try Fetched(row: $0) }
        }
        return fetched.map { $0.withResult(from: results) }
    }

    private func drop(_ ids: [ExecutionID], from table: String) async throws(CoreError) {
        try await queue.commit(.written) { database in
            for id in ids { try database.run("DELETE FROM \(table) WHERE execution = ?", [id.text]) }
        }
    }

    /// See ``EventStore/watchState(_:)``.
    public func watchState(_ name: String) async throws(CoreError) -> Value? {
        try await read { database in
            try database.first("SELECT state FROM watch_state WHERE name = ?", [name]) {
                try Value.fromColumn($0["state"])
            }
        }
    }

    /// See ``EventStore/forgetWatchStates(prefix:except:)``.
    public func forgetWatchStates(prefix: String, except: Set<String>) async throws(CoreError) {
        try await queue.commit(.written) { database in
            let names: [String] = try database.each(
                "SELECT name FROM watch_state WHERE substr(name, 1, length(?1)) = ?1", [prefix]
            ) { $0["name"] }
            for name in names where !except.contains(name) {
                try database.run("DELETE FROM watch_state WHERE name = ?", [name])
            }
        }
    }

    /// See ``EventStore/forgetNames(before:)``.
    public func forgetNames(before: Instant) async throws(CoreError) {
        try await queue.commit(.written) { try $0.run("DELETE FROM given_name WHERE at < ?", [before.microseconds]) }
    }

    /// A trace goes with the last of its instances.
    public func forgetEvents(before: Instant, limit: Int) async throws(CoreError) -> Int {
        try await queue.commit(.written) { database in
            let rows = try database.each(
                """
                SELECT id, trace FROM trigger_instance WHERE occurred_at < ? AND status <> 'pending'
                ORDER BY occurred_at LIMIT ?
                """, [before.microseconds, limit]
            ) { row -> (String, String) in (row["id"], row["trace"]) }
            for (id, trace) in rows {
                try database.run("DELETE FROM rule_enforcement WHERE instance = ?", [id])
                try database.run("DELETE FROM trigger_instance WHERE id = ?", [id])
                try database.run(
                    """
                    DELETE FROM trace WHERE id = ?1
                        AND NOT EXISTS (SELECT 1 FROM trigger_instance WHERE trace = ?1)
                    """, [trace])
            }
            return rows.count
        }
    }
}

/// Records that a source has given its instances; false if it had before.
private func settleSource(_ source: EventSource, in database: Database) throws -> Bool {
    switch source {
    case .outside: return true
    case .timer(let state, let firedAt):
        return try database.changes(
            // A clock that was set back takes the beginning with it.
            "UPDATE timer SET fired_at = ?1, started_at = min(started_at, ?1) WHERE trigger = ?2 AND fired_at = ?3",
            [firedAt.microseconds, state.trigger, state.firedAt.microseconds])
    case .end(let id): return try database.changes("DELETE FROM owed_end WHERE execution = ?", [id.text])
    case .inquiry(let id): return try database.changes("DELETE FROM owed_inquiry WHERE execution = ?", [id.text])
    case .once(let name, let at):
        return try database.changes("INSERT OR IGNORE INTO given_name VALUES (?, ?)", [name, at.microseconds])
    case .watch(let name, let old, let new):
        guard let old else {
            return try database.changes("INSERT OR IGNORE INTO watch_state VALUES (?, ?)", [name, new.columnText])
        }
        return try database.changes(
            "UPDATE watch_state SET state = ? WHERE name = ? AND state = ?", [new.columnText, name, old.columnText])
    }
}

/// Stores an instance, its payload written within the transaction.
func insert(_ instance: TriggerInstance, in database: Database) throws {
    try insert(instance, payload: instance.payload.columnText, in: database)
}

private func insert(_ instance: TriggerInstance, payload: String, in database: Database) throws {
    try database.run(
        """
        INSERT INTO trigger_instance
            (id, trigger, type, payload, occurred_at, status, origin, trace, trace_tag, cause, depth)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            instance.id.text, instance.trigger.description, instance.type.description, payload,
            instance.occurredAt.microseconds, instance.status.rawValue, instance.origin.rawValue, instance.trace.id,
            instance.trace.tag, instance.cause?.text, instance.depth,
        ])
    // An execution that nobody caused is a trace by itself.
    try database.run(
        """
        INSERT OR IGNORE INTO trace SELECT ?1, ?2, ?3
        WHERE NOT EXISTS (SELECT 1 FROM execution WHERE id = ?1 AND trace = id)
        """,
        [instance.trace.id, instance.trace.tag, instance.occurredAt.microseconds])
}

/// The rows of a handling, made ready outside the writer.
private struct HandlingRows: Sendable {
    private let handling: InstanceHandling
    private let executions: [ExecutionRow]

    init(_ handling: InstanceHandling, digest: any Digest) {
        self.handling = handling
        executions = handling.executions.map { ExecutionRow($0.execution, isGated: $0.isGated, digest: digest) }
    }

    func insert(through outgoing: OutgoingPosts, in database: Database) throws {
        for enforcement in handling.enforcements { try insertEnforcement(enforcement, in: database) }
        for execution in executions { try execution.insert(in: database) }
        for submission in handling.executions {
            try outgoing.insert(submission.posts, in: database)
            try PetrelStore.insert(submission.audit, in: database)
        }
    }

    private func insertEnforcement(_ enforcement: RuleEnforcement, in database: Database) throws {
        try database.run(
            """
            INSERT INTO rule_enforcement (id, rule, rule_id, instance, execution, at, status, reason)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                enforcement.id, enforcement.rule.description, enforcement.ruleID.text, enforcement.instance.text,
                enforcement.execution?.text, enforcement.at.microseconds, enforcement.status.rawValue,
                enforcement.failureReason,
            ])
    }
}

extension TriggerInstance {
    /// Reads a row with all columns.
    init(row: StoredRow) throws {
        let (trigger, type): (String, String) = (row["trigger"], row["type"])
        self.init(
            id: TriggerInstanceID(stored: row["id"]), trigger: ContentRef(stored: trigger),
            type: ContentRef(stored: type), payload: try .fromColumn(row["payload"]),
            occurredAt: Instant(column: row["occurred_at"] as Int64),
            status: Status(rawValue: row["status"]) ?? .failed, origin: Origin(rawValue: row["origin"]) ?? .webhook,
            trace: TraceTag(id: row["trace"], tag: row["trace_tag"]),
            cause: (row["cause"] as String?).map(ExecutionID.init(stored:)), depth: row["depth"])
    }
}

extension ContentRef {
    /// A reference that Petrel itself stored.
    init(stored text: String) { self = ContentRef(text) ?? ContentRef(pack: "", name: text) }
}
