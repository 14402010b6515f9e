/// Who looks after something that only one process may look after at a time, and until when.
public struct Lease: Sendable, Hashable {
    /// What is looked after, such as `sensor linux.FileWatchSensor`.
    public var name: String
    /// The process that does it.
    public var owner: String
    /// When anybody else may take it, unless it is renewed.
    public var until: Instant

    /// A lease from its parts.
    public init(name: String, owner: String, until: Instant) {
        self.name = name
        self.owner = owner
        self.until = until
    }
}

/// Leases: one owner each, until a time.
///
/// Checked by `StoreConformance`.
public protocol LeaseStore: Sendable {
    /// All leases whose names begin so, ended ones too, by name.
    func leases(prefix: String) async throws(CoreError) -> [Lease]
    /// Takes leases that are free, ended or the owner's own, in one transaction. Written.
    /// - Returns: the names of those that were taken.
    func takeLeases(_ leases: [Lease], at: Instant) async throws(CoreError) -> Set<String>
    /// Gives leases back; those of another owner stay as they are. Written.
    func dropLeases(_ names: [String], of owner: String) async throws(CoreError)
    /// Drops the leases of owners that can't be alive: in a store that one process holds alone, all but its own. Written.
    func dropDeadLeases(notOf owner: String) async throws(CoreError)
}
