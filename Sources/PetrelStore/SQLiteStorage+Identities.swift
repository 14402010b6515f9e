import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// Takes a role that this version doesn't know for ``Role/none``.
    public func mapping(adapter: AdapterName, personID: String) async throws(CoreError) -> IdentityMapping? {
        try lookUp { database in
            try database.first("SELECT * FROM identity WHERE adapter = ? AND person = ?", [adapter, personID]) { row in
                IdentityMapping(
                    adapter: row["adapter"], personID: row["person"], user: row["user"],
                    role: Role(rawValue: row["role"]) ?? .none)
            }
        }
    }

    /// See ``IdentityStore/hasAdministrator(adapter:)``.
    public func hasAdministrator(adapter: AdapterName) async throws(CoreError) -> Bool {
        try lookUp { try administratorExists(adapter, in: $0) }
    }

    /// Replaces the mapping that the person had before.
    public func claimAdministrator(_ mapping: IdentityMapping, audit: [AuditRecord]) async throws(CoreError) -> Bool {
        try await queue.commit(.flushed) { database in
            guard try !administratorExists(mapping.adapter, in: database) else { return false }
            try database.run(
                "REPLACE INTO identity (adapter, person, user, role) VALUES (?, ?, ?, ?)",
                [mapping.adapter, mapping.personID, mapping.user, mapping.role.rawValue])
            try insert(audit, in: database)
            return true
        }
    }
}

private func administratorExists(_ adapter: AdapterName, in database: Database) throws -> Bool {
    try database.hasRow("SELECT 1 FROM identity WHERE adapter = ? AND role = 'admin' LIMIT 1", [adapter])
}
