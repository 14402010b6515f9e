import Foundation
import PetrelCore
import PetrelPacks
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Content files")
struct ContentFileTests {
    private let noop = RunnerType(
        name: "noop", summary: "",
        parameters: [
            "timeout": Parameter(kind: .integer, defaultValue: 60, schema: ["type": "integer", "default": 60]),
            "fixed": Parameter(kind: .boolean, defaultValue: false, isImmutable: true, schema: ["immutable": true]),
        ], package: "", module: "")

    private func action(_ text: String) throws(PackError) -> Action {
        try ActionFile.read(
            Array(text.utf8), file: "p/actions/a.yaml", pack: "p", packPath: "p", runners: [noop],
            id: ContentID(stored: "1"))
    }

    private func alias(_ text: String) throws(PackError) -> ActionAlias {
        try AliasFile.read(Array(text.utf8), file: "p/aliases/a.yaml", pack: "p", id: ContentID(stored: "1"))
    }

    @Test("an action is read with its parameters in order")
    func readsAction() throws {
        let action = try action(
            """
            name: greet
            runner_type: noop
            enabled: no
            parameters:
              who: {type: string, position: 0, required: true}
              token: {type: string, secret: true, position: 1}
            """)
        #expect(action.ref == ContentRef(pack: "p", name: "greet"))
        #expect(!action.isEnabled)
        #expect(Array(action.parameters.keys) == ["who", "token"])
        #expect(action.parameters["token"]?.isSecret == true)
        #expect(action.metadataFile == "actions/a.yaml")
    }

    @Test(
        "what is wrong with an action is told with line and advice",
        arguments: [
            ("name: a\nrunner: noop\n", 2, "'runner' was unexpected"),
            ("name: a\nrunner_type: gone\n", 2, "RunnerType gone is not found"),
            ("name: a\npack: q\nrunner_type: noop\n", 2, "Model is in pack \"p\" but field \"pack\" is different: q"),
            ("runner_type: noop\n", nil, "'name' is a required property"),
            ("name: a\nrunner_type: noop\nenabled: maybe\n", 3, "must be true or false"),
            ("name: a\nrunner_type: noop\nparameters:\n  x: {type: text}\n", 4, "'text' is no type"),
            ("name: a\nrunner_type: noop\nparameters:\n  x: {colour: red}\n", 4, "'colour' was unexpected"),
            (
                "name: a\nrunner_type: noop\nparameters:\n  x: {position: 0}\n  y: {position: 0}\n", 5,
                "have same position 0"
            ),
            ("name: a\nrunner_type: noop\nparameters:\n  x: {position: 0}\n  y: {position: 2}\n", 3, "not contiguous"),
            ("name: a\nrunner_type: noop\nparameters:\n  x: {immutable: true}\n", 4, "requires a default value"),
            ("name: a\nrunner_type: noop\nparameters:\n  timeout: {type: string}\n", 4, "cannot be overridden"),
            (
                "name: a\nrunner_type: noop\nparameters:\n  fixed: {immutable: true}\n", 4,
                "declared immutable in runner"
            ),
            ("- a\n- b\n", 1, "keys and values, not array"), ("name: [a\n", nil, "expected"),
        ] as [(String, Int?, String)])
    func badActions(_ text: String, _ line: Int?, _ message: String) throws {
        let error = try #require(throws: PackError.self) { try action(text) }
        #expect(error.message.contains(message))
        #expect(error.location?.file == "p/actions/a.yaml")
        if let line { #expect(error.location?.line == line, "\(error)") }
    }

    @Test("an alias's formats are read in all their forms")
    func readsAlias() throws {
        let alias = try alias(
            """
            name: greet
            action_ref: p.greet
            formats:
              - greet {{who}}
              - display: hello NAME
                representation: ["hello {{who}}", "hi {{who}}"]
                match_multiple: true
            extra: {petrel: {role: starter}}
            """)
        #expect(alias.formats.map(\.representations) == [["greet {{who}}"], ["hello {{who}}", "hi {{who}}"]])
        #expect(alias.formats[1].matchesMultiple && alias.formats[1].display == "hello NAME")
        #expect(alias.leastRole == .starter)
        #expect(try self.alias("name: a\naction_ref: p.b\nformats: [x]\n").leastRole == .operator)
    }

    @Test(
        "what is wrong with an alias is told",
        arguments: [
            ("name: a\naction_ref: p.b\n", "'formats' must list"), ("name: a\nformats: [x]\n", "'action_ref'"),
            ("name: a\naction_ref: b\nformats: [x]\n", "'b' is no reference"),
            ("name: a\naction_ref: p.b\nformats: [[x]]\n", "a format must be text"),
            ("name: a\naction_ref: p.b\nformats: [x]\nmute: true\n", "'mute' was unexpected"),
            ("name: a\naction_ref: p.b\nformats: [x]\nextra: {petrel: {role: root}}\n", "'root' is no role"),
        ])
    func badAliases(_ text: String, _ message: String) throws {
        let error = try #require(throws: PackError.self) { try alias(text) }
        #expect(error.message.contains(message), "\(error)")
    }

    @Test("a pack's ref comes from its metadata, its folder or its name, and its version is checked")
    func packs() throws {
        func read(_ text: String, folder: String = "/x/web_ops") throws -> Pack {
            try PackFile.read(
                Array(text.utf8), file: "pack.yaml", folder: folder, isBuiltIn: false, id: ContentID(stored: "1"))
        }
        let rest = "description: d\nversion: 1.2.3\nauthor: a\n"
        #expect(try read("name: n\n" + rest).ref == "web_ops")
        #expect(try read("name: n\nref: other\n" + rest).ref == "other")
        #expect(try read("name: lower\n" + rest, folder: "/x/Web-Ops").ref == "lower")
        #expect(throws: PackError.self) { try read("name: Not OK\n" + rest, folder: "/x/Web-Ops") }
        #expect(throws: PackError.self) { try read("name: n\ndescription: d\nversion: 1.2\nauthor: a\n") }
    }
}

@Suite("Loading content")
struct ContentLoaderTests {
    private let folder = NSTemporaryDirectory() + "petrel-content-" + UUID().uuidString

    private func write(_ path: String, _ text: String) throws {
        let url = URL(filePath: folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    private func pack(_ name: String, ref: String? = nil) throws {
        let ref = ref.map { "ref: \($0)\n" } ?? ""
        try write("packs/\(name)/pack.yaml", ref + "name: \(name)\ndescription: d\nversion: 1.0.0\nauthor: a\n")
    }

    private func loader(_ store: SQLiteStorage) -> ContentLoader {
        ContentLoader(
            roots: [
                ContentRoot(path: folder + "/packs", kind: .packs),
                ContentRoot(path: folder + "/aliases", kind: .aliases),
                ContentRoot(path: folder + "/builtin", kind: .aliases, isBuiltIn: true),
            ],
            runners: ["noop", "orquesta", "action-chain"].map {
                RunnerType(name: $0, summary: "", parameters: [:], package: "", module: "")
            }, store: store,
            ids: CountingIDs(), clock: ManualClock(), digest: PlainDigest())
    }

    private func open() throws -> SQLiteStorage {
        try SQLiteStorage(.init(folder: folder + "/data", owner: "me"), digest: PlainDigest())
    }

    @Test("a broken edit leaves the last good version in force, over a restart too, and keeps its id")
    func lastGoodVersion() async throws {
        try pack("p")
        try write("packs/p/actions/a.yaml", "name: a\nrunner_type: noop\ndescription: one\n")
        let store = try open()
        let first = try await loader(store).load()
        #expect(first.actions.map(\.summary) == ["one"] && first.problems.isEmpty)
        try write("packs/p/actions/a.yaml", "name: a\nrunner_type: noop\ndescription: [\n")
        let broken = try await loader(store).load()
        #expect(broken.actions.map(\.summary) == ["one"])
        #expect(broken.actions.map(\.id) == first.actions.map(\.id))
        #expect(broken.problems.map { $0.location?.file } == [folder + "/packs/p/actions/a.yaml"])
        let restarted = try await loader(try open()).load()
        #expect(restarted.actions.map(\.summary) == ["one"])
        try write("packs/p/actions/a.yaml", "name: a\nrunner_type: noop\ndescription: two\n")
        let mended = try await loader(store).load()
        #expect(mended.actions.map(\.summary) == ["two"] && mended.problems.isEmpty)
        try FileManager.default.removeItem(atPath: folder + "/packs/p/actions/a.yaml")
        #expect(try await loader(store).load().actions.isEmpty)
    }

    @Test("a workflow's file is inspected when it is loaded, and its last good version stays in force")
    func workflows() async throws {
        try pack("p")
        let good = "version: 1.0\ntasks:\n  one:\n    action: core.noop\n"
        try write("packs/p/actions/w.yaml", "name: w\nrunner_type: orquesta\nentry_point: workflows/w.yaml\n")
        try write("packs/p/actions/workflows/w.yaml", good)
        let store = try open()
        let first = try await loader(store).load()
        #expect(first.actions.map(\.definition) == [good] && first.problems.isEmpty)
        try write("packs/p/actions/workflows/w.yaml", good + "    next:\n      - do: nowhere\n")
        let broken = try await loader(store).load()
        #expect(broken.actions.map(\.definition) == [good])
        #expect(broken.problems.map(\.code) == [.badWorkflow])
        #expect(broken.problems.first?.location?.line == 6)
        let restarted = try await loader(try open()).load()
        #expect(restarted.actions.map(\.definition) == [good])
        try write(
            "packs/p/actions/out.yaml", "name: out\nrunner_type: orquesta\nentry_point: ../../../data/petrel.db\n")
        let outside = try await loader(store).load()
        #expect(outside.actions.first { $0.ref.name == "out" }?.definition == nil)
        #expect(outside.problems.contains { $0.code == .unreadable })
    }

    @Test("what surprises in a workflow is told at each load, and what was clean is looked at again once it changes")
    func inspection() async throws {
        try pack("p")
        let clean = "version: 1.0\ntasks:\n  one:\n    action: core.noop\n"
        let surprising =
            clean + "    next:\n      - when: <% succeeded %>\n        do: two\n  two:\n    action: core.noop\n"
        try write("packs/p/actions/w.yaml", "name: w\nrunner_type: orquesta\nentry_point: w.orquesta\n")
        try write("packs/p/actions/w.orquesta", surprising)
        let store = try open()
        for _ in 0..<2 { #expect(try await loader(store).load().problems.map(\.code) == [.warning]) }
        try write("packs/p/actions/w.orquesta", clean)
        for hasChanged in [true, false] {
            let content = try await loader(store).load()
            #expect(content.problems.isEmpty && content.hasChanged == hasChanged)
            #expect(content.actions.map(\.definition) == [clean])
        }
        try write("packs/p/actions/w.orquesta", surprising)
        #expect(try await loader(store).load().problems.map(\.code) == [.warning])
        // The same file is no chain.
        try write("packs/p/actions/w.orquesta", clean)
        _ = try await loader(store).load()
        try write("packs/p/actions/w.yaml", "name: w\nrunner_type: action-chain\nentry_point: w.orquesta\n")
        #expect(try await loader(store).load().problems.map(\.code) == [.badWorkflow])
    }

    @Test("of two packs with one ref the first is used and the second named")
    func twoPacks() async throws {
        try pack("one", ref: "same")
        try pack("two", ref: "same")
        let content = try await loader(try open()).load()
        #expect(content.packs.map(\.path) == [folder + "/packs/one"])
        #expect(content.problems.map(\.code) == [.duplicate])
        #expect(content.problems.first?.message.contains("packs/two") == true)
    }

    @Test("an alias of the user's replaces the built-in one of its name, without complaint")
    func overriding() async throws {
        let text = "name: date\naction_ref: p.a\nformats: [date]\n"
        try write("builtin/starter/date.yaml", text)
        try write("aliases/starter/date.yaml", text + "enabled: false\n")
        let content = try await loader(try open()).load()
        #expect(content.aliases.map(\.isEnabled) == [false])
        #expect(content.problems.isEmpty)
    }

    @Test("a missing script is a warning, and test files are no aliases")
    func warnings() async throws {
        try pack("p")
        try write("packs/p/actions/a.yaml", "name: a\nrunner_type: noop\nentry_point: gone.sh\n")
        try write("packs/p/aliases/a.test.yaml", "matches: []\n")
        let content = try await loader(try open()).load()
        #expect(content.problems.map(\.code) == [.warning])
        #expect(content.aliases.isEmpty)
    }

    @Test("an unchanged folder changes nothing")
    func unchanged() async throws {
        try pack("p")
        let store = try open()
        let loader = loader(store)
        #expect(try await loader.load().hasChanged)
        #expect(try await !loader.load().hasChanged)
    }
}
