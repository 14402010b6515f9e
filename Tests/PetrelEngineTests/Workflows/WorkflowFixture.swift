import PetrelCore
import PetrelEngine
import PetrelExpressions
import PetrelStore
import PetrelTestKit
import Testing

/// An engine with workflows on a real store: actions `test.echo`, `test.act` (ends when the test says so), `test.ask`,
/// `core.noop`, and the workflows of the test.
struct WorkflowFixture {
    let engine: EngineFixture
    let echo: EchoRunner
    let workflows: Workflows
    let inquiries: Inquiries
    let datastore: Datastore
    let admin = Identity(user: "ann", role: .admin)

    init(
        _ definitions: [String: String] = [:], chains: [String: String] = [:], owner: String = "me",
        folder: String? = nil, access: Access = Access(), maxRunning: Int = 8, random: Dice = Dice(seed: 1),
        isRelaxed: Bool = false, policies: [Policy] = []
    ) throws {
        echo = EchoRunner()
        engine = try EngineFixture(
            owner: owner, folder: folder, maxRunning: maxRunning, others: [echo, RandomRunner(random)],
            isRelaxed: isRelaxed, hasPolicies: !policies.isEmpty)
        var actions = [
            Self.action("test.echo", "echo"), Self.action("test.act", "fake"), Self.action("test.ask", "inquirer"),
            Self.action("core.noop", "noop"), Self.action("core.echo", "random"),
            Self.action("core.local", "local-shell-cmd"),
        ]
        for (name, text) in definitions { actions.append(Self.action("test.\(name)", "orquesta", text)) }
        for (name, text) in chains { actions.append(Self.action("test.\(name)", "action-chain", text)) }
        let config = PackConfig(pack: "test", schema: nil, values: ["region": "north"])
        engine.catalog.replace(with: Catalog(actions: actions, policies: policies, configs: [config]))
        datastore = Datastore(
            store: engine.store, cipher: nil, events: engine.events, clock: engine.clock, ids: engine.ids)
        var parts = Workflows.Parts(
            store: engine.store, catalog: engine.catalog, runners: engine.runners, submission: engine.submission,
            access: access, events: engine.events, clock: engine.clock, ids: engine.ids, apiURL: { "http://x/v1" })
        parts.datastore = datastore
        workflows = Workflows(parts)
        // A service that comes later must not give ids that an earlier one gave.
        if folder != nil { for _ in 0..<10_000 { _ = engine.ids.next() } }
        inquiries = Inquiries(store: engine.store, access: access, events: engine.events, clock: engine.clock)
    }

    private static func action(_ ref: String, _ runner: String, _ definition: String? = nil) -> Action {
        var action = Samples.action(ref, runner: runner)
        action.entryPoint = definition == nil ? "" : "workflows/\(ref).yaml"
        action.definition = definition
        let inputs = (try? YAMLReader.document(Array((definition ?? "").utf8), file: "x", limits: .contentFile))?
            .value["input"]?.array
        for input in inputs ?? [] {
            let name = input.string ?? input.object?.keys.first ?? ""
            action.parameters[name] = Parameter(defaultValue: input.object?.values.first, schema: [:])
        }
        return action
    }

    /// Runs a body while scheduler and workflows work; they have ended when this returns.
    ///
    /// What a step still had in hand could be committed under the eyes of the next service otherwise, which no process
    /// that has ended does.
    func running<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
        let work = Task {
            async let scheduler: Void = engine.scheduler.run()
            async let driver: Void = workflows.run()
            _ = await (scheduler, driver)
        }
        let answer: Result<Answer, any Error>
        do { answer = .success(try await body()) } catch { answer = .failure(error) }
        work.cancel()
        await work.value
        return try answer.get()
    }

    /// Starts an action.
    func start(
        _ action: String, _ parameters: ValueObject = [:], origin: Origin = .api, by identity: Identity? = nil,
        context: ValueObject = [:]
    ) async throws -> ExecutionID {
        try await engine.submission.submit(
            ExecutionRequest(
                action: action, parameters: parameters, cast: .api, identity: identity ?? admin, origin: origin,
                context: context)
        ).id
    }

    /// Starts an action and waits for its end.
    func run(
        _ action: String, _ parameters: ValueObject = [:], origin: Origin = .api, by identity: Identity? = nil,
        context: ValueObject = [:]
    ) async throws -> Execution {
        let id = try await start(action, parameters, origin: origin, by: identity, context: context)
        return try await end(of: id)
    }

    /// Waits for the end of an execution.
    func end(of id: ExecutionID) async throws -> Execution {
        try await wait(id) { $0.status.isCompleted }
    }

    /// Waits until an execution has a status.
    func wait(for status: ExecutionStatus, of id: ExecutionID) async throws -> Execution {
        try await wait(id) { $0.status == status }
    }

    private func wait(_ id: ExecutionID, until isReached: (Execution) -> Bool) async throws -> Execution {
        let stream = engine.events.events()
        if let now = try await engine.store.execution(id), isReached(now) { return now }
        for await event in stream {
            guard case .executionChanged(let changed) = event, changed.id == id else { continue }
            if let now = try await engine.store.execution(id), isReached(now) { return now }
        }
        throw CancellationError()
    }

    /// The child of a workflow that carries out a task, once it is there and has a status.
    func child(_ task: String, of id: ExecutionID, _ status: ExecutionStatus) async throws -> Execution {
        let stream = engine.events.events()
        if let found = try await found(task, id, status) { return found }
        for await event in stream {
            switch event {
            case .executionCreated, .executionChanged: break
            default: continue
            }
            if let found = try await found(task, id, status) { return found }
        }
        throw CancellationError()
    }

    private func found(_ task: String, _ id: ExecutionID, _ status: ExecutionStatus) async throws -> Execution? {
        try await children(of: id).last { $0.taskName == task && $0.status == status }
    }

    /// The children of a workflow, oldest first.
    func children(of id: ExecutionID) async throws -> [Execution] {
        try await engine.store.children(of: id, depth: 1, limit: 100_000)
    }

    /// Ends an attempt of the fake runner.
    func finish(_ child: Execution, _ status: ExecutionStatus = .succeeded, _ result: Value = [:]) {
        engine.runner.end(
            AttemptKey(execution: child.id, number: child.attempt), RunOutcome(status: status, result: result))
    }
}

extension Execution {
    /// The task of a workflow or chain that it carries out.
    var taskName: String? { (context["orquesta"]?["task_name"] ?? context["chain"]?["name"])?.string }
}
