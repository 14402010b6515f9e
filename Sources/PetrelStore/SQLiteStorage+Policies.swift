import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Leaves out a record that can't be read.
    public func policyRecords() async throws(CoreError) -> [PolicyRecord] {
        try await read { database in
            try database.each("SELECT * FROM policy ORDER BY ref") { row -> PolicyRecord? in
                guard let ref = ContentRef(row["ref"] as String) else { return nil }
                let document = try (row["document"] as String?).map(Value.fromColumn)?.object
                return PolicyRecord(ref: ref, policy: document.map { Policy(ref: ref, id: row["id"], document: $0) })
            }.compactMap(\.self)
        }
    }

    /// See ``PolicyStore/putPolicy(_:audit:)``.
    public func putPolicy(_ record: PolicyRecord, audit: [AuditRecord]) async throws(CoreError) {
        let document = record.policy.map { Value.object($0.document).columnText }
        try await queue.commit(.flushed) { database in
            try database.run(
                "REPLACE INTO policy (ref, id, document) VALUES (?, ?, ?)",
                [record.ref.description, record.policy?.id.text ?? "", document])
            try insert(audit, in: database)
        }
    }

    /// A look that finds nothing to do costs one read and no flush.
    public func claimGated(_ claim: Claim, limit: Int, at: Instant, gates: [ContentRef: [ConcurrencyGate]])
        async throws(CoreError) -> GatedClaims
    {
        guard limit > 0 else { return GatedClaims(areWaiting: true) }
        let isWaiting: Bool = try lookUp { database in
            try database.hasRow("SELECT 1 FROM execution WHERE \(isHeld) LIMIT 1")
        }
        guard isWaiting else { return GatedClaims() }
        return try await queue.commit(.flushed) { database in
            var pass = GatePass(claim: claim, limit: limit, at: at, gates: gates)
            try pass.run(in: database)
            pass.answer.areWaiting = try database.hasRow("SELECT 1 FROM execution WHERE \(isHeld) LIMIT 1")
            return pass.answer
        }
    }
}

private let isHeld = "is_gated = 1 AND owner IS NULL AND ended_at IS NULL AND status IN ('requested', 'delayed')"

/// One look at all that is held back, oldest first.
private struct GatePass {
    let claim: Claim
    let limit: Int
    let at: Instant
    let gates: [ContentRef: [ConcurrencyGate]]
    var answer = GatedClaims()
    /// The parameters of what runs, by action; what this pass claims is added.
    private var running: [ContentRef: [ValueObject]] = [:]
    /// Actions of which no more can start, whatever their parameters; those behind need no look.
    private var full: Set<ContentRef> = []

    init(claim: Claim, limit: Int, at: Instant, gates: [ContentRef: [ConcurrencyGate]]) {
        self.claim = claim
        self.limit = limit
        self.at = at
        self.gates = gates
    }

    mutating func run(in database: Database) throws {
        var last = ""
        while answer.claimed.count < limit {
            let batch = try database.each(
                """
                SELECT \(executionColumns) FROM execution e
                WHERE \(isHeld) AND e.started_at + e.delay <= ? AND e.id > ? ORDER BY e.id LIMIT 256
                """, [at.microseconds, last]
            ) { try Execution(row: $0) }
            for execution in batch {
                last = execution.id.text
                guard answer.claimed.count < limit else { break }
                try decide(execution, in: database)
            }
            if batch.count < 256 { break }
        }
    }

    private mutating func decide(_ execution: Execution, in database: Database) throws {
        let own = gates[execution.action] ?? []
        guard let gate = full.contains(execution.action) ? own.first : try closedGate(of: execution, own, in: database)
        else {
            var execution = execution
            execution.begin(claim, at: at)
            try update(execution, in: database)
            running[execution.action, default: []].append(execution.parameters)
            answer.claimed.append(execution)
            return
        }
        if gate.cancels { try cancel(execution, gate, in: database) } else { try hold(execution, in: database) }
    }

    /// The first gate that has no place.
    private mutating func closedGate(of execution: Execution, _ own: [ConcurrencyGate], in database: Database) throws
        -> ConcurrencyGate?
    {
        guard !own.isEmpty else { return nil }
        let others = try runningParameters(of: execution.action, in: database)
        for gate in own {
            let count =
                gate.attributes.isEmpty
                ? others.count : others.count { isSame($0, execution.parameters, gate.attributes) }
            guard count >= gate.threshold else { continue }
            if gate.attributes.isEmpty, own.count == 1 { full.insert(execution.action) }
            return gate
        }
        return nil
    }

    private mutating func runningParameters(of action: ContentRef, in database: Database) throws -> [ValueObject] {
        if let known = running[action] { return known }
        let found = try database.each(
            """
            SELECT parameters FROM execution WHERE status IN ('running', 'canceling', 'scheduled') AND ended_at IS NULL
                AND action = ?
            """, [action.description]
        ) { try Value.fromColumn($0["parameters"]).object ?? [:] }
        running[action] = found
        return found
    }

    private func isSame(_ left: ValueObject, _ right: ValueObject, _ attributes: [String]) -> Bool {
        attributes.allSatisfy { (left[$0] ?? .null).isEquivalent(to: right[$0] ?? .null) }
    }

    private mutating func hold(_ execution: Execution, in database: Database) throws {
        guard execution.status != .delayed else { return }
        var execution = execution
        execution.change(to: .delayed, at: at)
        try update(execution, in: database)
        answer.heldBack.append(execution)
    }

    private mutating func cancel(_ execution: Execution, _ gate: ConcurrencyGate, in database: Database) throws {
        var execution = execution
        let message = "Canceled by the policy \(gate.policy): \(gate.threshold) of \(execution.action) run already."
        let result: Value = ["message": .string(message)]
        execution.end(RunOutcome(status: .canceled, result: result), at: at)
        try update(execution, result: .inline(result.columnText), in: database)
        let row = AuditRecord(
            at: at, kind: .cancel, user: "", subject: execution.id.text, decision: "canceled",
            detail: ["policy": .string(gate.policy.description)])
        try insert([row], in: database)
        answer.heldBack.append(execution)
    }
}

extension Policy {
    fileprivate var document: ValueObject {
        [
            "description": Value(summary), "enabled": .bool(isEnabled), "resource_ref": .string(resourceRef),
            "policy_type": .string(type), "parameters": .object(parameters), "metadata_file": Value(metadataFile),
        ]
    }

    fileprivate init(ref: ContentRef, id: String, document: ValueObject) {
        self.init(
            id: ContentID(stored: id), ref: ref, summary: document["description"]?.string,
            isEnabled: document["enabled"]?.bool ?? true, resourceRef: document["resource_ref"]?.string ?? "",
            type: document["policy_type"]?.string ?? "", parameters: document["parameters"]?.object ?? [:],
            metadataFile: document["metadata_file"]?.string)
    }
}
