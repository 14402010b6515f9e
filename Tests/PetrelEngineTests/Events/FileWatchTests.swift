import Foundation
import PetrelCore
import PetrelStore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Watched files")
struct FileWatchTests {
    private let folder: String
    private var path: String { folder + "/app.log" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/petrel-tail-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private static let type: ValueObject = [
        "name": "file_watch.line", "pack": "linux",
        "parameters_schema": ["type": "object", "properties": ["file_path": ["type": "string", "required": true]]],
    ]

    /// Writes in place, so that the file stays the same one.
    private func write(_ text: String, appending: Bool = true) throws {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let handle = try #require(FileHandle(forWritingAtPath: path))
        if appending { try handle.seekToEnd() } else { try handle.truncate(atOffset: 0) }
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    private func fixture(folder: String? = nil, owner: String = "me") throws -> EventFixture {
        let fixture = try EventFixture(folder: folder, owner: owner)
        let ids = fixture.engine.ids
        let rule = EventFixture.rule(
            parameters: ["text": "{{ trigger.file_name }}: {{ trigger.line }}"],
            trigger: ["type": "linux.file_watch.line", "parameters": ["file_path": .string(path)]])
        let content = EventCatalog.Content(
            triggerTypes: [try TriggerType(id: ids.make(), pack: "linux", document: Self.type)],
            rules: [try Rule(id: ids.make(), pack: "test", document: rule)])
        _ = fixture.catalog.replace(with: content, loadedAtEdit: fixture.catalog.edits)
        return fixture
    }

    private func sensors(_ fixture: EventFixture) throws -> BuiltInSensors {
        let sensor = try SensorType(
            id: fixture.engine.ids.make(), pack: "linux", packPath: "/",
            document: ["class_name": "FileWatchSensor", "entry_point": "builtin:file_watch"],
            typeIDs: { _ in ContentID(stored: "") })
        return BuiltInSensors(
            wanted: { [sensor] }, store: fixture.store, catalog: fixture.catalog, dispatch: fixture.dispatch,
            machine: SystemMachine(), clock: fixture.engine.clock, digest: PlainDigest())
    }

    private func lines(_ fixture: EventFixture, _ sensors: BuiltInSensors) async throws -> [String] {
        while await sensors.look() {}
        await fixture.dispatch.handleWaiting()
        var query = EventQuery()
        query.limit = -1
        query.isAscending = true
        return try await fixture.store.triggerInstances(query).items.compactMap { $0.payload["line"]?.string }
    }

    @Test("lines that are added are told, without blanks around them; what was there before is not")
    func addedLines() async throws {
        try write("old\nold too\n")
        let fixture = try fixture()
        let sensors = try sensors(fixture)
        #expect(try await lines(fixture, sensors).isEmpty)
        try write("one\n  two\t\r\n\nhalf")
        #expect(try await lines(fixture, sensors) == ["one", "two", ""])
        try write(" done\n")
        #expect(try await lines(fixture, sensors) == ["one", "two", "", "half done"])
        let payload = try #require(try await fixture.instances().last?.payload)
        #expect(payload["file_path"]?.string == path)
        #expect(payload["file_name"] == "app.log")
        #expect(try await fixture.executions().contains { $0.parameters["text"] == "app.log: one" })
        #expect(try await fixture.instances().allSatisfy { $0.origin == .sensor })
    }

    @Test("a file that comes to be is told from its beginning")
    func newFile() async throws {
        let fixture = try fixture()
        let sensors = try sensors(fixture)
        #expect(try await lines(fixture, sensors).isEmpty)
        try write("first\n")
        #expect(try await lines(fixture, sensors) == ["first"])
    }

    @Test("a rotated file is told to its end, then its successor from the beginning")
    func rotation() async throws {
        try write("")
        let fixture = try fixture()
        let sensors = try sensors(fixture)
        _ = try await lines(fixture, sensors)
        try write("1\n2\n")
        #expect(try await lines(fixture, sensors) == ["1", "2"])
        try write("3\nlast without an end")
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try write("new 1\n")
        #expect(try await lines(fixture, sensors) == ["1", "2", "3", "last without an end", "new 1"])
        try write("new 2\n")
        #expect(try await lines(fixture, sensors).last == "new 2")
    }

    @Test("a file that is emptied, or deleted and made anew, is told from the beginning")
    func truncation() async throws {
        try write("")
        let fixture = try fixture()
        let sensors = try sensors(fixture)
        _ = try await lines(fixture, sensors)
        try write("a long first line\n")
        _ = try await lines(fixture, sensors)
        try write("short\n", appending: false)
        #expect(try await lines(fixture, sensors) == ["a long first line", "short"])
        // Longer than before, and perhaps of the same number: only its first bytes tell that it is another.
        try FileManager.default.removeItem(atPath: path)
        #expect(try await lines(fixture, sensors).count == 2)
        try write("quite another file\nwith more\n")
        #expect(
            try await lines(fixture, sensors) == [
                "a long first line", "short", "quite another file", "with more",
            ])
    }

    @Test("of a line that is too long the beginning is told, and the next line is whole")
    func longLine() async throws {
        try write("")
        let fixture = try fixture()
        let sensors = try sensors(fixture)
        _ = try await lines(fixture, sensors)
        try write(String(repeating: "x", count: 300_000))
        #expect(try await lines(fixture, sensors).map(\.utf8.count) == [FileTail.longestLine])
        try write(String(repeating: "y", count: 300_000) + "\nnext\n")
        #expect(try await lines(fixture, sensors).map(\.utf8.count) == [FileTail.longestLine, 4])
    }

    @Test("many lines at once are told in order, each once, over restarts")
    func manyLines() async throws {
        try write("")
        let first = try fixture(owner: "one")
        _ = try await lines(first, try sensors(first))
        try write((0..<500).map { "\($0)\n" }.joined())
        let sensor = try sensors(first)
        // A few batches, then the service dies.
        _ = await sensor.look()
        try first.store.close()
        try write((500..<600).map { "\($0)\n" }.joined())
        let second = try fixture(folder: first.engine.folder, owner: "two")
        #expect(try await lines(second, try sensors(second)) == (0..<600).map(String.init))
    }

    @Test("two that watch one file tell each line once")
    func twoWatchers() async throws {
        try write("")
        let fixture = try fixture()
        let (one, two) = (try sensors(fixture), try sensors(fixture))
        _ = try await lines(fixture, one)
        _ = try await lines(fixture, two)
        try write("1\n2\n")
        _ = try await lines(fixture, one)
        try write("3\n")
        #expect(try await lines(fixture, two) == ["1", "2", "3"])
        #expect(try await lines(fixture, one) == ["1", "2", "3"])
    }

    @Test("what no rule wants any more is forgotten, and begins anew when one does")
    func forgotten() async throws {
        try write("")
        let fixture = try fixture()
        let sensors = try sensors(fixture)
        _ = try await lines(fixture, sensors)
        let rules = fixture.catalog.current.content
        _ = fixture.catalog.replace(with: EventCatalog.Content(), loadedAtEdit: fixture.catalog.edits)
        _ = await sensors.look()
        try write("meanwhile\n")
        _ = fixture.catalog.replace(with: rules, loadedAtEdit: fixture.catalog.edits)
        #expect(try await lines(fixture, sensors).isEmpty)
        try write("again\n")
        #expect(try await lines(fixture, sensors) == ["again"])
    }
}
