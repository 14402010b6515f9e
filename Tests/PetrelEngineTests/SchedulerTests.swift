import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("The engine", .timeLimit(.minutes(1)))
struct SchedulerTests {
    private let success = RunOutcome(status: .succeeded, result: ["stdout": "hi"])

    @Test("what is submitted runs and its outcome is stored")
    func runs() async throws {
        let engine = try EngineFixture(automatic: success)
        try await withRunning(engine) {
            let execution = try await engine.submission.submit(engine.request())
            #expect(execution.status == .running, "claimed in the transaction that stores it")
            let done = try await engine.wait(for: .succeeded, of: execution.id)
            #expect(done.result == ["stdout": "hi"])
            #expect(done.log.map(\.status) == [.requested, .scheduled, .running, .succeeded])
            #expect(done.context["pack"] == "test")
        }
    }

    @Test("no more than the limit run at once, and the rest follow in order")
    func bounded() async throws {
        let engine = try EngineFixture(maxRunning: 2)
        try await withRunning(engine) {
            var executions: [Execution] = []
            for _ in 0..<5 { executions.append(try await engine.submission.submit(engine.request())) }
            await engine.runner.waitForStarts(2)
            #expect(engine.scheduler.runningCount == 2)
            #expect(executions.filter { $0.status == .requested }.count == 3)
            for (index, execution) in executions.enumerated() {
                // Both that are claimed have started, so that the next is the only one to start.
                await engine.runner.waitForStarts(min(index + 2, executions.count))
                engine.runner.end(AttemptKey(execution: execution.id, number: 1), success)
                _ = try await engine.wait(for: .succeeded, of: execution.id)
            }
            #expect(engine.runner.starts.map(\.execution) == executions.map(\.id))
        }
    }

    @Test("a request that can't run stores nothing and frees its slot")
    func refused() async throws {
        let engine = try EngineFixture(maxRunning: 1, automatic: success)
        try await withRunning(engine) {
            await #expect(throws: EngineError.self) { try await engine.submission.submit(engine.request("no.such")) }
            let settled = Samples.message("x")
            _ = try await engine.store.settle(settled, posts: [], audit: [], at: settled.sentAt)
            let error = await #expect(throws: EngineError.self) {
                try await engine.submission.submit(engine.request(message: settled))
            }
            #expect(error?.code == .duplicateMessage)
            let execution = try await engine.submission.submit(engine.request())
            _ = try await engine.wait(for: .succeeded, of: execution.id)
        }
    }

    @Test("what ends as soon as it begins is one transaction, and its slot is free again")
    func endsAtOnce() async throws {
        let engine = try EngineFixture(maxRunning: 1)
        engine.catalog.replace(with: Catalog(actions: [Samples.action("test.noop", runner: "noop")]))
        try await withRunning(engine) {
            let news = engine.events.events()
            for _ in 1...3 {
                let before = engine.store.statistics.transactions
                let asked = try await engine.submission.submit(engine.request("test.noop"))
                #expect(engine.store.statistics.transactions - before == 1)
                let stored = try #require(try await engine.store.execution(asked.id))
                #expect(stored.log.map(\.status) == [.requested, .scheduled, .running, .succeeded])
                #expect(stored.result == ["failed": false, "succeeded": true, "return_code": 0])
            }
            var statuses: [ExecutionStatus] = []
            for await event in news {
                if case .executionCreated(let execution) = event { statuses.append(execution.status) }
                if case .executionChanged(let execution) = event { statuses.append(execution.status) }
                if statuses.count == 6 { break }
            }
            #expect(statuses == [.running, .succeeded, .running, .succeeded, .running, .succeeded])
        }
    }

    @Test("a running execution is canceled through its runner")
    func cancels() async throws {
        let engine = try EngineFixture()
        try await withRunning(engine) {
            let execution = try await engine.submission.submit(engine.request())
            await engine.runner.waitForStarts(1)
            let answer = try await engine.scheduler.cancel(execution.id, by: Identity(user: "bob", role: .admin))
            guard case .canceling = answer else {
                Issue.record("expected canceling, got \(answer)")
                return
            }
            await engine.clock.advancing(by: .milliseconds(100)) {
                _ = try? await engine.wait(for: .canceled, of: execution.id)
            }
            #expect(try await engine.store.execution(execution.id)?.context["cancelled_by"] == "bob")
        }
    }

    @Test(
        "what a dead service left is taken up once",
        arguments: [
            (RunTrace.outcome(RunOutcome(status: .succeeded, result: [:])), ExecutionStatus.succeeded, 1, 0),
            (.lost(reason: "the machine died"), .abandoned, 1, 0), (.neverStarted, .succeeded, 2, 1),
        ])
    func recovers(_ trace: RunTrace, _ status: ExecutionStatus, _ attempt: Int, _ starts: Int) async throws {
        let dead = try EngineFixture(owner: "dead")
        // Submitted, but the scheduler that would run it is dead.
        let execution = try await dead.submission.submit(dead.request())
        let runner = FakeRunner(automatic: success)
        runner.leaveTrace(trace, of: AttemptKey(execution: execution.id, number: 1))
        let engine = try EngineFixture(owner: "new", folder: dead.folder, runner: runner)
        try await withRunning(engine) {
            let done = try await engine.wait(for: status, of: execution.id)
            #expect(done.attempt == attempt)
            #expect(runner.starts.count == starts)
        }
    }

    @Test("a cancel that was wished for before a restart still holds")
    func cancelSurvivesRestart() async throws {
        let dead = try EngineFixture(owner: "dead")
        let execution = try await dead.submission.submit(dead.request())
        _ = try await dead.store.requestCancel(execution.id, by: "ann", at: dead.clock.now, audit: [])
        let engine = try EngineFixture(owner: "new", folder: dead.folder)
        try await withRunning(engine) {
            let done = try await engine.wait(for: .canceled, of: execution.id)
            #expect(engine.runner.starts.isEmpty)
            #expect(done.attempt == 1)
        }
    }

    @Test("an execution's token names it and can't be made up")
    func tokens() {
        let tokens = ExecutionTokens(key: Secret([9]), digest: PlainDigest())
        let id = Samples.execution(7).id
        #expect(tokens.execution(of: tokens.token(for: id)) == id)
        #expect(tokens.execution(of: tokens.token(for: id) + "0") == nil)
        #expect(tokens.execution(of: "pxt-\(id)-00") == nil)
        #expect(ExecutionTokens(key: Secret([8]), digest: PlainDigest()).execution(of: tokens.token(for: id)) == nil)
    }

    /// Runs a body while the scheduler works.
    private func withRunning(_ engine: EngineFixture, _ body: () async throws -> Void) async throws {
        let loop = Task { await engine.scheduler.run() }
        defer { loop.cancel() }
        try await body()
    }
}
