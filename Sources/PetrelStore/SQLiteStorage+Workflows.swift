import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Three small indexes answer it: children with news, wishes, and what waits to begin.
    public func owedWorkflows(at: Instant, limit: Int) async throws(CoreError) -> [ExecutionID] {
        try lookUp { database in
            try database.each(
                """
                SELECT parent AS id FROM execution WHERE parent_owed = 1
                UNION SELECT execution FROM workflow WHERE wish IS NOT NULL
                UNION SELECT id FROM execution
                    WHERE status = 'requested' AND runner IN \(workflowRunners) AND started_at + delay <= ?
                LIMIT ?
                """, [at.microseconds, limit]
            ) { ExecutionID(stored: $0["id"]) }
        }
    }

    /// Reads all from one snapshot; files of large results after it.
    public func workflowNews(of id: ExecutionID, limit: Int) async throws(CoreError) -> WorkflowNews? {
        let found: (execution: Execution, version: Int?, wish: String?, children: [Fetched])?
        found = try lookUpTogether { database in
            guard let execution = try storedExecution(id, in: database) else { return nil }
            let state = try workflowState(id.text, in: database)
            let children = try database.each(
                """
                SELECT \(executionColumns), e.result, e.result_file FROM execution e
                WHERE e.parent = ? AND e.parent_owed = 1 ORDER BY e.ended_at, e.id LIMIT ?
                """, [id.text, limit]
            ) { try Fetched(row: $0) }
            return (execution, state?.version, state?.wish, children)
        }
        return found.map { found in
            WorkflowNews(
                execution: found.execution, version: found.version, wish: found.wish.flatMap(WorkflowWish.init),
                isUnfinished: found.wish == "more", children: found.children.map { $0.withResult(from: results) })
        }
    }

    /// See ``WorkflowStore/workflow(_:)``.
    public func workflow(_ id: ExecutionID) async throws(CoreError) -> WorkflowRecord? {
        try await read { database in
            let changes = try database.each(
                "SELECT document FROM workflow_change WHERE execution = ? ORDER BY version", [id.text]
            ) { try Value.fromColumn($0["document"]) }
            return try database.first(
                """
                SELECT w.id, d.text, w.file, w.version, w.snapshot
                FROM workflow w JOIN workflow_definition d ON d.hash = w.definition WHERE w.execution = ?
                """, [id.text]
            ) { row in
                WorkflowRecord(
                    origin: WorkflowOrigin(id: row["id"], definition: row["text"], file: row["file"]),
                    version: row["version"], snapshot: try (row["snapshot"] as String?).map(Value.fromColumn),
                    changes: changes)
            }
        }
    }

    /// The rows' texts are made outside the writer; a large result is a file before the row names it.
    public func store(_ step: WorkflowStep) async throws(CoreError) -> StoredStep? {
        FaultPoint.workflowBeforeCommit.pass()
        let rows = step.children.map { ExecutionRow($0, isGated: step.gated.contains($0.id), digest: digest) }
        var result: StoredResult?
        if let value = step.result { result = try await storedResult(value) }
        let hash = step.origin.map { digest.sha256(Array($0.definition.utf8)) }
        let writing = StepWriting(step: step, rows: rows, result: result, hash: hash)
        let stored: StoredStep? = try await queue.commit(step.durability) { try writing.write(in: $0) }
        FaultPoint.workflowAfterCommit.pass()
        return stored
    }

    /// Only a workflow that has begun can be asked; the wish replaces an earlier one that was not heard yet.
    public func ask(_ wish: WorkflowWish, of id: ExecutionID, by user: String, at: Instant, audit: [AuditRecord])
        async throws(CoreError) -> WishAnswer
    {
        try await queue.commit(.flushed) { database in
            guard let execution = try storedExecution(id, in: database), execution.isWorkflow else { return .unknown }
            guard let asked = try PetrelStore.ask(wish, of: execution, by: user, at: at, in: database) else {
                return wish.isFulfilled(by: execution.status) ? .unchanged(execution) : .refused(execution)
            }
            try insert(audit, in: database)
            return .taken(asked)
        }
    }

    /// Later tries of an item come after earlier ones.
    public func results(ofTask task: String) async throws(CoreError) -> [TaskResult] {
        let fetched: [(Int?, Fetched)] = try await read { database in
            try database.each(
                """
                SELECT \(executionColumns), e.result, e.result_file, e.item FROM execution e
                WHERE e.task = ? ORDER BY e.id
                """, [task]
            ) { ($0["item"], try Fetched(row: $0)) }
        }
        var latest = OrderedDictionary<Int?, TaskResult>()
        for (item, row) in fetched {
            let execution = row.withResult(from: results)
            latest[item] = TaskResult(item: item, status: execution.status, result: execution.result ?? .null)
        }
        return Array(latest.values)
    }

    /// Reads an index only.
    public func childIDs(of id: ExecutionID, limit: Int) async throws(CoreError) -> [ExecutionID] {
        try await read { database in
            try database.each("SELECT id FROM execution WHERE parent = ? ORDER BY id LIMIT ?", [id.text, limit]) {
                ExecutionID(stored: $0["id"])
            }
        }
    }

    /// See ``WorkflowStore/dropNews(of:)``.
    public func dropNews(of id: ExecutionID) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run("UPDATE execution SET parent_owed = 0 WHERE parent = ? AND parent_owed = 1", [id.text])
            try database.run("UPDATE workflow SET wish = NULL WHERE execution = ?", [id.text])
        }
    }
}

extension WorkflowStep {
    /// A command that is about to start must be on disk, as must the last word on a workflow.
    fileprivate var durability: CommitQueue.Durability {
        children.isEmpty && result == nil ? .written : .flushed
    }
}

/// A step on its way into the database.
private struct StepWriting: Sendable {
    let step: WorkflowStep
    let rows: [ExecutionRow]
    let result: StoredResult?
    let hash: String?

    func write(in database: Database) throws -> StoredStep? {
        guard var execution = try storedExecution(step.execution, known: step.known, in: database),
            try isExpected(execution, in: database)
        else { return nil }
        for row in rows { try row.insert(in: database) }
        try writeState(in: database)
        for child in step.reported {
            // A child that has changed again meanwhile has more to tell. Without the plus SQLite would compile the statement
            // anew for each status, since some indexes are made for one.
            try database.run(
                "UPDATE execution SET parent_owed = 0 WHERE id = ? AND +status = ?",
                [child.id.text, child.status.rawValue])
        }
        let before = execution.status
        if !before.isCompleted { try writeExecution(&execution, in: database) }
        let asked = try step.cascade.map { try cascade($0, in: database) } ?? []
        try insert(step.audit, in: database)
        return StoredStep(execution: execution, hasChanged: execution.status != before, asked: asked)
    }

    /// Whether nobody else made a step, or asked the workflow for something that the step doesn't know.
    private func isExpected(_ execution: Execution, in database: Database) throws -> Bool {
        let state = try workflowState(step.execution.text, in: database)
        guard state?.version == step.expected else { return false }
        guard state != nil || execution.status == .requested else { return false }
        return state?.wish.flatMap(WorkflowWish.init) == step.fulfilled
    }

    private func writeState(in database: Database) throws {
        let id = step.execution.text
        let version = (step.expected ?? 0) + 1
        if let origin = step.origin, let hash {
            try database.run(
                "INSERT OR IGNORE INTO workflow_definition (hash, text) VALUES (?, ?)", [hash, origin.definition])
            try database.run(
                "INSERT INTO workflow (execution, id, definition, file, version) VALUES (?, ?, ?, ?, ?)",
                [id, origin.id, hash, origin.file, version])
        }
        // A step that is to be followed by another is owed that, like a wish.
        let wish = step.isUnfinished ? "more" : nil
        switch step.state {
        case .changes(let changes):
            try database.run("UPDATE workflow SET version = ?, wish = ? WHERE execution = ?", [version, wish, id])
            try database.run(
                "INSERT INTO workflow_change (execution, version, document) VALUES (?, ?, ?)",
                [id, version, changes.columnText])
        case .snapshot(let document):
            try database.run(
                "UPDATE workflow SET version = ?, wish = ?, snapshot = ? WHERE execution = ?",
                [version, wish, document.columnText, id])
            try database.run("DELETE FROM workflow_change WHERE execution = ?", [id])
        }
    }

    private func writeExecution(_ execution: inout Execution, in database: Database) throws {
        let before = execution.status
        guard step.status != before || !step.context.isEmpty || step.result != nil else { return }
        execution.context.merge(step.context) { _, new in new }
        if before == .requested, step.status != .requested { execution.change(to: .scheduled, at: step.at) }
        if step.status != before {
            if before == .requested, step.status != .running { execution.change(to: .running, at: step.at) }
            execution.change(to: step.status, at: step.at)
        }
        if step.status.isCompleted { execution.endedAt = step.at }
        if case .inline(let text)? = result { execution.resultBytes = text.utf8.count }
        let wasStill: Set<ExecutionStatus> = [.paused, .pausing, .resuming]
        let goesOn = step.status == .running && wasStill.contains(before)
        try update(
            execution, result: result, owesParent: step.status.isCompleted || step.status == .paused || goesOn,
            in: database)
    }

    /// Asks the open children for the same: workflows hear it, what has not begun and what waits for a person ends.
    private func cascade(_ wish: WorkflowWish, in database: Database) throws -> [Execution] {
        let open = try database.each(
            "SELECT \(executionColumns) FROM execution e WHERE e.parent = ? AND e.ended_at IS NULL",
            [step.execution.text]
        ) { try Execution(row: $0) }
        var asked: [Execution] = []
        for child in open {
            if child.hasBegunAsWorkflow {
                if let now = try ask(wish, of: child, by: nil, at: step.at, in: database) { asked.append(now) }
            } else if wish == .cancel, [.requested, .delayed, .pending].contains(child.status) {
                var child = child
                let result: Value = ["message": "Action canceled by user."]
                child.end(RunOutcome(status: .canceled, result: result), at: step.at)
                try update(child, result: .inline(result.columnText), in: database)
                try closeInquiry(child.id, in: database)
                asked.append(child)
            }
        }
        return asked
    }
}

/// How many steps a workflow has made and what it has to hear; nil before its first.
private func workflowState(_ id: String, in database: Database) throws -> (version: Int, wish: String?)? {
    try database.first("SELECT version, wish FROM workflow WHERE execution = ?", [id]) { ($0["version"], $0["wish"]) }
}

extension WorkflowWish {
    /// Whether a workflow in that status needs not be asked.
    fileprivate func isFulfilled(by status: ExecutionStatus) -> Bool {
        switch self {
        case .pause: status == .pausing || status == .paused
        case .resume: status == .resuming || status == .running
        case .cancel: status == .canceling || status == .canceled
        }
    }

    /// Whether a workflow in that status can be asked.
    fileprivate func isPossible(in status: ExecutionStatus) -> Bool {
        switch self {
        case .pause: status == .running
        case .resume: status == .paused
        case .cancel: [.running, .pausing, .paused, .resuming].contains(status)
        }
    }

    /// The key of the context that names who asked.
    fileprivate var signature: String {
        switch self {
        case .pause: "paused_by"
        case .resume: "resumed_by"
        case .cancel: "cancelled_by"
        }
    }
}

/// Records what a workflow is asked; nil if its status does not allow it.
private func ask(
    _ wish: WorkflowWish, of execution: Execution, by user: String?, at: Instant, in database: Database
) throws -> Execution? {
    guard execution.hasBegunAsWorkflow, wish.isPossible(in: execution.status) else { return nil }
    var execution = execution
    if let user { execution.context[wish.signature] = .string(user) }
    execution.change(to: wish.status, at: at)
    try update(execution, in: database)
    try set(wish, of: execution.id, in: database)
    return execution
}

/// Notes a wish that the workflow has to hear.
func set(_ wish: WorkflowWish, of id: ExecutionID, in database: Database) throws {
    try database.run("UPDATE workflow SET wish = ? WHERE execution = ?", [wish.rawValue, id.text])
}

/// Forgets the state of a workflow, and an inquiry with its questions.
func forgetWorkflow(_ id: String, in database: Database) throws {
    for statement in [
        "DELETE FROM workflow_change WHERE execution = ?", "DELETE FROM workflow WHERE execution = ?",
        "DELETE FROM inquiry WHERE execution = ?", "DELETE FROM inquiry_post WHERE execution = ?",
    ] {
        try database.run(statement, [id])
    }
}
