import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Reads a large result from its file, after the row.
    public func execution(_ id: ExecutionID) async throws(CoreError) -> Execution? {
        let rows = try lookUp { database in
            try database.each(
                "SELECT \(executionColumns), e.result, e.result_file FROM execution e WHERE e.id = ?", [id.text]
            ) { try Fetched(row: $0) }
        }
        return rows.first?.withResult(from: results)
    }

    /// See ``ExecutionStore/executionTexts(_:)``.
    public func executionTexts(_ id: ExecutionID) async throws(CoreError) -> ExecutionTexts? {
        try lookUp { database in
            try database.first(
                """
                SELECT e.action, e.definition, e.runner, e.status, e.parameters,
                    e.context, e.user, e.parent, e.started_at, e.ended_at, e.result, e.result_bytes, e.log, e.delay
                FROM execution e WHERE e.id = ? AND e.result_file IS NULL
                """, [id.text]
            ) { try ExecutionTexts(id, row: $0) }
        }
    }

    /// Page and total come from one snapshot; files of large results are read after it.
    ///
    /// The ids of the page are found in an index alone, from the end that is nearer; only its own rows are read.
    public func executions(_ query: ExecutionQuery) async throws(CoreError) -> ExecutionPage {
        let filter = Filter(query)
        let results = query.withResults ? ", e.result, e.result_file" : ", NULL AS result, NULL AS result_file"
        let (fetched, total) = try await read { database in
            let total = try database.count(filter.count, filter.arguments)
            let rest = max(0, total - query.offset)
            let limit = query.limit < 0 ? rest : min(query.limit, rest)
            let isNearEnd = query.offset > total / 2
            let offset = isNearEnd ? rest - limit : query.offset
            let rows = try database.each(
                """
                SELECT \(executionColumns)\(results) FROM execution e WHERE e.id IN (
                    SELECT e.id FROM execution e \(filter.hint) \(filter.condition)
                    \(orderClause(query, isReversed: isNearEnd)) LIMIT ? OFFSET ?
                ) \(orderClause(query))
                """, filter.arguments + [limit, offset]
            ) { try Fetched(row: $0) }
            return (rows, total)
        }
        return ExecutionPage(executions: fetched.map { $0.withResult(from: self.results) }, total: total)
    }

    /// Walks down level by level in one snapshot; without results of any size.
    public func children(of id: ExecutionID, depth: Int, limit: Int) async throws(CoreError) -> [Execution] {
        let fetched: [Fetched] = try await read { database in
            try database.each(
                """
                WITH RECURSIVE tree (id, level) AS (
                    SELECT id, 1 FROM execution WHERE parent = ?1
                    UNION ALL
                    SELECT e.id, level + 1 FROM execution e JOIN tree ON e.parent = tree.id
                    WHERE ?2 < 0 OR level < ?2 LIMIT ?3
                )
                SELECT \(executionColumns), e.result, e.result_file FROM execution e
                WHERE e.id IN (SELECT id FROM tree) ORDER BY e.started_at, e.id
                """, [id.text, depth, limit]
            ) { try Fetched(row: $0) }
        }
        return fetched.map { $0.withResult(from: results) }
    }

    /// Leaps through indexes from one value to the next.
    public func executionFacets() async throws(CoreError) -> ExecutionFacets {
        try await read { database in
            func values(_ column: String) throws -> [String] {
                try database.each(
                    """
                    WITH RECURSIVE found (value) AS (
                        SELECT min(\(column)) FROM execution
                        UNION ALL
                        SELECT (SELECT min(\(column)) FROM execution WHERE \(column) > value) FROM found
                        WHERE value IS NOT NULL
                    )
                    SELECT value FROM found WHERE value IS NOT NULL
                    """
                ) { $0["value"] }
            }
            return ExecutionFacets(
                actions: try values("action"), statuses: try values("status"), runners: try values("runner"),
                users: try values("user"))
        }
    }

    /// Files of large results go after the commit: one that is left over is found by `petrel doctor`.
    public func forgetExecutions(endedBefore: Instant, limit: Int) async throws(CoreError) -> Int {
        let (count, files): (Int, [String]) = try await queue.commit(.written) { database in
            let rows = try database.each(
                """
                SELECT id, result_file FROM execution e
                WHERE ended_at < ? AND reply_owed = 0 AND NOT EXISTS (
                    SELECT 1 FROM execution p WHERE p.id = e.parent AND p.ended_at IS NULL)
                ORDER BY ended_at LIMIT ?
                """, [endedBefore.microseconds, limit]
            ) { row -> (id: String, file: String?) in (row["id"], row["result_file"]) }
            for (id, _) in rows {
                try database.run("DELETE FROM post WHERE execution = ? AND state <> 'unsent'", [id])
                try database.run("DELETE FROM execution WHERE id = ?", [id])
                try forgetWorkflow(id, in: database)
            }
            let files = try rows.compactMap(\.file).filter { file in
                try !database.hasRow("SELECT 1 FROM execution WHERE result_file = ? LIMIT 1", [file])
            }
            if !rows.isEmpty {
                try database.run(
                    """
                    DELETE FROM definition
                    WHERE NOT EXISTS (SELECT 1 FROM execution WHERE execution.definition = definition.hash)
                    """, [])
                try database.run(
                    """
                    DELETE FROM workflow_definition
                    WHERE NOT EXISTS (SELECT 1 FROM workflow WHERE workflow.definition = workflow_definition.hash)
                    """, [])
            }
            return (rows.count, files)
        }
        for file in files { results.remove(file) }
        return count
    }

    /// Leaves out statuses that no execution is in.
    public func openCounts() async throws(CoreError) -> [ExecutionStatus: Int] {
        try await read { database in
            var counts: [ExecutionStatus: Int] = [:]
            _ = try database.each(
                "SELECT status, count(*) AS count FROM execution WHERE ended_at IS NULL GROUP BY status"
            ) { row in
                if let status = ExecutionStatus(rawValue: row["status"]) { counts[status] = row["count"] }
            }
            return counts
        }
    }
}

/// An execution whose result may still lie in a file.
struct Fetched: Sendable {
    private var execution: Execution
    private let text: String?
    private let file: String?

    init(row: StoredRow) throws {
        execution = try Execution(row: row)
        text = row["result"]
        file = row["result_file"]
    }

    /// A result that can't be read is told in its place: it must hold nobody else up.
    func withResult(from files: ResultFiles) -> Execution {
        var execution = execution
        do throws(CoreError) {
            if let text { execution.result = try JSONReader.value(text, limits: .storedResult) }
            if let file { execution.result = try JSONReader.value(files.read(file), limits: .storedResult) }
        } catch {
            execution.result = ["error": .string("the result can't be read: \(error.message)")]
        }
        return execution
    }
}

private func orderClause(_ query: ExecutionQuery, isReversed: Bool = false) -> String {
    func word(_ isAscending: Bool) -> String { isAscending != isReversed ? "ASC" : "DESC" }
    let direction = word(query.isAscending)
    let wished = query.order.map { "e.\($0.key.column) \(word($0.isAscending))" }
    return "ORDER BY " + (wished + ["e.started_at \(direction)", "e.id \(direction)"]).joined(separator: ", ")
}

extension ExecutionQuery.Key {
    fileprivate var column: String { self == .startedAt ? "started_at" : rawValue }
}

/// The WHERE clause of a query.
private struct Filter: Sendable {
    private var clauses: [String] = []
    private(set) var arguments = Arguments()
    /// Names the index that answers alone: the planner has no figures to choose by.
    let hint: String

    init(_ query: ExecutionQuery) {
        hint = Self.index(for: query).map { "INDEXED BY \($0)" } ?? ""
        if let action = query.action { add("e.action = ?", action) }
        if let user = query.user { add("e.user = ?", user) }
        if let runner = query.runner { add("e.runner = ?", runner) }
        if let started = query.started {
            add("e.started_at >= ?", started.lowerBound.microseconds)
            add("e.started_at <= ?", started.upperBound.microseconds)
        }
        switch query.parent {
        case .some(.some(let parent)): add("e.parent = ?", parent.text)
        case .some(nil): clauses.append("e.parent IS NULL")
        case nil: break
        }
        if let after = query.startedAfter { add("e.started_at > ?", after.microseconds) }
        if let before = query.startedBefore { add("e.started_at < ?", before.microseconds) }
        add("e.status", in: query.statuses.map(\.rawValue))
        add("e.id", in: query.ids.map(\.text))
    }

    /// nil where the order is another, or where a few rows are named.
    private static func index(for query: ExecutionQuery) -> String? {
        if !query.ids.isEmpty || !query.order.isEmpty { return nil }
        if case .some(.some) = query.parent { return nil }
        if query.action != nil, query.user == nil, query.runner == nil { return "execution_by_action" }
        let single = [
            query.action.map { _ in "execution_list" }, query.user.map { _ in "execution_by_user" },
            query.runner.map { _ in "execution_by_runner" },
            query.statuses.isEmpty ? nil : query.statuses.count == 1 ? "execution_by_status" : "execution_list",
        ].compactMap(\.self)
        if single.count > 1 { return "execution_list" }
        if let index = single.first { return index }
        return query.parent == nil ? "execution_list" : "execution_roots"
    }

    /// How many executions there are; all together are those that have ended and those that have not, whose indexes are the
    /// narrowest.
    var count: String {
        guard clauses.isEmpty else { return "SELECT count(*) FROM execution e \(hint) \(condition)" }
        return """
            SELECT (SELECT count(*) FROM execution INDEXED BY execution_ended WHERE ended_at IS NOT NULL)
                + (SELECT count(*) FROM execution INDEXED BY execution_open WHERE ended_at IS NULL)
            """
    }

    var condition: String { clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ") }

    private mutating func add(_ clause: String, _ argument: any ColumnValue) {
        clauses.append(clause)
        arguments += [argument]
    }

    private mutating func add(_ column: String, in values: [String]) {
        guard !values.isEmpty else { return }
        clauses.append("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
        arguments += values
    }
}
