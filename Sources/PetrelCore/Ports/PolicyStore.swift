/// A policy that was made, changed or deleted through the API; it wins over a file of the same name.
public struct PolicyRecord: Sendable, Hashable {
    /// The policy's name.
    public var ref: ContentRef
    /// The policy; nil for one whose file is to count no more.
    public var policy: Policy?

    /// A record from its parts.
    public init(ref: ContentRef, policy: Policy?) {
        self.ref = ref
        self.policy = policy
    }
}

/// What a look at the executions that policies hold back has changed.
public struct GatedClaims: Sendable {
    /// Those that run now, with their claim.
    public var claimed: [Execution]
    /// Those that were sent to wait, or were canceled.
    public var heldBack: [Execution]
    /// Whether some wait for a place.
    public var areWaiting: Bool

    /// An answer from its parts.
    public init(claimed: [Execution] = [], heldBack: [Execution] = [], areWaiting: Bool = false) {
        self.claimed = claimed
        self.heldBack = heldBack
        self.areWaiting = areWaiting
    }
}

/// Policies and the executions that they hold back.
///
/// Checked by `StoreConformance`.
public protocol PolicyStore: Sendable {
    /// All records.
    func policyRecords() async throws(CoreError) -> [PolicyRecord]
    /// Stores a record in the place of that of its name. Flushed.
    func putPolicy(_ record: PolicyRecord, audit: [AuditRecord]) async throws(CoreError)
    /// Claims gated executions whose time has come and whose gates have a place, oldest first, at most `limit`; counts and
    /// claims are one transaction, so that no threshold is passed. Flushed when something has changed.
    ///
    /// What finds no place becomes `delayed`, or `canceled` where the gate says so. An action without an entry has no
    /// gates any more.
    func claimGated(_ claim: Claim, limit: Int, at: Instant, gates: [ContentRef: [ConcurrencyGate]])
        async throws(CoreError) -> GatedClaims
}
