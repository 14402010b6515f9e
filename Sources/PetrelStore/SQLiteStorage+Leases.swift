import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``LeaseStore/leases(prefix:)``.
    public func leases(prefix: String) async throws(CoreError) -> [Lease] {
        try await read { database in
            try database.each(
                "SELECT * FROM lease WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name", [prefix]
            ) { Lease(name: $0["name"], owner: $0["owner"], until: Instant(column: $0["until"] as Int64)) }
        }
    }

    /// See ``LeaseStore/takeLeases(_:at:)``.
    public func takeLeases(_ leases: [Lease], at: Instant) async throws(CoreError) -> Set<String> {
        try await queue.commit(.written) { database in
            var taken: Set<String> = []
            for lease in leases {
                let isTaken = try database.changes(
                    """
                    INSERT INTO lease (name, owner, until) VALUES (?1, ?2, ?3)
                    ON CONFLICT (name) DO UPDATE SET owner = ?2, until = ?3 WHERE owner = ?2 OR until <= ?4
                    """, [lease.name, lease.owner, lease.until.microseconds, at.microseconds])
                if isTaken { taken.insert(lease.name) }
            }
            return taken
        }
    }

    /// See ``LeaseStore/dropLeases(_:of:)``.
    public func dropLeases(_ names: [String], of owner: String) async throws(CoreError) {
        try await queue.commit(.written) { database in
            for name in names { try database.run("DELETE FROM lease WHERE name = ? AND owner = ?", [name, owner]) }
        }
    }

    /// This process holds the folder alone, so that nobody else is alive.
    public func dropDeadLeases(notOf owner: String) async throws(CoreError) {
        try await queue.commit(.written) { try $0.run("DELETE FROM lease WHERE owner <> ?", [owner]) }
    }
}
