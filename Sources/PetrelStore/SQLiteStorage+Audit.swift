import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``AuditStore/record(_:)``.
    public func record(_ records: [AuditRecord]) async throws(CoreError) {
        try await queue.commit(.written) { try insert(records, in: $0) }
    }

    /// Newest means stored last, whatever the rows' times say.
    public func auditRecords(limit: Int, offset: Int) async throws(CoreError) -> [AuditRecord] {
        try await read { database in
            try database.rows("SELECT * FROM audit ORDER BY sequence DESC LIMIT ? OFFSET ?", [limit, offset]).map {
                row in
                AuditRecord(
                    at: Instant(column: row["at"] as Int64),
                    kind: AuditRecord.Kind(rawValue: row["kind"]) ?? .service, user: row["user"],
                    subject: row["subject"], decision: row["decision"],
                    detail: try Value.fromColumn(row["detail"]).object ?? [:])
            }
        }
    }
}

/// Adds rows to the audit trail.
func insert(_ records: [AuditRecord], in database: Database) throws {
    for record in records {
        try database.run(
            "INSERT INTO audit (at, kind, user, subject, decision, detail) VALUES (?, ?, ?, ?, ?, ?)",
            [
                record.at.microseconds, record.kind.rawValue, record.user, record.subject, record.decision,
                Value.object(record.detail).columnText,
            ])
    }
}
