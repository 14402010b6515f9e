import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Policies in the engine")
struct PolicyTests {
    private struct Engine {
        let fixture: EngineFixture
        let scheduler: Scheduler
        let submission: Submission
        let policies: LivePolicies

        init(_ type: String, _ parameters: ValueObject, runner: FakeRunner) throws {
            fixture = try EngineFixture(runner: runner)
            let policy = Policy(
                id: ContentID(stored: "00000000000000000000ab01"), ref: ContentRef(pack: "test", name: "limit"),
                summary: nil, isEnabled: true, resourceRef: "test.act", type: type, parameters: parameters,
                metadataFile: "policies/limit.yaml")
            fixture.catalog.replace(with: Catalog(actions: [Samples.action()], policies: [policy]))
            policies = LivePolicies(
                store: fixture.store, catalog: fixture.catalog, ids: fixture.ids, clock: fixture.clock)
            let attempts = Attempts(
                catalog: fixture.catalog, runners: fixture.runners,
                tokens: ExecutionTokens(key: Secret([1]), digest: PlainDigest()), apiURL: { "http://x/v1" })
            scheduler = Scheduler(
                options: .init(owner: "me", boot: "boot", maxRunning: 4), store: fixture.store, attempts: attempts,
                events: fixture.events, clock: fixture.clock, policies: policies)
            submission = Submission(
                store: fixture.store, catalog: fixture.catalog, runners: fixture.runners, scheduler: scheduler,
                events: fixture.events, clock: fixture.clock, ids: fixture.ids, policies: policies)
        }
    }

    @Test("no more run at once than a policy lets, and the next begins as soon as one has ended")
    func concurrency() async throws {
        let runner = FakeRunner()
        let engine = try Engine("action.concurrency", ["threshold": 1], runner: runner)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await engine.scheduler.run() }
            var asked: [Execution] = []
            for _ in 1...3 { asked.append(try await engine.submission.submit(engine.fixture.request())) }
            for (index, execution) in asked.enumerated() {
                await runner.waitForStarts(index + 1)
                #expect(runner.starts.count == index + 1)
                #expect(runner.starts.last?.execution == execution.id)
                runner.end(AttemptKey(execution: execution.id, number: 1), RunOutcome(status: .succeeded, result: [:]))
                _ = try await engine.fixture.wait(for: .succeeded, of: execution.id)
            }
            group.cancelAll()
        }
    }

    @Test("what failed is tried again as a new execution, as often as the policy says")
    func retries() async throws {
        let runner = FakeRunner(automatic: RunOutcome(status: .failed, result: ["error": "x"]))
        let engine = try Engine("action.retry", ["retry_on": "failure", "max_retry_count": 2], runner: runner)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await engine.scheduler.run() }
            let first = try await engine.submission.submit(engine.fixture.request())
            await runner.waitForStarts(3)
            let last = try #require(runner.starts.last)
            let ended = try await engine.fixture.wait(for: .failed, of: last.execution)
            #expect(ended.context["policies"]?["retry"]?["retry_count"] == 2)
            #expect(Set(runner.starts.map(\.execution)).count == 3)
            #expect(runner.starts.first?.execution == first.id)
            #expect(try await engine.fixture.store.executions(ExecutionQuery()).total == 3)
            group.cancelAll()
        }
    }

    @Test("what the API says of a policy wins over its file")
    func overlay() async throws {
        let engine = try Engine("action.concurrency", ["threshold": 1], runner: FakeRunner())
        var policy = try #require(engine.policies.policy("test.limit"))
        policy.isEnabled = false
        try await engine.policies.put(policy, by: "ann")
        #expect(engine.policies.policy("test.limit")?.isEnabled == false)
        try await engine.policies.remove(policy, by: "ann")
        #expect(engine.policies.all.isEmpty)
    }
}
