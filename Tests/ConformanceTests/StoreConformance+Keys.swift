import PetrelCore
import PetrelTestKit
import Testing

extension StoreConformance {
    private func entry(_ name: String, _ value: String, id: String = "1", ends: Instant? = nil) -> KeyValue {
        KeyValue(id: id, key: KeyName(.system, name), value: value, expiresAt: ends)
    }

    func keepsKeys() async throws {
        let store = try await open("me")
        let row = AuditRecord(at: at, kind: .key, user: "ann", subject: "key a", decision: "set")
        let first = try await store.setKey(entry("a", "1"), if: nil, at: at, audit: [row])
        #expect(first == .changed(KeyChange(old: nil, new: entry("a", "1"))))
        let second = try await store.setKey(entry("a", "2", id: "2"), if: .value("1"), at: at, audit: [])
        #expect(second == .changed(KeyChange(old: entry("a", "1"), new: entry("a", "2"))))
        #expect(
            try await store.setKey(entry("a", "3"), if: .value("1"), at: at, audit: [row]) == .refused(entry("a", "2")))
        #expect(try await store.setKey(entry("a", "3"), if: .absent, at: at, audit: []) == .refused(entry("a", "2")))
        #expect(try store.keyNow(KeyName(.system, "a"), at: at)?.value == "2")
        let sum = try await store.increment(KeyName(.system, "a"), by: 40, id: "9", at: at, audit: [])
        #expect(sum.new?.value == "42")
        #expect(
            try await store.increment(KeyName(.system, "new"), by: -1, id: "9", at: at, audit: []).new?.value == "-1")
        _ = try await store.setKey(entry("text", "x"), if: nil, at: at, audit: [])
        await #expect(throws: CoreError.self) {
            try await store.increment(KeyName(.system, "text"), by: 1, id: "9", at: at, audit: [])
        }
        #expect(try await store.keys(KeyQuery(scope: .system, prefix: "te"), at: at).map(\.key.name) == ["text"])
        #expect(
            try await store.keys(KeyQuery(scope: .system, limit: 2, offset: 1), at: at).map(\.key.name) == [
                "new", "text",
            ])
        #expect(try await store.removeKey(KeyName(.system, "a"), at: at, audit: [])?.value == "42")
        #expect(try await store.removeKey(KeyName(.system, "a"), at: at, audit: [row]) == nil)
        #expect(try await store.auditRecords(limit: 10, offset: 0).count == 1)
    }

    func endsKeys() async throws {
        let store = try await open("me")
        let end = at + .seconds(1)
        _ = try await store.setKey(entry("a", "1", ends: end), if: nil, at: at, audit: [])
        #expect(try await store.key(KeyName(.system, "a"), at: at) != nil)
        #expect(try await store.key(KeyName(.system, "a"), at: end) == nil)
        #expect(try await store.keys(KeyQuery(scope: .system), at: end).isEmpty)
        #expect(try await store.removeKey(KeyName(.system, "a"), at: end, audit: []) == nil)
        try await store.forgetKeys(expiredBefore: end + .seconds(1))
        let own = KeyName(.user("ann"), "a")
        _ = try await store.setKey(KeyValue(id: "2", key: own, value: "ann's"), if: .absent, at: at, audit: [])
        #expect(try await store.key(KeyName(.system, "a"), at: at) == nil)
        #expect(try await store.key(KeyName(.user("bob"), "a"), at: at) == nil)
        #expect(try await store.key(own, at: at)?.value == "ann's")
    }

    func tellsOfKeysWithTheirChange() async throws {
        let store = try await open("me")
        let at = at
        @Sendable func news(_ change: KeyChange) -> [TriggerInstance] {
            let text = "\(change.old?.value ?? "-")>\(change.new?.value ?? "-")"
            let number = (change.old.map { Int($0.value) ?? 0 } ?? 0) + 10
            return [
                TriggerInstance(
                    id: TriggerInstanceID(stored: "0000000000000000000001\(number)"),
                    trigger: ContentRef(pack: "core", name: "t"), type: ContentRef(pack: "core", name: "t"),
                    payload: ["change": .string(text)], occurredAt: at, origin: .api,
                    trace: TraceTag(id: "t", tag: "t"), depth: 2)
            ]
        }
        _ = try await store.setKey(entry("a", "1"), if: nil, at: at, audit: [], news: news)
        _ = try await store.setKey(entry("a", "2"), if: .absent, at: at, audit: [], news: news)
        _ = try await store.increment(KeyName(.system, "a"), by: 2, id: "9", at: at, audit: [], news: news)
        _ = try await store.removeKey(KeyName(.system, "a"), at: at, audit: [], news: news)
        _ = try await store.removeKey(KeyName(.system, "a"), at: at, audit: [], news: news)
        let pending = try await store.pendingInstances(limit: 9)
        #expect(pending.map { $0.payload["change"]?.string } == ["->1", "1>3", "3>-"])
        #expect(pending.allSatisfy { $0.depth == 2 })
    }

    // MARK: Policies

    private var action: ContentRef { ContentRef(pack: "test", name: "act") }

    private func gates(_ threshold: Int, cancels: Bool = false, attributes: [String] = []) -> [ContentRef:
        [ConcurrencyGate]]
    {
        let policy = ContentRef(pack: "test", name: "limit")
        return [
            action: [ConcurrencyGate(policy: policy, threshold: threshold, cancels: cancels, attributes: attributes)]
        ]
    }

    private func submitGated(_ count: Int, to store: any Storage, value: (Int) -> Int = { $0 }) async throws {
        for number in 1...count {
            var execution = Samples.execution(number)
            execution.parameters = ["n": .integer(value(number))]
            _ = try await store.submit(SubmittedExecution(execution: execution, isGated: true))
        }
    }

    func keepsPolicies() async throws {
        let store = try await open("me")
        let ref = ContentRef(pack: "test", name: "limit")
        let policy = Policy(
            id: ContentID(stored: "00000000000000000000ab01"), ref: ref, summary: nil, isEnabled: true,
            resourceRef: "test.act", type: "action.concurrency", parameters: ["threshold": 2], metadataFile: nil)
        try await store.putPolicy(PolicyRecord(ref: ref, policy: policy), audit: [])
        #expect(try await store.policyRecords() == [PolicyRecord(ref: ref, policy: policy)])
        try await store.putPolicy(PolicyRecord(ref: ref, policy: nil), audit: [])
        #expect(try await store.policyRecords() == [PolicyRecord(ref: ref, policy: nil)])
    }

    func claimsNoMoreThanPoliciesLet() async throws {
        let store = try await open("me")
        try await submitGated(5, to: store)
        #expect(try await store.claim(claim(), limit: 10, at: at).isEmpty)
        let first = try await store.claimGated(claim(), limit: 10, at: at, gates: gates(2))
        #expect(first.claimed.map(\.id) == [Samples.execution(1).id, Samples.execution(2).id])
        #expect(first.heldBack.map(\.status) == [.delayed, .delayed, .delayed])
        #expect(first.areWaiting)
        let again = try await store.claimGated(claim(), limit: 10, at: at, gates: gates(2))
        #expect(again.claimed.isEmpty && again.heldBack.isEmpty && again.areWaiting)
        let outcome = RunOutcome(status: .succeeded, result: [:])
        _ = try await store.complete(
            CompletedAttempt(
                attempt: AttemptKey(execution: Samples.execution(1).id, number: 1), owner: "me", outcome: outcome,
                at: at))
        let next = try await store.claimGated(claim(), limit: 10, at: at, gates: gates(2))
        #expect(next.claimed.map(\.id) == [Samples.execution(3).id])
        // Without a policy nothing holds them back any more.
        let rest = try await store.claimGated(claim(), limit: 10, at: at, gates: [:])
        #expect(rest.claimed.count == 2 && !rest.areWaiting)
    }

    func cancelsWhatFindsNoPlace() async throws {
        let store = try await open("me")
        try await submitGated(4, to: store) { $0 % 2 }
        let gates = gates(1, cancels: true, attributes: ["n"])
        let answer = try await store.claimGated(claim(), limit: 10, at: at, gates: gates)
        #expect(answer.claimed.map(\.id) == [Samples.execution(1).id, Samples.execution(2).id])
        #expect(answer.heldBack.map(\.status) == [.canceled, .canceled])
        let canceled = try #require(try await store.execution(Samples.execution(3).id))
        #expect(canceled.status == .canceled && canceled.result?["message"] != nil && canceled.endedAt == at)
    }

    func storesRetriesWithTheEnd() async throws {
        let store = try await open("me")
        _ = try await store.submit(SubmittedExecution(execution: Samples.execution(1)))
        _ = try await store.claim(claim(), limit: 1, at: at)
        let outcome = RunOutcome(status: .failed, result: [:])
        let retry = SubmittedExecution(execution: Samples.execution(2))
        let attempt = AttemptKey(execution: Samples.execution(1).id, number: 1)
        var completion = CompletedAttempt(attempt: attempt, owner: "other", outcome: outcome, at: at, followUp: retry)
        #expect(try await store.complete(completion) == nil)
        #expect(try await store.execution(Samples.execution(2).id) == nil)
        completion.owner = "me"
        #expect(try await store.complete(completion)?.status == .failed)
        #expect(try await store.execution(Samples.execution(2).id)?.status == .requested)
    }
}
