import Foundation
import PetrelCore
import PetrelPacks
import PetrelStore
import PetrelTestKit
import Testing

@Suite("Writing content")
struct PackEditorTests {
    private let folder = NSTemporaryDirectory() + "petrel-editor-" + UUID().uuidString
    private let store: SQLiteStorage
    private let editor: PackEditor
    private let ref = ContentRef(pack: "shop", name: "deploy")

    init() throws {
        let folder = folder
        let roots = [
            ContentRoot(path: folder + "/builtin", kind: .packs, isBuiltIn: true),
            ContentRoot(path: folder + "/packs", kind: .packs),
        ]
        let runners = [RunnerType(name: "noop", summary: "", parameters: [:], package: "", module: "")]
        let store = try SQLiteStorage(.init(folder: folder + "/data", owner: "me"), digest: PlainDigest())
        self.store = store
        let loader = ContentLoader(
            roots: roots, runners: runners, store: store, ids: CountingIDs(), clock: ManualClock(),
            digest: PlainDigest())
        editor = PackEditor(
            roots: roots, newPacks: folder + "/packs", runners: runners, store: store, clock: ManualClock()
        ) { () async throws(CoreError) in try await loader.load().problems }
    }

    private func put(_ path: String, _ text: String) throws {
        let url = URL(filePath: folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + path) }

    private func packs() async throws {
        for (root, name) in [("packs", "shop"), ("builtin", "core")] {
            try put(
                "\(root)/\(name)/pack.yaml", "name: \(name)\ndescription: d\nversion: 1.0.0\nauthor: a\n")
        }
        _ = try await editor.reload()
    }

    private func draft(
        _ ref: ContentRef, _ document: ValueObject = [:], files: [ContentDraft.File] = [], isNew: Bool = true
    ) -> ContentDraft {
        let whole: ValueObject = ["name": .string(ref.name), "runner_type": "noop"]
        return ContentDraft(
            kind: .action, ref: ref, document: whole.merging(document) { _, new in new }, files: files,
            mustBeNew: isNew)
    }

    @Test("what is written is a file of the pack, in force, and in the audit trail")
    func writes() async throws {
        try await packs()
        let script = ContentDraft.File(path: "deploy.sh", content: Array("echo hi\n".utf8))
        try await editor.write(draft(ref, ["entry_point": "deploy.sh"], files: [script]), by: "ann")
        #expect(try text("packs/shop/actions/deploy.yaml").contains("runner_type: noop"))
        #expect(try text("packs/shop/actions/deploy.sh") == "echo hi\n")
        #expect(try await store.content().contains { $0.ref == "shop.deploy" })
        let row = try #require(try await store.auditRecords(limit: 1, offset: 0).first)
        #expect(row.user == "ann" && row.decision == "written" && row.subject == "action shop.deploy")
        try await editor.remove(.action, ref, withScript: true, by: "ann")
        #expect(!exists("packs/shop/actions/deploy.yaml") && !exists("packs/shop/actions/deploy.sh"))
        #expect(try await !store.content().contains { $0.ref == "shop.deploy" })
    }

    @Test("switching an action off changes one line of its author's file")
    func switches() async throws {
        try await packs()
        let written = "# Deploys.\nname: deploy\nrunner_type: noop   # nothing yet\ndescription: d\n"
        try put("packs/shop/actions/deploy.yaml", written)
        _ = try await editor.reload()
        try await editor.write(draft(ref, ["description": "d", "enabled": false], isNew: false), by: "ann")
        #expect(try text("packs/shop/actions/deploy.yaml") == written + "enabled: false\n")
        try await editor.write(draft(ref, ["description": "d", "enabled": true], isNew: false), by: "ann")
        #expect(try text("packs/shop/actions/deploy.yaml") == written + "enabled: true\n")
        try await editor.write(draft(ref, ["description": "other"], isNew: false), by: "ann")
        #expect(try !text("packs/shop/actions/deploy.yaml").contains("#"))
    }

    @Test("what belongs to no pack goes into the pack default, which is made")
    func defaultPack() async throws {
        try await editor.write(draft(ContentRef(pack: "default", name: "mine")), by: "ann")
        #expect(exists("packs/default/pack.yaml") && exists("packs/default/actions/mine.yaml"))
    }

    @Test(
        "what the loader would refuse, and what would leave the pack, is refused and leaves nothing behind",
        arguments: [
            (ContentRef(pack: "core", name: "x"), [:], nil, "system level packs"),
            (ContentRef(pack: "gone", name: "x"), [:], nil, "Content pack \"gone\" is not found"),
            (ContentRef(pack: "shop", name: "a/b"), [:], nil, "name of a file"),
            (ContentRef(pack: "shop", name: "config.x"), [:], nil, "name of a file"),
            (ContentRef(pack: "shop", name: "x"), ["runner_type": "gone"], nil, "RunnerType gone is not found"),
            (ContentRef(pack: "shop", name: "x"), [:], "../x.sh", "Invalid file_path"),
            (ContentRef(pack: "shop", name: "x"), [:], "/etc/x", "Invalid file_path"),
            (ContentRef(pack: "shop", name: "x"), [:], "other.yaml", "would be an action's metadata"),
            (ContentRef(pack: "shop", name: "x"), [:], "out/x.sh", "leads out of the pack"),
        ] as [(ContentRef, ValueObject, String?, String)])
    func refuses(_ ref: ContentRef, _ document: ValueObject, _ file: String?, _ reason: String) async throws {
        try await packs()
        try put("packs/shop/actions/there.yaml", "name: there\nrunner_type: noop\n")
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/packs/shop/actions/out", withDestinationPath: folder)
        let files = file.map { [ContentDraft.File(path: $0, content: [])] } ?? []
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder + "/packs").sorted()
        let error = await #expect(throws: CoreError.self) {
            try await editor.write(draft(ref, document, files: files), by: "ann")
        }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.code == .invalidInput)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder + "/packs").sorted() == before)
    }

    @Test("a name that another file has is refused, and that file stays")
    func taken() async throws {
        try await packs()
        try put("packs/shop/actions/other.yaml", "name: deploy\nrunner_type: noop\n")
        try put("packs/shop/actions/free.yaml", "name: else\nrunner_type: noop\n")
        _ = try await editor.reload()
        await #expect(throws: CoreError.self) { try await editor.write(draft(ref), by: "ann") }
        let free = ContentRef(pack: "shop", name: "free")
        await #expect(throws: CoreError.self) { try await editor.write(draft(free), by: "ann") }
        #expect(try text("packs/shop/actions/free.yaml") == "name: else\nrunner_type: noop\n")
        // An update finds the file whatever it is called.
        try await editor.write(draft(ref, ["description": "new"], isNew: false), by: "ann")
        #expect(try text("packs/shop/actions/other.yaml").contains("description: new"))
    }
}
