import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Leaves out rows of a kind that this version doesn't know.
    public func content() async throws(CoreError) -> [ContentRecord] {
        try await read { database in
            try database.each("SELECT * FROM content ORDER BY kind, ref") { try ContentRecord(row: $0) }.compactMap(
                \.self)
        }
    }

    /// See ``ContentStore/contentRecord(_:_:)``.
    public func contentRecord(_ kind: ContentRecord.Kind, _ ref: String) async throws(CoreError) -> ContentRecord? {
        try await read { database in
            try database.first("SELECT * FROM content WHERE kind = ? AND ref = ?", [kind.rawValue, ref]) {
                try ContentRecord(row: $0)
            } ?? nil
        }
    }

    /// Removes first, so that a record can be replaced in one call.
    public func changeContent(put: [ContentRecord], remove: [ContentRecord], audit: [AuditRecord])
        async throws(CoreError)
    {
        try await queue.commit(.flushed) { database in
            for record in remove {
                try database.run(
                    "DELETE FROM content WHERE kind = ? AND ref = ?", [record.kind.rawValue, record.ref])
            }
            for record in put {
                try database.run(
                    """
                    INSERT INTO content (kind, ref, id, pack_path, file, hash, document) VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (kind, ref) DO UPDATE SET pack_path = excluded.pack_path, file = excluded.file,
                        hash = excluded.hash, document = excluded.document
                    """,
                    [
                        record.kind.rawValue, record.ref, record.id.text, record.packPath, record.file, record.hash,
                        Value.object(record.document).columnText,
                    ])
            }
            try insert(audit, in: database)
        }
    }
}

extension ContentRecord {
    /// Nil for a row of a kind that this version doesn't know.
    fileprivate init?(row: StoredRow) throws {
        guard let kind = Kind(rawValue: row["kind"]) else { return nil }
        self.init(
            id: ContentID(stored: row["id"]), kind: kind, ref: row["ref"], packPath: row["pack_path"],
            file: row["file"], hash: row["hash"], document: try Value.fromColumn(row["document"]).object ?? [:])
    }
}
