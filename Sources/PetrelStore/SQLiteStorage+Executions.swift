import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``ExecutionStore/submit(_:)``.
    public func submit(_ submission: SubmittedExecution) async throws(CoreError) -> Bool {
        FaultPoint.submissionBeforeCommit.pass()
        let (new, outgoing) = (NewExecution(submission, journal: journal, digest: digest), outgoing)
        let isStored: Bool = try await queue.commit(.flushed) { try new.insert(by: outgoing, in: $0) }
        if let key = submission.message?.key { letGo(of: key) }
        FaultPoint.submissionAfterCommit.pass()
        return isStored
    }

    /// Its row is written as it ends, in one go.
    public func submit(_ submission: SubmittedExecution, endedBy completion: CompletedAttempt) async throws(CoreError)
        -> Execution?
    {
        FaultPoint.submissionBeforeCommit.pass()
        var ended = submission
        ended.execution.claim = nil
        ended.execution.end(completion.outcome, at: completion.at)
        ended.posts += completion.reply ?? []
        ended.audit += completion.audit
        let result = try await storedResult(completion.outcome.result)
        let new = NewExecution(
            ended, result: result, isAnswered: completion.reply != nil, journal: journal, digest: digest)
        let followUp = completion.followUp.map { NewExecution($0, journal: journal, digest: digest) }
        let outgoing = outgoing
        let isStored: Bool = try await queue.commit(.flushed) { database in
            guard try new.insert(by: outgoing, in: database) else { return false }
            return try followUp?.insert(by: outgoing, in: database) ?? true
        }
        if let key = submission.message?.key { letGo(of: key) }
        FaultPoint.submissionAfterCommit.pass()
        return isStored ? ended.execution : nil
    }

    /// Takes the oldest by id; an empty queue costs one read and no flush.
    public func claim(_ claim: Claim, limit: Int, at: Instant) async throws(CoreError) -> [Execution] {
        guard limit > 0 else { return [] }
        // Asking first costs no flush; the update below decides.
        let isWaiting: Bool = try lookUp { database in
            try database.hasRow(
                """
                SELECT 1 FROM execution
                WHERE status = 'requested' AND runner NOT IN \(workflowRunners) AND is_gated = 0
                    AND started_at + delay <= ? LIMIT 1
                """, [at.microseconds]
            )
        }
        guard isWaiting else { return [] }
        return try await queue.commit(.flushed) { database in
            let waiting = try database.each(
                """
                SELECT \(executionColumns) FROM execution e
                WHERE e.status = 'requested' AND e.runner NOT IN \(workflowRunners) AND e.is_gated = 0
                    AND e.started_at + e.delay <= ? ORDER BY e.id LIMIT ?
                """, [at.microseconds, limit]
            ) { try Execution(row: $0) }
            return try waiting.map { waiting in
                var execution = waiting
                execution.begin(claim, at: at)
                try update(execution, in: database)
                return execution
            }
        }
    }

    /// See ``ExecutionStore/renewClaims(of:until:)``.
    public func renewClaims(of owner: String, until: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run(
                """
                UPDATE execution INDEXED BY execution_open SET lease_until = ? WHERE owner = ? AND ended_at IS NULL
                """, [until.microseconds, owner])
        }
    }

    /// This store is held by one process alone, so every other owner is dead, whatever its lease says.
    public func orphans(notOf owner: String, at: Instant) async throws(CoreError) -> [Execution] {
        try await read { database in
            try database.each(
                """
                SELECT \(executionColumns) FROM execution e INDEXED BY execution_open
                WHERE e.ended_at IS NULL AND e.owner IS NOT NULL AND e.owner <> ? ORDER BY e.id
                """, [owner]
            ) { try Execution(row: $0) }
        }
    }

    /// Keeps the boot id under which the attempt began, so that it still tells whether a child can be alive.
    public func adopt(_ attempt: AttemptKey, from oldOwner: String, claim: Claim) async throws(CoreError) -> Bool {
        FaultPoint.recoveryBeforeAdopt.pass()
        let isAdopted: Bool = try await queue.commit(.flushed) { database in
            try database.changes(
                "UPDATE execution SET owner = ?, lease_until = ? WHERE id = ? AND attempt = ? AND owner = ?",
                [claim.owner, claim.leaseUntil.microseconds, attempt.execution.text, attempt.number, oldOwner])
        }
        FaultPoint.recoveryAfterAdopt.pass()
        return isAdopted
    }

    /// Refuses an attempt that is being canceled, too.
    public func requeue(_ attempt: AttemptKey, owner: String, at: Instant) async throws(CoreError) -> Bool {
        try await queue.commit(.flushed) { database in
            guard var execution = try claimed(attempt, by: owner, in: database), execution.status == .running else {
                return false
            }
            execution.claim = nil
            execution.change(to: .requested, at: at)
            try update(execution, in: database)
            return true
        }
    }

    /// A large result is on disk as a file before the row names it.
    public func complete(_ completion: CompletedAttempt) async throws(CoreError) -> Execution? {
        FaultPoint.completionBeforeCommit.pass()
        let result = try await storedResult(completion.outcome.result)
        let outgoing = outgoing
        let followUp = completion.followUp.map { NewExecution($0, journal: journal, digest: digest) }
        let execution: Execution? = try await queue.commit(completion.owesMore ? .written : .flushed) { database in
            guard
                var execution = try claimed(
                    completion.attempt, by: completion.owner, known: completion.execution, in: database)
            else { return nil }
            let isAsked = execution.status != completion.execution?.status
            execution.claim = nil
            execution.end(completion.outcome, at: completion.at)
            let reply = execution.status == completion.outcome.status ? completion.reply : nil
            try update(
                execution, result: result, isAnswered: reply != nil, changesContext: isAsked, in: database)
            if let reply { try outgoing.insert(reply, in: database) }
            if execution.status == .pending {
                try insertInquiry(execution, asked: completion.outcome.result, in: database)
            }
            try insert(completion.audit, in: database)
            if execution.status == completion.outcome.status {
                _ = try followUp?.insert(by: outgoing, in: database)
            }
            return execution
        }
        FaultPoint.completionAfterCommit.pass()
        return execution
    }

    /// Puts the user into the execution's context, as `cancelled_by`.
    public func requestCancel(_ id: ExecutionID, by user: String, at: Instant, audit: [AuditRecord])
        async throws(CoreError) -> CancelAnswer
    {
        try await queue.commit(.flushed) { database in
            guard var execution = try storedExecution(id, in: database) else { return .unknown }
            if execution.status == .canceling { return .alreadyCanceling(execution) }
            guard execution.status.isCancelable else { return .notCancelable(execution) }
            execution.context["cancelled_by"] = .string(user)
            let isRunning = execution.status == .running || execution.hasBegunAsWorkflow
            if isRunning {
                execution.change(to: .canceling, at: at)
                try update(execution, in: database)
                if execution.isWorkflow { try set(.cancel, of: id, in: database) }
            } else {
                let result: Value = ["message": "Action canceled by user.", "user": .string(user)]
                execution.end(RunOutcome(status: .canceled, result: result), at: at)
                try update(execution, result: .inline(result.columnText), in: database)
            }
            try insert(audit, in: database)
            return isRunning ? .canceling(execution) : .canceled(execution)
        }
    }

    /// Keeps a large result beside the database before any row names it.
    func storedResult(_ result: Value) async throws(CoreError) -> StoredResult {
        let bytes = JSONWriter.bytes(result)
        guard bytes.count > options.maxInlineResultBytes else {
            return .inline(String(decoding: bytes, as: UTF8.self))
        }
        let hash = digest.sha256(bytes)
        try results.write(bytes, hash: hash)
        return .file(hash: hash, bytes: bytes.count)
    }
}

/// The workflows' runner types as a list in SQL.
let workflowRunners = "(" + RunnerType.workflows.map { "'\($0)'" }.joined(separator: ", ") + ")"

extension CompletedAttempt {
    /// Whether another transaction follows that flushes this one: the reply's, or the workflow's next step.
    fileprivate var owesMore: Bool { reply == nil && (owesReply || owesStep) }
}

/// A submission on its way into rows.
private struct NewExecution: Sendable {
    private let submission: SubmittedExecution
    private let row: ExecutionRow
    private let message: DecidedMessage?

    /// - Parameter result: of one that has ended, and whether that is answered with it.
    init(
        _ submission: SubmittedExecution, result: StoredResult? = nil, isAnswered: Bool = false, journal: InboxJournal,
        digest: any Digest
    ) {
        self.submission = submission
        row = ExecutionRow(
            submission.execution, isGated: submission.isGated, result: result, isAnswered: isAnswered, digest: digest)
        message = submission.message.map { message in
            DecidedMessage(message, journal: journal, at: submission.execution.startedAt)
        }
    }

    /// - Returns: false, and nothing is stored, if the message was settled before.
    func insert(by outgoing: OutgoingPosts, in database: Database) throws -> Bool {
        if let message { guard try message.insert(by: outgoing, in: database) else { return false } }
        try row.insert(in: database)
        try outgoing.insert(submission.posts, in: database)
        try PetrelStore.insert(submission.audit, in: database)
        return true
    }
}

/// A result on its way into a row.
enum StoredResult: Sendable {
    case inline(String)
    case file(hash: String, bytes: Int)

    var text: String? { if case .inline(let text) = self { text } else { nil } }
    var file: String? { if case .file(let hash, _) = self { hash } else { nil } }
    var byteCount: Int {
        switch self {
        case .inline(let text): text.utf8.count
        case .file(_, let bytes): bytes
        }
    }
}

/// The execution of an attempt, if that attempt is the claimed one.
///
/// - Parameter known: the execution as the owner knows it; only its owner or a change of status changes it.
private func claimed(
    _ attempt: AttemptKey, by owner: String, known: Execution? = nil, in database: Database
) throws -> Execution? {
    try storedExecution(
        where: "e.id = ? AND e.attempt = ? AND e.owner = ?", [attempt.execution.text, attempt.number, owner],
        known: known, in: database)
}

/// The execution with an id, without its result.
///
/// - Parameter known: the execution as the caller knows it; it has changed only if its status has.
func storedExecution(_ id: ExecutionID, known: Execution? = nil, in database: Database) throws -> Execution? {
    try storedExecution(where: "e.id = ?", [id.text], known: known, in: database)
}

/// One execution; of one that is known, only the status is read where that is still the same.
private func storedExecution(
    where condition: String, _ key: Arguments, known: Execution?, in database: Database
) throws -> Execution? {
    if let known {
        let status = try database.first("SELECT e.status FROM execution e WHERE \(condition)", key) { row -> String in
            row["status"]
        }
        if status == known.status.rawValue { return known }
    }
    return try database.first("SELECT \(executionColumns) FROM execution e WHERE \(condition)", key) {
        try Execution(row: $0)
    }
}

/// Writes what changes in an execution's life.
///
/// - Parameters:
///   - owesParent: whether the workflow that started it has something to hear; by default when it has ended or waits for
///     an answer.
///   - isAnswered: whether the reply that its end owes is written in the same transaction.
///   - changesContext: whether the context may be another than is stored; SQLite reads it for an index when it is written.
func update(
    _ execution: Execution, result: StoredResult? = nil, owesParent: Bool? = nil, isAnswered: Bool = false,
    changesContext: Bool = true, in database: Database
) throws {
    let isNews = owesParent ?? (execution.status.isCompleted || execution.status == .pending)
    try database.run(
        """
        UPDATE execution SET status = ?, ended_at = ?, result = ?, result_file = ?, result_bytes = ?,
            log = ?, attempt = ?, owner = ?, boot = ?, lease_until = ?, reply_owed = ?,
            parent_owed = max(parent_owed, ?) WHERE id = ?
        """,
        [
            execution.status.rawValue, execution.endedAt?.microseconds, result?.text, result?.file,
            result?.byteCount ?? 0, StatusChange.document(execution.log).columnText, execution.attempt,
            execution.claim?.owner, execution.claim?.boot, execution.claim?.leaseUntil.microseconds,
            execution.owesReply && !isAnswered,
            isNews && execution.parent != nil, execution.id.text,
        ])
    if changesContext {
        try database.run(
            "UPDATE execution SET context = ?1 WHERE id = ?2 AND context <> ?1",
            [Value.object(execution.context).columnText, execution.id.text])
    }
    if isAnswered, execution.replyTo?.callback != nil {
        try database.run("UPDATE execution SET \(withoutCallback("reply_to")) WHERE id = ?", [execution.id.text])
    }
}

extension Execution {
    fileprivate var owesReply: Bool { status.isCompleted && replyTo != nil }
}

/// The columns of a new execution, made ready outside the writer.
struct ExecutionRow: Sendable {
    private let execution: Execution
    private let definition: String
    private let hash: String
    private let parameters: String
    private let context: String
    private let log: String
    private let replyTo: String?
    private let isGated: Bool
    private let result: StoredResult?
    private let isAnswered: Bool

    /// - Parameter result: of one that has ended, and whether that is answered with it.
    init(
        _ execution: Execution, isGated: Bool, result: StoredResult? = nil, isAnswered: Bool = false,
        digest: any Digest
    ) {
        self.isGated = isGated
        self.execution = execution
        self.result = result
        self.isAnswered = isAnswered
        (definition, hash) = execution.definition.storedForm(by: digest)
        parameters = Value.object(execution.parameters).columnText
        context = Value.object(execution.context).columnText
        log = StatusChange.document(execution.log).columnText
        var address = execution.replyTo
        if isAnswered { address?.callback = nil }
        replyTo = address?.document.columnText
    }

    func insert(in database: Database) throws {
        try database.run("INSERT OR IGNORE INTO definition VALUES (?, ?)", [hash, definition])
        try database.run(
            """
            INSERT INTO execution (id, action, definition, runner, status, parameters, context, user, origin, parent,
                started_at, ended_at, result, result_file, result_bytes, log, attempt, owner, boot, lease_until,
                reply_to, reply_owed, parent_owed, delay, task, item, is_gated)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                execution.id.text, execution.action.description, hash, execution.runner, execution.status.rawValue,
                parameters, context, execution.user, execution.origin.rawValue, execution.parent?.text,
                execution.startedAt.microseconds, execution.endedAt?.microseconds, result?.text, result?.file,
                result?.byteCount ?? 0, log, execution.attempt, execution.claim?.owner, execution.claim?.boot,
                execution.claim?.leaseUntil.microseconds, replyTo, execution.owesReply && !isAnswered,
                execution.status.isCompleted && execution.parent != nil, execution.delay.wholeMicroseconds,
                execution.task, execution.item, isGated,
            ])
    }
}
