import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Events that Petrel itself gives rise to")
struct OwnTriggerTests {
    private static func rule(_ type: String, _ text: Value, name: String = "r") -> ValueObject {
        EventFixture.rule(name, parameters: ["text": text], trigger: ["type": .string("core.st2." + type)])
    }

    private func texts(_ fixture: EventFixture) async throws -> [String] {
        await fixture.dispatch.handleWaiting()
        return try await fixture.executions().compactMap { $0.parameters["text"]?.string }.sorted()
    }

    // MARK: Keys

    @Test("rules hear of keys that are made, set, changed and deleted, with StackStorm's payloads")
    func keys() async throws {
        let one: Value = "{{ trigger.object.name }}={{ trigger.object.value }} in {{ trigger.object.scope }}"
        let fixture = try EventFixture(rules: [
            Self.rule("key_value_pair.create", one, name: "a"), Self.rule("key_value_pair.update", one, name: "b"),
            Self.rule(
                "key_value_pair.value_change", "{{ trigger.old_object.value }}>{{ trigger.new_object.value }}",
                name: "c"),
            Self.rule("key_value_pair.delete", "gone: {{ trigger.object.value }}", name: "d"),
        ])
        try await fixture.set("k", "1")
        #expect(try await texts(fixture) == ["k=1 in st2kv.system"])
        try await fixture.set("k", "1")
        #expect(try await texts(fixture).count == 2, "an update that changes nothing is no change of the value")
        try await fixture.set("k", "2")
        _ = try await fixture.datastore.remove(KeyName(.system, "k"), by: "ann")
        #expect(
            try await texts(fixture) == [
                "1>2", "gone: 2", "k=1 in st2kv.system", "k=1 in st2kv.system", "k=2 in st2kv.system",
            ])
        #expect(try await fixture.instances().allSatisfy { $0.status == .processed })
    }

    @Test("a key's event is stored with the key, and handled by the next service if this one dies")
    func keyAfterCrash() async throws {
        let rules = [Self.rule("key_value_pair.create", "{{ trigger.object.value }}")]
        let first = try EventFixture(owner: "one", rules: rules)
        try await first.set("k", "1")
        #expect(try await first.instances().map(\.status) == [.pending], "nobody has looked at it yet")
        try first.store.close()
        let second = try EventFixture(folder: first.engine.folder, owner: "two", rules: rules)
        #expect(try await texts(second) == ["1"])
        #expect(try await texts(second) == ["1"])
    }

    @Test("nothing is stored of keys for which no rule waits, or that were not changed")
    func quietKeys() async throws {
        let fixture = try EventFixture(rules: [Self.rule("key_value_pair.delete", "x")])
        try await fixture.set("k", "1")
        let entry = Datastore.Entry(key: KeyName(.system, "k"), value: "2")
        _ = try await fixture.datastore.set(entry, if: .absent, by: "ann")
        _ = try await fixture.datastore.remove(KeyName(.system, "none"), by: "ann")
        #expect(try await fixture.instances().isEmpty)
    }

    @Test("a secret's event carries its ciphertext")
    func secretKey() async throws {
        let fixture = try EventFixture(rules: [Self.rule("key_value_pair.create", "{{ trigger.object.value }}")])
        let key = KeyValue(id: "1", key: KeyName(.system, "s"), value: "CAFE", isSecret: true)
        let news = DatastoreNews(
            catalog: fixture.catalog.current, cause: nil, events: fixture.engine.events, clock: fixture.engine.clock,
            ids: fixture.engine.ids)
        let payload = try #require(news.instances(KeyChange(old: nil, new: key)).first?.payload["object"])
        #expect(payload["value"] == "CAFE")
        #expect(payload["encrypted"] == true)
    }

    // MARK: Loops

    @Test("rules that start themselves through keys end after the longest chain, with a reason")
    func loop() async throws {
        let fixture = try EventFixture(rules: [Self.rule("key_value_pair.update", "x")], longestChain: 3)
        try await fixture.set("k", "0")
        try await fixture.set("k", "1")
        var handled: Set<ExecutionID> = []
        for round in 0..<10 {
            await fixture.dispatch.handleWaiting()
            // Each action that the rule ran sets the key again.
            for execution in try await fixture.executions() where handled.insert(execution.id).inserted {
                try await fixture.set("k", "\(round)-\(execution.id)", cause: execution)
            }
        }
        #expect(try await fixture.executions().count == 4)
        let found = try await fixture.enforcements()
        #expect(found.map(\.status) == [.succeeded, .succeeded, .succeeded, .succeeded, .failed])
        #expect(found.last?.failureReason?.contains("4 events led to this one") == true)
        #expect(try await fixture.instances().map(\.depth).sorted() == [0, 1, 2, 3, 4])
        let tags = Set(try await fixture.executions().map { $0.context["trace_context"] })
        #expect(tags.count == 1, "it is one trace")
    }

    @Test("a workflow's children hand on how long the chain is")
    func depthOfChildren() throws {
        var execution = Samples.execution(1)
        #expect(EventCause(execution).depth == 1)
        execution.context["petrel"] = ["depth": 7]
        #expect(EventCause(execution).depth == 8)
        #expect(EventCause(execution).trace == TraceTag(id: execution.id.text, tag: "execution-\(execution.id)"))
    }

    // MARK: Inquiries, files and sensors

    @Test("an inquiry is told once, with its id and route, also when nobody was there as it was made")
    func inquiry() async throws {
        let rules = [Self.rule("generic.inquiry", "{{ trigger.id }} on {{ trigger.route }}")]
        let fixture = try EventFixture(rules: rules)
        _ = try await fixture.store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let claim = Claim(owner: "me", boot: "b", leaseUntil: fixture.engine.clock.now + .seconds(60))
        let asked = try #require(
            try await fixture.store.claim(claim, limit: 1, at: fixture.engine.clock.now).first)
        _ = try await fixture.store.complete(
            CompletedAttempt(
                attempt: asked.attemptKey, owner: "me",
                outcome: RunOutcome(status: .pending, result: ["route": "ops", "ttl": 60, "schema": [:]]),
                at: fixture.engine.clock.now))
        #expect(try await fixture.store.owedInquiries(limit: 5).map(\.id) == [asked.id])
        await fixture.ends.tellAll()
        await fixture.ends.tellAll()
        #expect(try await texts(fixture).filter { !$0.isEmpty } == ["\(asked.id) on ops"])
        try fixture.put([])
        #expect(try await fixture.store.owedInquiries(limit: 5).isEmpty)
    }

    @Test("the end of an execution is told to rules of actiontrigger with its status, parameters and result")
    func action() async throws {
        let text: Value =
            "{{ trigger.action_ref }} {{ trigger.status }} {{ trigger.result.n }} {{ trigger.runner_ref }}"
        let fixture = try EventFixture(rules: [Self.rule("generic.actiontrigger", text)])
        try await fixture.store.watchEnds(true)
        _ = try await fixture.store.submit(SubmittedExecution(execution: Samples.execution(1)))
        let claim = Claim(owner: "me", boot: "b", leaseUntil: fixture.engine.clock.now + .seconds(60))
        let begun = try #require(try await fixture.store.claim(claim, limit: 1, at: fixture.engine.clock.now).first)
        _ = try await fixture.store.complete(
            CompletedAttempt(
                attempt: begun.attemptKey, owner: "me", outcome: RunOutcome(status: .failed, result: ["n": 5]),
                at: fixture.engine.clock.now))
        await fixture.ends.tellAll()
        #expect(try await texts(fixture) == ["test.act failed 5 \(begun.runner)"])
        let payload = try #require(try await fixture.instances().first?.payload)
        #expect(
            payload.object?.keys.sorted() == [
                "action_name", "action_ref", "execution_id", "parameters", "result", "runner_ref", "start_timestamp",
                "status",
            ])
    }

    @Test(
        "a written file, a sensor's start and its end are told with StackStorm's payloads; runs of a sensor once each")
    func filesAndSensors() async throws {
        let fixture = try EventFixture(rules: [
            Self.rule(
                "action.file_written", "{{ trigger.ref }} {{ trigger.file_path }} {{ trigger.host_info.hostname }}"),
            Self.rule("sensor.process_spawn", "{{ trigger.id }} {{ trigger.pid }} {{ trigger.cmd }}", name: "s"),
            Self.rule("sensor.process_exit", "{{ trigger.id }} left with {{ trigger.exit_code }}", name: "e"),
        ])
        let now = fixture.engine.clock.now
        let sensor = ContentRef(pack: "watch", name: "Counter")
        try await fixture.dispatch.emitFileWritten(
            "/p/actions/a.sh", of: ContentRef(pack: "p", name: "a"), on: "host", cause: nil)
        for _ in 0..<2 {
            try await fixture.dispatch.emitSensorSpawn(sensor, pid: 12, command: "python3 x", at: now, key: "k")
            try await fixture.dispatch.emitSensorExit(sensor, code: 3, at: now, key: "k")
        }
        try await fixture.dispatch.emitSensorExit(sensor, code: 4, at: now, key: "l")
        #expect(
            try await texts(fixture) == [
                "Counter 12 python3 x", "Counter left with 3", "Counter left with 4", "p.a /p/actions/a.sh host",
            ])
        let exit = try await fixture.instances().first { $0.type.name == "st2.sensor.process_exit" }?.payload
        #expect(exit?["timestamp"] == .integer(Int(now.microseconds / 1_000_000)))
    }

    @Test("nothing of Petrel's own is stored while no rule waits for it")
    func unwatched() async throws {
        let fixture = try EventFixture()
        try await fixture.set("k", "1")
        try await fixture.dispatch.emitFileWritten("/x", of: ContentRef(pack: "p", name: "a"), on: "h", cause: nil)
        #expect(try await fixture.instances().isEmpty)
    }

    // MARK: Names

    @Test("a signed request is taken once, over a restart too, until its name is forgotten")
    func replays() async throws {
        let rules = [EventFixture.rule()]
        let first = try EventFixture(owner: "one", rules: rules)
        func send(_ fixture: EventFixture) async throws -> Int {
            let source = EventSource.once("webhook x", at: fixture.engine.clock.now)
            let event = NewEvent(
                fixture.catalog.current.webhook("hook"), payload: ["body": [:]], origin: .webhook)
            return try await fixture.dispatch.dispatch(event, from: source).count
        }
        #expect(try await send(first) == 1)
        #expect(try await send(first) == 0)
        try first.store.close()
        let second = try EventFixture(folder: first.engine.folder, owner: "two", rules: rules)
        #expect(try await send(second) == 0)
        #expect(try await second.executions().count == 1)
        try await second.store.forgetNames(before: second.engine.clock.now + .seconds(1))
        #expect(try await send(second) == 1)
    }
}
