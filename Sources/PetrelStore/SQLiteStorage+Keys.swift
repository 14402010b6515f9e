import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Blocks its thread for one indexed read.
    public func keyNow(_ key: KeyName, at: Instant) throws(CoreError) -> KeyValue? {
        do { return try pool.read { try storedKey(key, at: at, in: $0) } } catch { throw storeFailure(error) }
    }

    /// See ``KeyStore/key(_:at:)``.
    public func key(_ key: KeyName, at: Instant) async throws(CoreError) -> KeyValue? {
        try lookUp { try storedKey(key, at: at, in: $0) }
    }

    /// Names compare byte by byte.
    public func keys(_ query: KeyQuery, at: Instant) async throws(CoreError) -> [KeyValue] {
        let owner = query.scope.user ?? ""
        return try await read { database in
            try database.each(
                """
                SELECT * FROM key WHERE scope = ? AND owner = ? AND (expires_at IS NULL OR expires_at > ?)
                    AND (? IS NULL OR substr(name, 1, length(?)) = ?) AND (? IS NULL OR name = ?)
                    AND (? IS NULL OR id = ?)
                ORDER BY name LIMIT ? OFFSET ?
                """,
                [
                    query.scope.name, owner, at.microseconds, query.prefix, query.prefix, query.prefix, query.name,
                    query.name, query.id, query.id, query.limit, query.offset,
                ]
            ) { KeyValue(row: $0) }
        }
    }

    /// See ``KeyStore/setKey(_:if:at:audit:news:)``.
    public func setKey(
        _ entry: KeyValue, if condition: KeyCondition?, at: Instant, audit: [AuditRecord], news: @escaping KeyNews
    ) async throws(CoreError) -> KeyAnswer {
        try await changeKeys { database in
            let old = try storedKey(entry.key, at: at, in: database)
            switch condition {
            case nil: break
            case .absent: if old != nil { return .refused(old) }
            case .value(let value): guard let old, !old.isSecret, old.value == value else { return .refused(old) }
            }
            var new = entry
            if let old { new.id = old.id }
            try put(new, in: database)
            try insert(audit, in: database)
            let change = KeyChange(old: old, new: new)
            for instance in news(change) { try insert(instance, in: database) }
            return .changed(change)
        }
    }

    /// See ``KeyStore/increment(_:by:id:at:audit:news:)``.
    public func increment(
        _ key: KeyName, by amount: Int, id: String, at: Instant, audit: [AuditRecord], news: @escaping KeyNews
    ) async throws(CoreError) -> KeyChange {
        try await changeKeys { database in
            let old = try storedKey(key, at: at, in: database)
            guard old?.isSecret != true, let number = Int(old?.value ?? "0") else {
                throw CoreError(
                    .invalidInput, "The key \"\(key.name)\" is no whole number, so nothing can be added to it.")
            }
            let (sum, isTooLarge) = number.addingReportingOverflow(amount)
            guard !isTooLarge else { throw CoreError(.invalidInput, "The key \"\(key.name)\" would be too large.") }
            var new = old ?? KeyValue(id: id, key: key, value: "")
            new.value = String(sum)
            try put(new, in: database)
            try insert(audit, in: database)
            let change = KeyChange(old: old, new: new)
            for instance in news(change) { try insert(instance, in: database) }
            return change
        }
    }

    /// See ``KeyStore/removeKey(_:at:audit:news:)``.
    public func removeKey(_ key: KeyName, at: Instant, audit: [AuditRecord], news: @escaping KeyNews)
        async throws(CoreError) -> KeyValue?
    {
        try await changeKeys { database in
            guard let old = try storedKey(key, at: at, in: database) else { return nil }
            try database.run(
                "DELETE FROM key WHERE scope = ? AND owner = ? AND name = ?",
                [key.scope.name, key.scope.user ?? "", key.name])
            try insert(audit, in: database)
            for instance in news(KeyChange(old: old, new: nil)) { try insert(instance, in: database) }
            return old
        }
    }

    private func changeKeys<Answer: Sendable>(_ body: @escaping @Sendable (Database) throws -> Answer)
        async throws(CoreError) -> Answer
    {
        FaultPoint.keyBeforeCommit.pass()
        let answer = try await queue.commit(.flushed, body)
        FaultPoint.keyAfterCommit.pass()
        return answer
    }

    /// See ``KeyStore/forgetKeys(expiredBefore:)``.
    public func forgetKeys(expiredBefore: Instant) async throws(CoreError) {
        try await queue.commit(.written) { database in
            try database.run("DELETE FROM key WHERE expires_at < ?", [expiredBefore.microseconds])
        }
    }
}

private func storedKey(_ key: KeyName, at: Instant, in database: Database) throws -> KeyValue? {
    try database.first(
        """
        SELECT * FROM key WHERE scope = ? AND owner = ? AND name = ? AND (expires_at IS NULL OR expires_at > ?)
        """, [key.scope.name, key.scope.user ?? "", key.name, at.microseconds]
    ) { KeyValue(row: $0) }
}

private func put(_ entry: KeyValue, in database: Database) throws {
    try database.run(
        "REPLACE INTO key (scope, owner, name, id, value, is_secret, expires_at, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            entry.key.scope.name, entry.key.scope.user ?? "", entry.key.name, entry.id, entry.value, entry.isSecret,
            entry.expiresAt?.microseconds, entry.summary,
        ])
}

extension KeyValue {
    fileprivate init(row: StoredRow) {
        let scope: String = row["scope"]
        let owner: String = row["owner"]
        self.init(
            id: row["id"], key: KeyName(scope == KeyScope.system.name ? .system : .user(owner), row["name"]),
            value: row["value"], isSecret: row["is_secret"], expiresAt: Instant(column: row["expires_at"] as Int64?),
            summary: row["summary"])
    }
}
