import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``EventStore/triggerInstance(_:)``.
    public func triggerInstance(_ id: TriggerInstanceID) async throws(CoreError) -> TriggerInstance? {
        try await read { database in
            try database.first("SELECT * FROM trigger_instance WHERE id = ?", [id.text]) {
                try TriggerInstance(row: $0)
            }
        }
    }

    /// Page and total come from one snapshot.
    public func triggerInstances(_ query: EventQuery) async throws(CoreError) -> (
        items: [TriggerInstance], total: Int
    ) {
        var filter = EventFilter(time: "occurred_at")
        filter.add("trigger = ?", query.trigger)
        filter.add("type = ?", query.triggerType)
        filter.add("status = ?", query.status)
        filter.add(query)
        return try await page("trigger_instance", filter, query) { row, _ in try TriggerInstance(row: row) }
    }

    /// Page and total come from one snapshot.
    public func enforcements(_ query: EventQuery) async throws(CoreError) -> (items: [RuleEnforcement], total: Int) {
        var filter = EventFilter(time: "at")
        filter.add("rule = ?", query.rule)
        filter.add("rule_id = ?", query.ruleID)
        filter.add("instance = ?", query.instance)
        filter.add("execution = ?", query.execution)
        filter.add(query)
        return try await page("rule_enforcement", filter, query) { row, _ in RuleEnforcement(row: row) }
    }

    /// What belongs to a trace is found by its id, from the rows of the things themselves.
    ///
    /// Executions that nobody caused are traces too; their tags stand in their contexts.
    public func traces(_ query: EventQuery) async throws(CoreError) -> (items: [Trace], total: Int) {
        var began = traceFilter(query)
        began.add("tag = ?", query.traceTag)
        var own = traceFilter(query)
        own.add("trace = id")
        if let tag = query.traceTag { own.add(tagged: tag) }
        let parts = [
            EventSelection(columns: "id, tag, started_at", table: "trace", filter: began),
            EventSelection(
                columns: "id, json_extract(context, '$.trace_context.trace_tag') AS tag, started_at",
                table: "execution", filter: own),
        ]
        return try await page(parts, query) { row, database in try Trace(row: row, in: database) }
    }

    private func traceFilter(_ query: EventQuery) -> EventFilter {
        var filter = EventFilter(time: "started_at")
        filter.add("id IN (SELECT trace FROM trigger_instance WHERE id = ?)", query.instance)
        filter.add("id = (SELECT trace FROM execution WHERE id = ?)", query.execution)
        filter.add(
            """
            id IN (SELECT i.trace FROM rule_enforcement e JOIN trigger_instance i ON i.id = e.instance
                   WHERE e.rule = ? OR e.rule_id || ':' || e.instance = ?)
            """, query.rule, times: 2)
        filter.add(query)
        return filter
    }

    private func page<Item: Sendable>(
        _ table: String, _ filter: EventFilter, _ query: EventQuery,
        _ make: @escaping @Sendable (StoredRow, Database) throws -> Item
    ) async throws(CoreError) -> (items: [Item], total: Int) {
        try await page([EventSelection(columns: "*", table: table, filter: filter)], query, make)
    }

    private func page<Item: Sendable>(
        _ parts: [EventSelection], _ query: EventQuery, _ make: @escaping @Sendable (StoredRow, Database) throws -> Item
    ) async throws(CoreError) -> (items: [Item], total: Int) {
        let direction = query.isAscending ? "ASC" : "DESC"
        let time = parts.first?.filter.time ?? ""
        let arguments = parts.map(\.filter.arguments).reduce(Arguments(), +)
        return try await read { database in
            let items = try database.each(
                """
                \(parts.map(\.text).joined(separator: " UNION ALL "))
                ORDER BY \(time) \(direction), id \(direction) LIMIT ? OFFSET ?
                """, arguments + [query.limit, query.offset]
            ) { try make($0, database) }
            let total = try parts.reduce(0) { try $0 + database.count($1.countText, $1.filter.arguments) }
            return (items, total)
        }
    }
}

/// Rows of one table that a listing wants.
private struct EventSelection: Sendable {
    var columns: String
    var table: String
    var filter: EventFilter

    var text: String { "SELECT \(columns) FROM \(table) \(filter.condition)" }
    var countText: String { "SELECT count(*) FROM \(table) \(filter.condition)" }
}

/// The WHERE clause of a query for events.
private struct EventFilter: Sendable {
    /// The column that the order goes by.
    let time: String
    private var clauses: [String] = []
    private(set) var arguments = Arguments()

    init(time: String) { self.time = time }

    var condition: String { clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ") }

    mutating func add(_ clause: String, _ argument: String?, times: Int = 1) {
        guard let argument else { return }
        clauses.append(clause)
        arguments += Arguments(repeating: argument, count: times)
    }

    mutating func add(_ clause: String) { clauses.append(clause) }

    /// Executions whose own trace has this tag; the index holds only tags that somebody chose.
    mutating func add(tagged tag: String) {
        let standard = "execution-"
        if tag.hasPrefix(standard), let id = ExecutionID(String(tag.dropFirst(standard.count))) {
            add("id = ?", id.text)
        } else {
            add("instr(context, '\"trace_tag\":\"execution-' || id || '\"') = 0")
        }
        add("json_extract(context, '$.trace_context.trace_tag') = ?", tag)
    }

    /// What all listings share.
    mutating func add(_ query: EventQuery) {
        if let after = query.after { add("\(time) > ?", after) }
        if let before = query.before { add("\(time) < ?", before) }
        guard !query.ids.isEmpty else { return }
        clauses.append("id IN (\(query.ids.map { _ in "?" }.joined(separator: ", ")))")
        arguments += Arguments(query.ids)
    }

    private mutating func add(_ clause: String, _ instant: Instant) {
        clauses.append(clause)
        arguments += [instant.microseconds]
    }
}

extension RuleEnforcement {
    fileprivate init(row: StoredRow) {
        self.init(
            id: row["id"], rule: ContentRef(stored: row["rule"] as String), ruleID: ContentID(stored: row["rule_id"]),
            instance: TriggerInstanceID(stored: row["instance"]),
            execution: (row["execution"] as String?).map(ExecutionID.init(stored:)),
            at: Instant(column: row["at"] as Int64), status: Status(rawValue: row["status"]) ?? .failed,
            failureReason: row["reason"])
    }
}

extension Trace {
    fileprivate init(row: StoredRow, in database: Database) throws {
        let id: String = row["id"]
        let instances = try database.each(
            "SELECT id, trigger, occurred_at, cause FROM trigger_instance WHERE trace = ? ORDER BY id", [id]
        ) { row in
            let cause: String? = row["cause"]
            return Component(
                id: row["id"], ref: row["trigger"], at: Instant(column: row["occurred_at"] as Int64),
                causeType: cause.map { _ in "action_execution" }, causeID: cause)
        }
        let rules = try database.each(
            """
            SELECT e.rule_id, e.rule, e.at, e.instance FROM rule_enforcement e
            JOIN trigger_instance i ON i.id = e.instance WHERE i.trace = ? ORDER BY e.id
            """, [id]
        ) { row in
            Component(
                id: row["rule_id"], ref: row["rule"], at: Instant(column: row["at"] as Int64),
                causeType: "trigger_instance", causeID: row["instance"])
        }
        let executions = try database.each(
            """
            SELECT e.id, e.action, e.started_at, e.parent, r.rule_id, r.instance FROM execution e
            LEFT JOIN rule_enforcement r ON r.execution = e.id WHERE e.trace = ? ORDER BY e.id
            """, [id]
        ) { Component(execution: $0) }
        self.init(
            tag: TraceTag(id: id, tag: row["tag"]), startedAt: Instant(column: row["started_at"] as Int64),
            instances: instances, rules: rules, executions: executions)
    }
}

extension Trace.Component {
    fileprivate init(execution row: StoredRow) {
        self.init(id: row["id"], ref: row["action"], at: Instant(column: row["started_at"] as Int64))
        if let parent = row["parent"] as String? {
            (causeType, causeID) = ("action_execution", parent)
        } else if let rule = row["rule_id"] as String?, let instance = row["instance"] as String? {
            (causeType, causeID) = ("rule", "\(rule):\(instance)")
        }
    }
}
