import FoundationEssentials
import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Events and rules")
struct EventDispatchTests {
    private static func equals(_ text: String) -> Value { ["type": "equals", "pattern": .string(text)] }

    @Test("a webhook whose criteria hold runs the action with what the payload says, once")
    func webhookRuns() async throws {
        let fixture = try EventFixture(rules: [
            EventFixture.rule(
                criteria: ["trigger.body.kind": Self.equals("disk")],
                parameters: ["text": "host {{ trigger.body.host }} by {{ rule.ref }}"])
        ])
        let instance = try #require(try await fixture.send(["kind": "disk", "host": "db1"], tag: "t-1").first)
        let execution = try #require(try await fixture.executions().first)
        #expect(execution.parameters["text"] == "host db1 by test.r")
        #expect(execution.origin == .webhook)
        #expect(execution.context["trigger_instance"]?["id"]?.string == instance.id.text)
        #expect(execution.context["rule"]?["name"]?.string == "test.r")
        #expect(execution.context["trace_context"]?["trace_tag"] == "t-1")
        #expect(execution.user == "stanley")
        let enforcement = try #require(try await fixture.enforcements().first)
        #expect(enforcement.status == .succeeded)
        #expect(enforcement.execution == execution.id)
        #expect(try await fixture.store.triggerInstance(instance.id)?.status == .processed)
        #expect(execution.status == .running, "it was claimed in the transaction that stored it")
    }

    @Test("a payload that doesn't fit leaves the instance and nothing else")
    func noMatch() async throws {
        let fixture = try EventFixture(rules: [
            EventFixture.rule(criteria: ["trigger.body.kind": Self.equals("disk")])
        ])
        try await fixture.send(["kind": "cpu"])
        #expect(try await fixture.instances().map(\.status) == [.processed])
        #expect(try await fixture.enforcements().isEmpty)
        #expect(try await fixture.executions().isEmpty)
    }

    @Test("what can't be compared, rendered or run is a failed enforcement with its reason")
    func failures() async throws {
        let fixture = try EventFixture(rules: [
            EventFixture.rule("a", criteria: ["trigger.body.n": ["type": "lt", "pattern": 3]]),
            EventFixture.rule("b", action: "no.such"),
            EventFixture.rule("c", parameters: ["text": "{{ trigger.body.none.deeper }}"]),
        ])
        try await fixture.send(["n": "text"])
        let found = try await fixture.enforcements()
        #expect(found.map(\.status) == [.failed, .failed, .failed])
        #expect(found[0].failureReason?.hasPrefix("Failed to match rule \"test.a\" against trigger instance") == true)
        #expect(found[1].failureReason == "Action \"no.such\" doesn't exist")
        #expect(found[2].failureReason?.contains("text") == true)
        #expect(try await fixture.executions().isEmpty)
    }

    @Test("a backstop rule acts only when no standard rule of its trigger fits")
    func backstop() async throws {
        let fixture = try EventFixture(rules: [
            EventFixture.rule("known", criteria: ["trigger.body.kind": Self.equals("disk")]),
            EventFixture.rule("rest", extra: ["type": ["ref": "backstop"]]),
        ])
        try await fixture.send(["kind": "disk"])
        try await fixture.send(["kind": "other"])
        #expect(try await fixture.enforcements().map(\.rule.name) == ["known", "rest"])
    }

    @Test("a rule that is off, or doesn't say that it is on, never acts")
    func disabled() async throws {
        var silent = EventFixture.rule("silent")
        silent["enabled"] = nil
        let fixture = try EventFixture(rules: [EventFixture.rule("off", extra: ["enabled": false]), silent])
        try await fixture.send([:])
        #expect(try await fixture.enforcements().isEmpty)
    }

    @Test("an instance that a dead service left is handled once, however often it is looked at")
    func pendingIsHandledOnce() async throws {
        let fixture = try EventFixture(rules: [EventFixture.rule(parameters: ["text": "{{ trigger.body.n }}"])])
        let trigger = try #require(fixture.catalog.current.webhook("hook").first)
        let left = (0..<150).map { number in
            TriggerInstance(
                id: fixture.engine.ids.make(), trigger: trigger.ref, type: trigger.type,
                payload: ["body": ["n": .integer(number)]], occurredAt: fixture.engine.clock.now, origin: .webhook,
                trace: TraceTag(id: fixture.engine.ids.next(), tag: "t"))
        }
        _ = try await fixture.store.accept(left, from: .outside, handlings: [])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await fixture.dispatch.handleWaiting() } }
        }
        #expect(try await fixture.enforcements().count == 100, "a page")
        var query = ExecutionQuery()
        query.limit = -1
        let executions = try await fixture.store.executions(query).executions
        #expect(executions.count == 150)
        #expect(Set(executions.compactMap { $0.parameters["text"]?.string }).count == 150)
        #expect(try await fixture.store.pendingInstances(limit: 10).isEmpty)
    }

    @Test("an instance whose trigger is gone is marked, not kept waiting")
    func orphanedInstance() async throws {
        let fixture = try EventFixture(rules: [EventFixture.rule()])
        let trigger = try #require(fixture.catalog.current.webhook("hook").first)
        let left = TriggerInstance(
            id: fixture.engine.ids.make(), trigger: trigger.ref, type: trigger.type, payload: [:],
            occurredAt: fixture.engine.clock.now, origin: .webhook, trace: TraceTag(id: "t", tag: "t"))
        _ = try await fixture.store.accept([left], from: .outside, handlings: [])
        try fixture.put([])
        await fixture.dispatch.handleWaiting()
        #expect(try await fixture.instances().map(\.status) == [.failed])
    }

    @Test("expression marks in a payload are text")
    func payloadIsData() async throws {
        let hostile: Value = .string("{{ 7 * 7 }} {% for x in [1] %}no{% endfor %} <% 1 %> $(id) `id`")
        let fixture = try EventFixture(rules: [
            EventFixture.rule(
                criteria: ["trigger.body.x": ["type": "exists", "pattern": true]],
                parameters: ["text": "{{ trigger.body.x }}"])
        ])
        try await fixture.send(["x": hostile])
        let execution = try #require(try await fixture.executions().first)
        #expect(execution.parameters["text"] == hostile)
        let type = try #require(fixture.engine.runners.type("fake"))
        let action = try #require(fixture.engine.catalog.current.action("test.act"))
        let final = try ParameterPipeline(action: action, runner: type).final(execution.parameters)
        #expect(final.runner["text"] == hostile, "not at the start of the run either")
    }

    @Test("a payload against the schema of its type is refused and not stored")
    func payloadSchema() async throws {
        let fixture = try EventFixture(
            types: [["name": "temp", "payload_schema": ["type": "object", "properties": ["c": ["type": "integer"]]]]])
        let triggers = fixture.dispatch.triggers(named: "test.temp")
        #expect(triggers.count == 1)
        await #expect(throws: EngineError.self) {
            try await fixture.dispatch.dispatch(NewEvent(triggers, payload: ["c": "hot"], origin: .sensor))
        }
        #expect(try await fixture.instances().isEmpty)
        try await fixture.dispatch.dispatch(NewEvent(triggers, payload: ["c": 20], origin: .sensor))
        #expect(try await fixture.instances().count == 1)
    }

    @Test("of ten thousand rules only those whose constant fits are looked at, and the right ones act")
    func manyRules() async throws {
        let fixture = try EventFixture(
            rules: (0..<10_000).map { number in
                EventFixture.rule(
                    "r\(number)",
                    criteria: [
                        "trigger.body.host": Self.equals("h\(number / 2)"),
                        "trigger.body.n": ["type": "gt", "pattern": .integer(number % 2)],
                    ])
            } + [EventFixture.rule("any", criteria: ["trigger.body.host": ["type": "contains", "pattern": "h"]])])
        let trigger = try #require(fixture.catalog.current.webhook("hook").first)
        let bundle = try #require(fixture.catalog.current.bundle(of: trigger.ref))
        #expect(bundle.standardCandidates(for: ["body": ["host": "h77"]]).count == 3)
        try await fixture.send(["host": "h77", "n": 1])
        #expect(Set(try await fixture.enforcements().map(\.rule.name)) == ["r154", "any"])
    }

    @Test("rules with equal parameters share a trigger; others have their own")
    func sharedTriggers() throws {
        let other: Value = ["type": "core.st2.webhook", "parameters": ["url": "other"]]
        let fixture = try EventFixture(rules: [
            EventFixture.rule("a"), EventFixture.rule("b"), EventFixture.rule("c", trigger: other),
            EventFixture.rule("d", trigger: ["type": "no.such"]),
            EventFixture.rule(
                "e", trigger: ["type": "core.st2.CronTimer", "parameters": ["minute": "61"]]),
        ])
        let current = fixture.catalog.current
        let triggers = ["a", "b", "c"].map { name in current.rule("test.\(name)").flatMap(current.trigger) }
        #expect(triggers[0] != nil && triggers[0] == triggers[1])
        #expect(triggers[0] != triggers[2])
        #expect(current.problems.map(\.rule.name) == ["d", "e"])
        #expect(current.webhook("/hook/").count == 1)
    }

    @Test("a rule acts on its action's end, and a notice on its routes is told, each once")
    func ends() async throws {
        let fixture = try EventFixture(rules: [
            EventFixture.rule(
                "first",
                extra: ["notify": ["on-success": ["message": "n is {{ action_results.n }}", "routes": ["hubot"]]]]),
            EventFixture.rule(
                "second", criteria: ["trigger.status": Self.equals("succeeded")],
                parameters: ["text": "{{ trigger.action_ref }}"],
                trigger: ["type": "core.st2.generic.actiontrigger"]),
        ])
        let ends = EndedExecutions(
            store: fixture.store, catalog: fixture.catalog, dispatch: fixture.dispatch,
            documents: ExecutionDocuments(runners: fixture.engine.runners, digest: PlainDigest()),
            channels: NoChannels(), digest: PlainDigest(), events: fixture.engine.events,
            clock: fixture.engine.clock)
        try await fixture.store.watchEnds(true)
        try await fixture.send([:])
        let first = try #require(try await fixture.executions().first)
        _ = try await fixture.store.complete(
            CompletedAttempt(
                attempt: first.attemptKey, owner: "me", outcome: RunOutcome(status: .succeeded, result: ["n": 7]),
                at: fixture.engine.clock.now))
        await ends.tellAll()
        await ends.tellAll()
        let instances = try await fixture.instances()
        let notice = try #require(instances.first { $0.type.name == "st2.generic.notifytrigger" })
        #expect(notice.payload["message"] == "n is 7")
        #expect(notice.payload["route"] == "hubot")
        #expect(notice.payload["data"]?["result"] == "{\"n\":7}")
        #expect(instances.filter { $0.type.name == "st2.generic.actiontrigger" }.count == 1)
        let second = try #require(try await fixture.executions().first { $0.id != first.id })
        #expect(second.parameters["text"] == "test.act")
        #expect(second.context["trace_context"] == first.context["trace_context"])
        var query = EventQuery()
        query.execution = second.id.text
        let trace = try #require(try await fixture.store.traces(query).items.first)
        #expect(trace.instances.count == 3)
        #expect(trace.executions.map(\.id) == [first.id.text, second.id.text])
        #expect(trace.rules.map(\.ref) == ["test.first", "test.second"])
        #expect(trace.instances.last?.causeID == first.id.text)
    }

    @Test("an end that nobody waits for is not owed")
    func unwatchedEnds() async throws {
        let fixture = try EventFixture(rules: [EventFixture.rule()])
        try await fixture.send([:])
        let first = try #require(try await fixture.executions().first)
        _ = try await fixture.store.complete(
            CompletedAttempt(
                attempt: first.attemptKey, owner: "me", outcome: RunOutcome(status: .succeeded, result: [:]),
                at: fixture.engine.clock.now))
        #expect(try await fixture.store.owedEnds(limit: 10).isEmpty)
    }

    @Test("old instances are forgotten with what belongs to them; what waits is kept")
    func forgetting() async throws {
        let fixture = try EventFixture(rules: [EventFixture.rule()])
        try await fixture.send([:])
        let later = fixture.engine.clock.now + .seconds(60)
        #expect(try await fixture.store.forgetEvents(before: later, limit: 10) == 1)
        #expect(try await fixture.enforcements().isEmpty)
        #expect(try await fixture.store.traces(EventQuery()).total == 0)
    }
}
