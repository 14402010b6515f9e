import PetrelCore
import PetrelTestKit
import Testing

/// The sentences of PetrelCore/Ports/EventStore.swift.
extension StoreConformance {
    private func instance(_ number: Int, status: TriggerInstance.Status = .pending) -> TriggerInstance {
        TriggerInstance(
            id: TriggerInstanceID(stored: "0000000000000000000001" + String(10 + number)),
            trigger: ContentRef(pack: "core", name: "t"), type: ContentRef(pack: "core", name: "type"),
            payload: ["n": .integer(number)], occurredAt: at + .seconds(number), status: status, origin: .webhook,
            trace: TraceTag(id: "trace\(number)", tag: "tag"))
    }

    private func handling(_ instance: TriggerInstance, execution: Execution? = nil) -> InstanceHandling {
        let enforcement = RuleEnforcement(
            id: "e\(instance.id)", rule: ContentRef(pack: "p", name: "r"), ruleID: ContentID(stored: "rule"),
            instance: instance.id, execution: execution?.id, at: at, status: .succeeded)
        return InstanceHandling(
            instance: instance.id, status: .processed, enforcements: [enforcement],
            executions: execution.map { [SubmittedExecution(execution: $0)] } ?? [])
    }

    func handlesInstancesOnce() async throws {
        let store = try await open("me")
        let (first, second) = (instance(1), instance(2))
        #expect(try await store.accept([first, second], from: .outside, handlings: []))
        #expect(try await store.pendingInstances(limit: 1) == [first])
        #expect(try await store.handle(handling(first, execution: Samples.execution(1))))
        #expect(try await !store.handle(handling(first, execution: Samples.execution(2))))
        #expect(try await store.pendingInstances(limit: 9) == [second])
        #expect(try await store.execution(Samples.execution(1).id) != nil)
        #expect(try await store.execution(Samples.execution(2).id) == nil)
        #expect(try await store.triggerInstance(first.id)?.status == .processed)
        #expect(try await store.enforcements(EventQuery()).total == 1)
        await #expect(throws: CoreError.self) {
            // One rule can't be recorded twice for one instance, whatever its status says.
            _ = try await store.accept([instance(3)], from: .outside, handlings: [handling(first)])
        }
        #expect(try await store.triggerInstance(instance(3).id) == nil, "nothing of it is kept")
    }

    func firesTimersOnce() async throws {
        let store = try await open("me")
        let state = TimerState(trigger: "core.t", startedAt: at, firedAt: at)
        try await store.changeTimers(start: [state], forget: [])
        try await store.changeTimers(
            start: [TimerState(trigger: "core.t", startedAt: at + .seconds(9), firedAt: at + .seconds(9))], forget: [])
        #expect(try await store.timerStates() == [state])
        let source = EventSource.timer(state, firedAt: at + .seconds(5))
        #expect(try await store.accept([instance(1)], from: source, handlings: []))
        #expect(try await !store.accept([instance(2)], from: source, handlings: []))
        #expect(try await store.triggerInstance(instance(2).id) == nil)
        #expect(try await store.timerStates().first?.firedAt == at + .seconds(5))
        try await store.changeTimers(start: [], forget: ["core.t"])
        #expect(try await store.timerStates().isEmpty)
    }

    func owesEndsOnce() async throws {
        let store = try await open("me")
        func run(_ number: Int, notify: Bool = false) async throws -> ExecutionID {
            var execution = Samples.execution(number)
            if notify { execution.context["notify"] = ["on-complete": ["routes": ["x"]]] }
            _ = try await store.submit(SubmittedExecution(execution: execution))
            let claimed = try #require(try await store.claim(claim(), limit: 1, at: at).first)
            _ = try await store.complete(
                CompletedAttempt(
                    attempt: AttemptKey(execution: claimed.id, number: 1), owner: "me",
                    outcome: RunOutcome(status: .succeeded, result: ["n": .integer(number)]), at: at))
            return claimed.id
        }
        _ = try await run(1)
        #expect(try await store.owedEnds(limit: 9).isEmpty, "nobody waits")
        let noticed = try await run(2, notify: true)
        try await store.watchEnds(true)
        let watched = try await run(3)
        #expect(try await store.owedEnds(limit: 9).map(\.id) == [noticed, watched])
        #expect(try await store.owedEnds(limit: 9).last?.result == ["n": 3])
        #expect(try await store.accept([instance(1)], from: .end(noticed), handlings: []))
        #expect(try await !store.accept([instance(2)], from: .end(noticed), handlings: []))
        try await store.dropEnds([watched])
        #expect(try await store.owedEnds(limit: 9).isEmpty)
    }

    func listsAndForgetsEvents() async throws {
        let store = try await open("me")
        let done = (1...5).map { instance($0, status: .processed) }
        _ = try await store.accept(done, from: .outside, handlings: [handling(done[0])])
        _ = try await store.accept([instance(6)], from: .outside, handlings: [])
        var query = EventQuery()
        query.limit = 2
        query.offset = 1
        let page = try await store.triggerInstances(query)
        #expect(page.items.map(\.payload) == [["n": 5], ["n": 4]])
        #expect(page.total == 6)
        query = EventQuery()
        query.status = "pending"
        #expect(try await store.triggerInstances(query).total == 1)
        query = EventQuery()
        query.instance = done[0].id.text
        #expect(try await store.traces(query).items.map(\.tag.id) == ["trace1"])
        query.instance = nil
        query.rule = "p.r"
        #expect(try await store.traces(query).items.first?.rules.map(\.ref) == ["p.r"])
        #expect(try await store.forgetEvents(before: at + .seconds(60), limit: 3) == 3)
        #expect(try await store.forgetEvents(before: at + .seconds(60), limit: 9) == 2)
        #expect(try await store.triggerInstances(EventQuery()).items.map(\.status) == [.pending])
        #expect(try await store.enforcements(EventQuery()).total == 0)
        #expect(try await store.traces(EventQuery()).total == 1)
    }

    func givesNamesOnce() async throws {
        let store = try await open("me")
        #expect(try await store.accept([instance(1)], from: .once("n", at: at), handlings: []))
        #expect(try await !store.accept([instance(2)], from: .once("n", at: at), handlings: []))
        #expect(try await store.triggerInstance(instance(2).id) == nil)
        try await store.forgetNames(before: at)
        #expect(try await !store.accept([instance(2)], from: .once("n", at: at), handlings: []))
        try await store.forgetNames(before: at + .seconds(1))
        #expect(try await store.accept([instance(2)], from: .once("n", at: at), handlings: []))

        #expect(try await store.watchState("w a") == nil)
        #expect(try await store.accept([], from: .watch("w a", from: nil, to: ["n": 1]), handlings: []))
        #expect(try await !store.accept([instance(3)], from: .watch("w a", from: nil, to: ["n": 2]), handlings: []))
        #expect(
            try await store.accept([instance(3)], from: .watch("w a", from: ["n": 1], to: ["n": 2]), handlings: []))
        #expect(
            try await !store.accept([instance(4)], from: .watch("w a", from: ["n": 1], to: ["n": 3]), handlings: []))
        #expect(try await store.watchState("w a") == ["n": 2])
        _ = try await store.accept([], from: .watch("w b", from: nil, to: [:]), handlings: [])
        _ = try await store.accept([], from: .watch("x", from: nil, to: [:]), handlings: [])
        try await store.forgetWatchStates(prefix: "w ", except: ["w b"])
        #expect(try await store.watchState("w a") == nil)
        #expect(try await store.watchState("w b") != nil)
        #expect(try await store.watchState("x") != nil)
    }

    func leasesToOneOwner() async throws {
        let store = try await open("me")
        func lease(_ name: String, _ owner: String, _ seconds: Int) -> Lease {
            Lease(name: name, owner: owner, until: at + .seconds(seconds))
        }
        #expect(
            try await store.takeLeases([lease("s a", "one", 10), lease("s b", "one", 10)], at: at) == ["s a", "s b"])
        let wanted = [lease("s a", "two", 20), lease("s c", "two", 20)]
        #expect(try await store.takeLeases(wanted, at: at + .seconds(9)) == ["s c"])
        #expect(try await store.takeLeases([lease("s b", "one", 30)], at: at + .seconds(9)) == ["s b"])
        #expect(try await store.takeLeases(wanted, at: at + .seconds(10)) == ["s a", "s c"])
        #expect(try await store.leases(prefix: "s ").map(\.owner) == ["two", "one", "two"])
        #expect(try await store.leases(prefix: "t").isEmpty)
        try await store.dropLeases(["s a", "s b"], of: "one")
        #expect(try await store.leases(prefix: "").map(\.name) == ["s a", "s c"])
        try await store.dropDeadLeases(notOf: "one")
        #expect(try await store.leases(prefix: "").isEmpty)
    }
}
