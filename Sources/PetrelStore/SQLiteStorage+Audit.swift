import GRDB
public import PetrelCore

// Each row's `hash` is a keyed digest of the row before it and of itself; `audit_head` holds one of the last row's. So a row
// that is changed, added, moved or taken away, at the end too, is found by whoever walks the chain with the key.

extension SQLiteStorage {
    /// See ``AuditStore/record(_:)``.
    public func record(_ records: [AuditRecord]) async throws(CoreError) {
        try await queue.commit(.written) { try insert(records, in: $0) }
    }

    /// Newest means stored last, whatever the rows' times say.
    public func auditRecords(limit: Int, offset: Int) async throws(CoreError) -> [AuditRecord] {
        try await read { database in
            try database.each("SELECT * FROM audit ORDER BY sequence DESC LIMIT ? OFFSET ?", [limit, offset]) {
                try AuditRecord(row: $0)
            }
        }
    }

    /// Reads every row once, in one snapshot.
    public func auditVerdict() async throws(CoreError) -> AuditVerdict { try await read { try verdict(in: $0) } }

    /// See ``AuditStore/forgetAudit(before:)``.
    public func forgetAudit(before: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            // Only a beginning of the chain can go: up to the last row before the first that stays.
            let first = try database.count(
                "SELECT coalesce(min(sequence), ?) FROM audit WHERE at >= ?", [Int.max, before.microseconds])
            let last: (sequence: Int, hash: String)? = try database.first(
                "SELECT sequence, hash FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT 1", [first]
            ) { ($0["sequence"], $0["hash"]) }
            guard let last else { return }
            try database.run("DELETE FROM audit WHERE sequence <= ?", [last.sequence])
            try database.run("UPDATE audit_head SET base = ?", [last.hash])
            try setHead(in: database)
        }
    }
}

/// The function `petrel_mac(text)` of a connection: the keyed digest by which rows are chained.
func auditFunction(key: Secret<[UInt8]>, digest: any Digest) -> DatabaseFunction {
    let mac = digest.hmacSHA256(key: key)
    return DatabaseFunction("petrel_mac", argumentCount: 1, pure: true) { values in
        mac(Array((String.fromDatabaseValue(values[0]) ?? "").utf8))
    }
}

/// Adds rows to the audit trail.
func insert(_ records: [AuditRecord], in database: Database) throws {
    guard !records.isEmpty else { return }
    for record in records {
        let detail = Value.object(record.detail).columnText
        try database.run(
            """
            INSERT INTO audit (at, kind, user, subject, decision, detail, hash) VALUES (?, ?, ?, ?, ?, ?, petrel_mac(
                coalesce((SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1), (SELECT base FROM audit_head), '') || ?
            ))
            """,
            [
                record.at.microseconds, record.kind.rawValue, record.user, record.subject, record.decision, detail,
                record.chained(detail: detail),
            ])
    }
    try setHead(in: database)
}

/// Chains rows that were written before there was a chain.
func chainAudit(in database: Database) throws {
    var previous = ""
    let rows = try database.each("SELECT * FROM audit ORDER BY sequence") { row -> (Int, String) in
        (row["sequence"], try AuditRecord(row: row).chained(detail: row["detail"]))
    }
    for (sequence, text) in rows {
        try database.run("UPDATE audit SET hash = petrel_mac(?) WHERE sequence = ?", [previous + text, sequence])
        previous = try database.first("SELECT hash FROM audit WHERE sequence = ?", [sequence]) { $0["hash"] } ?? ""
    }
    try database.run("INSERT INTO audit_head (id, base, mac) VALUES (1, '', '')")
    try setHead(in: database)
}

private let headText = """
    'head:' || base || ':' || coalesce((SELECT sequence || ':' || hash FROM audit ORDER BY sequence DESC LIMIT 1), '')
    """

private func setHead(in database: Database) throws {
    try database.run("UPDATE audit_head SET mac = petrel_mac(\(headText))", [])
}

private func verdict(in database: Database) throws -> AuditVerdict {
    let base = try database.first("SELECT base FROM audit_head") { row -> String in row["base"] }
    guard var previous = base else { return AuditVerdict(rows: 0, problem: "the head of the chain is gone") }
    var (rows, wrong) = (0, Int?.none)
    _ = try database.each("SELECT * FROM audit ORDER BY sequence") { row in
        guard wrong == nil else { return }
        let text = try previous + AuditRecord(row: row).chained(detail: row["detail"])
        let wanted = try database.first("SELECT petrel_mac(?) AS mac", [text]) { row -> String in row["mac"] }
        previous = row["hash"]
        if wanted == previous { rows += 1 } else { wrong = row["sequence"] }
    }
    if let wrong {
        return AuditVerdict(
            rows: rows, problem: "row \(wrong) is not what was written, or a row before it is missing or was added")
    }
    let isHeadRight = try database.count("SELECT mac = petrel_mac(\(headText)) FROM audit_head") == 1
    return AuditVerdict(rows: rows, problem: isHeadRight ? nil : "rows at the end are missing, or were added")
}

extension AuditRecord {
    fileprivate init(row: StoredRow) throws {
        self.init(
            at: Instant(column: row["at"] as Int64), kind: Kind(rawValue: row["kind"]) ?? .service, user: row["user"],
            subject: row["subject"], decision: row["decision"],
            detail: try Value.fromColumn(row["detail"]).object ?? [:])
    }

    /// What a row's digest covers, each part with its length so that none can be moved into its neighbour.
    fileprivate func chained(detail: String) -> String {
        ["\(at.microseconds)", kind.rawValue, user, subject, decision, detail].map { "\($0.utf8.count):\($0)" }
            .joined(separator: ",")
    }
}
