import GRDB
public import PetrelCore
import Synchronization

extension SQLiteStorage {
    /// Takes a role that this version doesn't know for ``Role/none``.
    public func mapping(adapter: AdapterName, personID: String) async throws(CoreError) -> IdentityMapping? {
        // Within the lock, so that no mapping is kept that was read before a claim and comes after it.
        try mappings.withLock { known throws(CoreError) in
            if known == nil { known = try readMappings() }
            return known?[PersonKey(adapter: adapter, id: personID)]
        }
    }

    private func readMappings() throws(CoreError) -> [PersonKey: IdentityMapping] {
        let mappings = try lookUp { database in
            try database.each("SELECT * FROM identity") { row in
                IdentityMapping(
                    adapter: row["adapter"], personID: row["person"], user: row["user"],
                    role: Role(rawValue: row["role"]) ?? .none)
            }
        }
        return Dictionary(
            mappings.map { (PersonKey(adapter: $0.adapter, id: $0.personID), $0) }, uniquingKeysWith: { $1 })
    }

    /// See ``IdentityStore/hasAdministrator(adapter:)``.
    public func hasAdministrator(adapter: AdapterName) async throws(CoreError) -> Bool {
        try lookUp { try administratorExists(adapter, in: $0) }
    }

    /// Replaces the mapping that the person had before.
    public func claimAdministrator(_ mapping: IdentityMapping, audit: [AuditRecord]) async throws(CoreError) -> Bool {
        defer { mappings.withLock { $0 = nil } }
        return try await queue.commit(.flushed) { database in
            guard try !administratorExists(mapping.adapter, in: database) else { return false }
            try database.run(
                "REPLACE INTO identity (adapter, person, user, role) VALUES (?, ?, ?, ?)",
                [mapping.adapter, mapping.personID, mapping.user, mapping.role.rawValue])
            try insert(audit, in: database)
            return true
        }
    }
}

/// A person on a chat platform.
struct PersonKey: Hashable {
    var adapter: AdapterName
    var id: String
}

private func administratorExists(_ adapter: AdapterName, in database: Database) throws -> Bool {
    try database.hasRow("SELECT 1 FROM identity WHERE adapter = ? AND role = 'admin' LIMIT 1", [adapter])
}
