import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``CredentialStore/addToken(_:audit:)``.
    public func addToken(_ token: AccessToken, audit: [AuditRecord]) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run(
                "INSERT INTO token (hash, id, user, expires_at, metadata, is_service) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    token.hash, token.id, token.user, token.expiresAt.microseconds,
                    Value.object(token.metadata).columnText, token.isService,
                ])
            try insert(audit, in: database)
        }
    }

    /// See ``CredentialStore/token(hash:)``.
    public func token(hash: String) async throws(CoreError) -> AccessToken? {
        try lookUp { database in
            try database.first("SELECT * FROM token WHERE hash = ?", [hash]) { row in
                AccessToken(
                    id: row["id"], user: row["user"], hash: row["hash"],
                    expiresAt: Instant(column: row["expires_at"] as Int64),
                    metadata: try Value.fromColumn(row["metadata"]).object ?? [:], isService: row["is_service"])
            }
        }
    }

    /// See ``CredentialStore/removeToken(hash:audit:)``.
    public func removeToken(hash: String, audit: [AuditRecord]) async throws(CoreError) -> Bool {
        try await queue.commit(.flushed) { database in
            guard try database.changes("DELETE FROM token WHERE hash = ?", [hash]) else { return false }
            try insert(audit, in: database)
            return true
        }
    }

    /// See ``CredentialStore/forgetTokens(endedBefore:)``.
    public func forgetTokens(endedBefore: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run("DELETE FROM token WHERE expires_at < ?", [endedBefore.microseconds])
        }
    }

    /// See ``CredentialStore/addAPIKey(_:audit:)``.
    public func addAPIKey(_ key: APIKey, audit: [AuditRecord]) async throws(CoreError) -> String? {
        try await queue.commit(.flushed) { database in
            let known = try database.first("SELECT id FROM api_key WHERE hash = ? OR id = ?", [key.hash, key.id]) {
                row -> String in row["id"]
            }
            if let known { return known }
            try database.run(
                "INSERT INTO api_key (id, hash, user, metadata, is_enabled, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    key.id, key.hash, key.user, Value.object(key.metadata).columnText, key.isEnabled,
                    key.createdAt.microseconds,
                ])
            try insert(audit, in: database)
            return nil
        }
    }

    /// See ``CredentialStore/apiKey(_:)``.
    public func apiKey(_ hashOrID: String) async throws(CoreError) -> APIKey? {
        try lookUp { database in
            try database.first("SELECT * FROM api_key WHERE hash = ? OR id = ?", [hashOrID, hashOrID]) {
                try APIKey(row: $0)
            }
        }
    }

    /// Page and total come from one snapshot.
    public func apiKeys(user: String?, limit: Int, offset: Int) async throws(CoreError) -> (keys: [APIKey], total: Int)
    {
        try await read { database in
            let condition = "WHERE ? IS NULL OR user = ?"
            let keys = try database.each(
                "SELECT * FROM api_key \(condition) ORDER BY id LIMIT ? OFFSET ?", [user, user, limit, offset]
            ) { try APIKey(row: $0) }
            return (keys, try database.count("SELECT count(*) FROM api_key \(condition)", [user, user]))
        }
    }

    /// See ``CredentialStore/changeAPIKey(_:audit:)``.
    public func changeAPIKey(_ key: APIKey, audit: [AuditRecord]) async throws(CoreError) -> Bool {
        try await queue.commit(.flushed) { database in
            let isChanged = try database.changes(
                "UPDATE api_key SET user = ?, metadata = ?, is_enabled = ? WHERE id = ?",
                [key.user, Value.object(key.metadata).columnText, key.isEnabled, key.id])
            if isChanged { try insert(audit, in: database) }
            return isChanged
        }
    }

    /// See ``CredentialStore/removeAPIKey(_:audit:)``.
    public func removeAPIKey(_ id: String, audit: [AuditRecord]) async throws(CoreError) -> Bool {
        try await queue.commit(.flushed) { database in
            guard try database.changes("DELETE FROM api_key WHERE id = ?", [id]) else { return false }
            try insert(audit, in: database)
            return true
        }
    }
}

extension APIKey {
    fileprivate init(row: StoredRow) throws {
        self.init(
            id: row["id"], user: row["user"], hash: row["hash"],
            metadata: try Value.fromColumn(row["metadata"]).object ?? [:], isEnabled: row["is_enabled"],
            createdAt: Instant(column: row["created_at"] as Int64))
    }
}
