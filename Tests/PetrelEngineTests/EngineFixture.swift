import FoundationEssentials
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit

/// An engine on a real store, with runners and a clock that the test drives.
struct EngineFixture {
    let store: SQLiteStorage
    let runner: FakeRunner
    let catalog: LiveCatalog
    let runners: RunnerCatalog
    let scheduler: Scheduler
    let submission: Submission
    let clock = ManualClock()
    let ids = CountingIDs()
    let events = EventHub()
    let folder: String

    init(
        owner: String = "me", folder: String? = nil, maxRunning: Int = 4, automatic: RunOutcome? = nil,
        runner: FakeRunner? = nil, others: [any ActionRunner] = [], isRelaxed: Bool = false, hasPolicies: Bool = false
    ) throws {
        self.folder = folder ?? FileManager.default.temporaryDirectory.path + "/petrel-engine-\(UUID().uuidString)"
        store = try SQLiteStorage(.init(folder: self.folder, isRelaxed: isRelaxed, owner: owner), digest: PlainDigest())
        self.runner = runner ?? FakeRunner(automatic: automatic)
        catalog = LiveCatalog(Catalog(actions: [Samples.action()]))
        runners = RunnerCatalog([self.runner, NoopRunner(), InquirerRunner(), WorkflowRunners()] + others)
        let policies = hasPolicies ? LivePolicies(store: store, catalog: catalog, ids: ids, clock: clock) : nil
        let attempts = Attempts(
            catalog: catalog, runners: runners,
            tokens: ExecutionTokens(key: Secret([1, 2, 3]), digest: PlainDigest()), apiURL: { "http://x/v1" })
        scheduler = Scheduler(
            options: .init(owner: owner, boot: "boot", maxRunning: maxRunning), store: store, attempts: attempts,
            events: events, clock: clock, policies: policies)
        submission = Submission(
            store: store, catalog: catalog, runners: runners, scheduler: scheduler, events: events, clock: clock,
            ids: ids, policies: policies)
    }

    func request(_ action: String = "test.act", message: InboundMessage? = nil) -> ExecutionRequest {
        ExecutionRequest(
            action: action, parameters: [:], cast: .api, identity: Identity(user: "ann", role: .admin), origin: .api,
            message: message)
    }

    /// Waits until an execution has a status; the store is asked after each event.
    func wait(for status: ExecutionStatus, of id: ExecutionID) async throws -> Execution {
        let stream = events.events()
        if let now = try await store.execution(id), now.status == status { return now }
        for await event in stream {
            guard case .executionChanged(let changed) = event, changed.id == id else { continue }
            if let now = try await store.execution(id), now.status == status { return now }
        }
        throw CancellationError()
    }
}
