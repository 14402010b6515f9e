import FoundationEssentials
import PetrelCore
import PetrelStore
import PetrelTestKit

@testable import PetrelEngine

/// Events on a real store, with a clock that the test drives.
struct EventFixture {
    let engine: EngineFixture
    let catalog: LiveEventCatalog
    let dispatch: EventDispatch
    let content: EventContent
    let datastore: Datastore

    var store: SQLiteStorage { engine.store }

    init(
        folder: String? = nil, owner: String = "me", rules: [ValueObject] = [], types: [ValueObject] = [],
        longestChain: Int = 100
    ) throws {
        let parameters: Parameters = ["text": Parameter(kind: .string, schema: ["type": "string"])]
        engine = try EngineFixture(
            owner: owner, folder: folder, automatic: nil,
            runner: FakeRunner(parameters: parameters, automatic: RunOutcome(status: .succeeded, result: ["n": 1])))
        catalog = LiveEventCatalog(digest: PlainDigest())
        dispatch = EventDispatch(
            options: .init(systemUser: Identity(user: "stanley", role: .operator), longestChain: longestChain),
            store: engine.store,
            catalog: catalog, submission: engine.submission, events: engine.events, clock: engine.clock,
            ids: engine.ids)
        content = EventContent(
            store: engine.store, catalog: catalog, events: engine.events, clock: engine.clock, ids: engine.ids)
        datastore = Datastore(
            store: engine.store, cipher: nil, catalog: catalog, events: engine.events, clock: engine.clock,
            ids: engine.ids)
        // A service that comes later must not give ids that an earlier one gave.
        if folder != nil { for _ in 0..<10_000 { _ = engine.ids.next() } }
        try put(rules, types)
    }

    /// What tells of ends and inquiries.
    var ends: EndedExecutions {
        EndedExecutions(
            store: store, catalog: catalog, dispatch: dispatch,
            documents: ExecutionDocuments(runners: engine.runners, digest: PlainDigest()), channels: NoChannels(),
            digest: PlainDigest(), events: engine.events, clock: engine.clock)
    }

    /// Sets a key, as an action does where one is given.
    func set(_ name: String, _ value: String, cause: Execution? = nil) async throws {
        let entry = Datastore.Entry(key: KeyName(.system, name), value: value)
        _ = try await datastore.set(entry, by: "ann", cause: cause.map(EventCause.init))
    }

    /// Puts rules in force.
    func put(_ rules: [ValueObject], _ types: [ValueObject] = []) throws {
        let ids = engine.ids
        let content = EventCatalog.Content(
            triggerTypes: try types.map { try TriggerType(id: ids.make(), pack: "test", document: $0) },
            rules: try rules.map { try Rule(id: ids.make(), pack: "test", document: $0) })
        _ = catalog.replace(with: content, loadedAtEdit: catalog.edits)
    }

    /// A rule of the webhook `hook`.
    static func rule(
        _ name: String = "r", criteria: ValueObject = [:], parameters: ValueObject = [:], action: String = "test.act",
        trigger: Value = ["type": "core.st2.webhook", "parameters": ["url": "hook"]], extra: ValueObject = [:]
    ) -> ValueObject {
        var rule: ValueObject = [
            "name": .string(name), "enabled": true, "trigger": trigger, "criteria": .object(criteria),
            "action": ["ref": .string(action), "parameters": .object(parameters)],
        ]
        for (key, value) in extra { rule[key] = value }
        return rule
    }

    /// Sends a body to the webhook `hook`.
    @discardableResult
    func send(_ body: Value, tag: String? = nil) async throws -> [TriggerInstance] {
        try await dispatch.dispatch(
            NewEvent(
                catalog.current.webhook("hook"), payload: ["headers": [:], "headers_lower": [:], "body": body],
                origin: .webhook, traceTag: tag))
    }

    func enforcements() async throws -> [RuleEnforcement] {
        var query = EventQuery()
        query.isAscending = true
        return try await store.enforcements(query).items
    }

    func executions() async throws -> [Execution] { try await store.executions(ExecutionQuery()).executions }

    func instances() async throws -> [TriggerInstance] {
        var query = EventQuery()
        query.limit = -1
        return try await store.triggerInstances(query).items
    }
}
