import PetrelCore
import PetrelStore
import PetrelSystem
import PetrelTestKit
import Synchronization
import Testing

@testable import PetrelEngine

/// A machine with the processes that a test names.
private final class FewProcesses: WatchedMachine {
    private final class Quiet: ChangeWatch {
        let changes = AsyncStream<Void> { _ in }
    }
    private let running = Mutex<[ProcessMark]>([])

    func run(_ pids: Int...) {
        running.withLock {
            $0 = pids.map { ProcessMark(pid: $0, startTime: 7, name: "nginx", arguments: ["/usr/sbin/nginx", "-g"]) }
        }
    }

    func file(_ path: String) -> FileMark? { nil }
    func siblings(of path: String) -> [String: FileMark] { [:] }
    func read(_ path: String, from offset: Int, limit: Int) -> (mark: FileMark, bytes: [UInt8])? { nil }
    func processes(named name: String) -> [ProcessMark] { running.withLock { $0.filter { $0.name == name } } }
    func watch(_ folders: [String]) -> any ChangeWatch { Quiet() }
}

@Suite("Watched processes")
struct ProcessWatchTests {
    private let machine = FewProcesses()

    private func fixture(folder: String? = nil, owner: String = "me") throws -> (EventFixture, BuiltInSensors) {
        let fixture = try EventFixture(folder: folder, owner: owner)
        let ids = fixture.engine.ids
        let names = ["started", "ended"]
        let types = try names.map { name in
            try TriggerType(
                id: ids.make(), pack: "linux",
                document: [
                    "name": .string("process_watch.\(name)"),
                    "parameters_schema": ["type": "object", "properties": ["name": ["type": "string"]]],
                ])
        }
        let rules = try names.map { name in
            let rule = EventFixture.rule(
                name, parameters: ["text": .string("\(name) {{ trigger.pid }} {{ trigger.command }}")],
                trigger: ["type": .string("linux.process_watch.\(name)"), "parameters": ["name": "nginx"]])
            return try Rule(id: ids.make(), pack: "test", document: rule)
        }
        _ = fixture.catalog.replace(
            with: EventCatalog.Content(triggerTypes: types, rules: rules), loadedAtEdit: fixture.catalog.edits)
        let sensor = try SensorType(
            id: ids.make(), pack: "linux", packPath: "/",
            document: ["class_name": "ProcessWatchSensor", "entry_point": "builtin:process_watch"],
            typeIDs: { _ in ContentID(stored: "") })
        let sensors = BuiltInSensors(
            wanted: { [sensor] }, store: fixture.store, catalog: fixture.catalog, dispatch: fixture.dispatch,
            machine: machine, clock: fixture.engine.clock, digest: PlainDigest())
        return (fixture, sensors)
    }

    private func texts(_ fixture: EventFixture) async throws -> [String] {
        await fixture.dispatch.handleWaiting()
        return try await fixture.executions().compactMap { $0.parameters["text"]?.string }.sorted()
    }

    @Test("processes that begin and end are told once each; those that ran at the first look are not")
    func changes() async throws {
        machine.run(1, 2)
        let (fixture, sensors) = try fixture()
        while await sensors.look() {}
        #expect(try await texts(fixture).isEmpty)
        machine.run(2, 3)
        while await sensors.look() {}
        while await sensors.look() {}
        #expect(try await texts(fixture) == ["ended 1 /usr/sbin/nginx -g", "started 3 /usr/sbin/nginx -g"])
    }

    @Test("what ended while the service was away is told at the next start")
    func away() async throws {
        machine.run(1)
        let (first, sensors) = try fixture(owner: "one")
        while await sensors.look() {}
        try first.store.close()
        machine.run()
        let (second, others) = try fixture(folder: first.engine.folder, owner: "two")
        while await others.look() {}
        #expect(try await texts(second) == ["ended 1 /usr/sbin/nginx -g"])
    }

    @Test("this machine's own processes are found by name")
    func real() async throws {
        let pids = SystemMachine().processes(named: "swift-test-no-such-program").map(\.pid)
        #expect(pids.isEmpty)
        let child = try TestProgram("sleep", ["600"])
        defer { child.kill() }
        let isFound = await comesToHold { SystemMachine().processes(named: "sleep").contains { $0.pid > 1 } }
        #expect(isFound)
    }
}
