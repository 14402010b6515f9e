public import PetrelCore
import Synchronization

/// The policies in force: those of the packs' files, overlaid with what was changed through the API.
public final class LivePolicies: Sendable {
    private struct State {
        var records: [ContentRef: PolicyRecord] = [:]
        /// Whether executions may be held back; true until a look says otherwise.
        var mayHold = true
        var gatedFirst = false
    }

    private let store: any PolicyStore
    private let catalog: LiveCatalog
    private let ids: any IDSource
    private let clock: any PetrelClock
    private let state = Mutex(State())

    /// Policies over their store and the content in force.
    public init(store: any PolicyStore, catalog: LiveCatalog, ids: any IDSource, clock: any PetrelClock) {
        self.store = store
        self.catalog = catalog
        self.ids = ids
        self.clock = clock
    }

    /// Reads what was changed through the API.
    public func reload() async throws(CoreError) {
        let records = try await store.policyRecords()
        state.withLock { state in
            state.records = Dictionary(records.map { ($0.ref, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// All policies, disabled ones too, by name.
    public var all: [Policy] {
        let files = catalog.current.policies
        let records = state.withLock(\.records)
        let kept = files.filter { records[$0.ref] == nil }
        return (kept + records.values.compactMap(\.policy)).sorted { $0.ref < $1.ref }
    }

    /// The policy of a reference `pack.name` or an id.
    public func policy(_ refOrID: String) -> Policy? {
        all.first { $0.ref.description == refOrID || $0.id.text == refOrID }
    }

    // MARK: Changes

    /// Puts a policy in the place of that of its name.
    public func put(_ policy: Policy, by user: String) async throws(CoreError) {
        let decision = self.policy(policy.ref.description) == nil ? "created" : "changed"
        try await store.putPolicy(
            PolicyRecord(ref: policy.ref, policy: policy), audit: [row(policy.ref, decision, user)])
        try await reload()
    }

    /// Takes a policy out of force.
    public func remove(_ policy: Policy, by user: String) async throws(CoreError) {
        try await store.putPolicy(PolicyRecord(ref: policy.ref, policy: nil), audit: [row(policy.ref, "deleted", user)])
        try await reload()
    }

    private func row(_ ref: ContentRef, _ decision: String, _ user: String) -> AuditRecord {
        AuditRecord(at: clock.now, kind: .content, user: user, subject: "policy \(ref)", decision: decision)
    }

    // MARK: Concurrency

    /// Whether a policy decides when executions of an action may run.
    func isGated(_ action: ContentRef) -> Bool { !gates(of: action).isEmpty }

    /// Whether executions may wait for a place.
    var mayHold: Bool { state.withLock(\.mayHold) }

    /// Says that an execution was stored which a policy may hold back.
    func noteGated() { state.withLock { $0.mayHold = true } }

    /// Claims what its policies let run now.
    func claim(_ claim: Claim, limit: Int, at: Instant) async throws(CoreError) -> GatedClaims {
        let mayHold = state.withLock { state in
            // One that is stored from here on says so again.
            defer { state.mayHold = false }
            return state.mayHold
        }
        guard mayHold else { return GatedClaims() }
        var gates: [ContentRef: [ConcurrencyGate]] = [:]
        for policy in all {
            guard let action = ContentRef(policy.resourceRef), let gate = Self.gate(policy) else { continue }
            gates[action, default: []].append(gate)
        }
        do throws(CoreError) {
            let answer = try await store.claimGated(claim, limit: limit, at: at, gates: gates)
            if answer.areWaiting || !answer.claimed.isEmpty { noteGated() }
            return answer
        } catch {
            noteGated()
            throw error
        }
    }

    /// Whether what is held back is looked at before the others; by turns, so that neither waits for ever.
    func takesGatedFirst() -> Bool {
        state.withLock { state in
            state.gatedFirst.toggle()
            return state.gatedFirst
        }
    }

    private func gates(of action: ContentRef) -> [ConcurrencyGate] {
        let name = action.description
        return all.filter { $0.resourceRef == name }.compactMap(Self.gate)
    }

    private static func gate(_ policy: Policy) -> ConcurrencyGate? {
        guard policy.isEnabled, let threshold = policy.parameters["threshold"]?.integer else { return nil }
        switch policy.type {
        case PolicyType.concurrency.ref: break
        case PolicyType.concurrencyByAttribute.ref:
            guard policy.parameters["attributes"]?.array?.isEmpty == false else { return nil }
        default: return nil
        }
        let attributes =
            policy.type == PolicyType.concurrency.ref
            ? [] : policy.parameters["attributes"]?.array?.compactMap(\.string) ?? []
        return ConcurrencyGate(
            policy: policy.ref, threshold: threshold, cancels: policy.parameters["action"]?.string == "cancel",
            attributes: attributes)
    }

    // MARK: Retry

    /// The execution that tries again what ended so; nil when no policy asks for one.
    ///
    /// What a workflow started is not tried again: the workflow says what happens then.
    func retry(of execution: Execution, after outcome: RunOutcome) -> SubmittedExecution? {
        let cause = outcome.status == .failed ? "failure" : outcome.status == .timeout ? "timeout" : nil
        guard let cause, execution.parent == nil, execution.context["parent"] == nil else { return nil }
        let name = execution.action.description
        let before = execution.context["policies"]?["retry"]?["retry_count"]?.integer ?? 0
        let policy = all.first { policy in
            policy.isEnabled && policy.type == PolicyType.retry.ref && policy.resourceRef == name
                && policy.parameters["retry_on"]?.string == cause
                && before < policy.parameters["max_retry_count"]?.integer ?? 2
        }
        guard let policy else { return nil }
        let now = clock.now
        var context = execution.context
        var policies = context["policies"]?.object ?? [:]
        policies["retry"] = [
            "applied_policy": .string(policy.ref.description), "retry_count": .integer(before + 1),
            "retried_liveaction_id": .string(execution.id.text),
        ]
        context["policies"] = .object(policies)
        let delay = policy.parameters["delay"]?.number.map { Duration.seconds($0) } ?? .zero
        let again = Execution(
            id: ids.make(), action: execution.action, definition: execution.definition,
            runner: execution.runner, status: .requested, parameters: execution.parameters, context: context,
            origin: execution.origin, startedAt: now, log: [StatusChange(.requested, at: now)],
            replyTo: execution.replyTo, delay: delay)
        let row = AuditRecord(
            at: now, kind: .submission, user: execution.user, subject: again.id.text, decision: "retried",
            detail: [
                "action": .string(name), "policy": .string(policy.ref.description), "of": .string(execution.id.text),
            ])
        return SubmittedExecution(execution: again, audit: [row], isGated: isGated(execution.action))
    }
}
