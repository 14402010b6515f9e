import Foundation
import PetrelCore
import PetrelPacks
import PetrelStore
import PetrelTestKit
import Testing

@testable import PetrelEngine

/// Rules, trigger types and sensors of packs, and what the API changes of them.
@Suite("Content that decides on events")
struct EventContentTests {
    private let folder = NSTemporaryDirectory() + "petrel-event-content-\(UUID().uuidString)"
    private let store: SQLiteStorage
    private let loader: ContentLoader
    private let catalog = LiveEventCatalog(digest: PlainDigest())
    private let content: EventContent

    init() throws {
        store = try SQLiteStorage(.init(folder: folder + "/data", owner: "me"), digest: PlainDigest())
        let ids = CountingIDs()
        loader = ContentLoader(
            roots: [ContentRoot(path: folder + "/packs", kind: .packs)], runners: [], store: store, ids: ids,
            clock: ManualClock(), digest: PlainDigest())
        content = EventContent(store: store, catalog: catalog, events: EventHub(), clock: ManualClock(), ids: ids)
        try write("pack.yaml", "name: p\ndescription: d\nversion: 1.0.0\nauthor: a\n")
        try write("rules/r.yaml", rule("one"))
        try write(
            "sensors/s.yaml",
            "class_name: S\nentry_point: s.py\npoll_interval: 4\ntrigger_types: [{name: seen, payload_schema: {type: object}}]\n"
        )
        try write("triggers/t.yaml", "name: t\nparameters_schema: {type: object}\n")
    }

    private func write(_ name: String, _ text: String) throws {
        let path = folder + "/packs/p/" + name
        try FileManager.default.createDirectory(
            atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    private func rule(_ text: String) -> String {
        "name: r\ndescription: \(text)\nenabled: true\ntrigger: {type: p.seen}\naction: {ref: core.noop}\n"
    }

    private func load() async throws -> LoadedContent {
        let loaded = try await loader.load()
        _ = catalog.replace(
            with: .init(
                triggerTypes: loaded.triggerTypes, triggers: loaded.triggers, rules: loaded.rules,
                sensors: loaded.sensors), loadedAtEdit: catalog.edits)
        return loaded
    }

    @Test("rules, sensors and trigger types of files are in force, with ids that stay")
    func loads() async throws {
        let first = try await load()
        #expect(first.problems.isEmpty)
        #expect(first.triggerTypes.map(\.ref.description).sorted() == ["p.seen", "p.t"])
        #expect(catalog.current.problems.isEmpty)
        let second = try await load()
        #expect(!second.hasChanged)
        #expect(second.rules.map(\.id) == first.rules.map(\.id))
        #expect(Set(second.triggerTypes.map(\.id)) == Set(first.triggerTypes.map(\.id)))
        #expect(second.sensors == first.sensors)
    }

    @Test("what the API changes of a file holds until the file is edited, deleting it too")
    func edits() async throws {
        _ = try await load()
        var old = try #require(catalog.current.rule("p.r"))
        var document = old.document
        document["enabled"] = false
        document["pack"] = "p"
        try await content.change(
            old, to: content.checkedRule(document, id: old.id, file: old.metadataFile), by: "ann")
        #expect(try await load().rules.map(\.isEnabled) == [false])
        old = try #require(catalog.current.rule("p.r"))
        try await content.remove(old, by: "ann")
        #expect(catalog.current.rules.isEmpty)
        #expect(try await load().rules.isEmpty)
        try write("rules/r.yaml", rule("two"))
        #expect(try await load().rules.map(\.summary) == ["two"])
    }

    @Test("what the API makes survives a load, and a name that a file takes is the file's")
    func made() async throws {
        _ = try await load()
        let document: ValueObject = [
            "name": "x", "pack": "default", "trigger": ["type": "core.st2.webhook", "parameters": ["url": "u"]],
            "action": ["ref": "core.noop"],
        ]
        try await content.add(content.checkedRule(document), by: "ann")
        let type = try await content.put(triggerType: ["name": "made", "pack": "default"], id: nil, by: "ann")
        let loaded = try await load()
        #expect(loaded.rules.map(\.ref.description).sorted() == ["default.x", "p.r"])
        #expect(catalog.current.triggerType("default.made")?.id == type.id)
        try await content.remove(type, by: "ann")
        #expect(try await load().triggerTypes.count == 2)
    }

    @Test(
        "what is wrong with a rule is told with its line",
        arguments: [
            ("name: r\naction: {ref: a.b}\n", "'type' is a required property"),
            ("name: r\ntrigger: {type: x}\naction: {ref: a.b}\n", "'x' is no reference"),
            ("name: r\ntrigger: {type: a.b}\n", "'ref' is a required property"),
            ("name: r\ncolour: red\ntrigger: {type: a.b}\naction: {ref: a.b}\n", "'colour' was unexpected"),
            (
                "name: r\ntrigger: {type: a.b}\naction: {ref: a.b}\ncriteria: {trigger.x: {type: is, pattern: 1}}\n",
                "operator is not in list of allowed operators"
            ),
            ("name: r\ntrigger: {type: a.b, misfire: no}\naction: {ref: a.b}\n", "misfire"),
            ("name: r\ntype: {ref: odd}\ntrigger: {type: a.b}\naction: {ref: a.b}\n", "no rule type 'odd'"),
        ])
    func problems(_ text: String, _ message: String) throws {
        do {
            _ = try RuleFile.read(Array(text.utf8), file: "p/rules/r.yaml", pack: "p", id: ContentID(stored: "1"))
            Issue.record("it was taken")
        } catch {
            #expect(error.message.contains(message))
            #expect(error.location?.file == "p/rules/r.yaml")
        }
    }
}
