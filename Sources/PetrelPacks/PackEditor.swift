import FoundationEssentials
public import PetrelCore
import PetrelExpressions
import PetrelSystem

/// Writes and removes the files of actions and aliases in users' packs, and has the loader read them.
///
/// A call waits for the one before it: between the look at what is there and the rename nobody else writes.
public actor PackEditor: ContentEditor {
    private let roots: [ContentRoot]
    private let newPacks: String
    private let runners: [RunnerType]
    private let store: any ContentStore & AuditStore
    private let clock: any PetrelClock
    private let load: @Sendable () async throws(CoreError) -> [PackError]

    /// An editor of the packs below some roots.
    /// - Parameters:
    ///   - newPacks: the folder in which the pack `default` is made.
    ///   - load: reads all folders and puts what they hold in force; returns what is wrong.
    public init(
        roots: [ContentRoot], newPacks: String, runners: [RunnerType], store: any ContentStore & AuditStore,
        clock: any PetrelClock, load: @escaping @Sendable () async throws(CoreError) -> [PackError]
    ) {
        self.roots = roots
        self.newPacks = newPacks
        self.runners = runners
        self.store = store
        self.clock = clock
        self.load = load
    }

    /// Scripts are in place before the metadata that names them.
    public func write(_ draft: ContentDraft, by user: String) async throws(CoreError) {
        try checkName(draft.ref.name)
        let records = try await store.content()
        let known = records.first { $0.kind == draft.kind && $0.ref == draft.ref.description }
        let place: PackPlace
        if let known {
            guard !draft.mustBeNew else {
                throw CoreError(.invalidInput, "\(draft.kind.rawValue) \(draft.ref) exists already")
            }
            place = try self.place(of: known)
        } else {
            place = try newPlace(draft, records)
        }
        let text = try checked(draft, place)
        for file in draft.files { try place.write(file) }
        try place.write(text)
        let problems = try await load()
        if let problem = problems.first(where: { $0.location?.file == place.path && $0.code != .warning }) {
            // Some other file has the name, or the loader knows better; what was there before stays in force.
            if known == nil { place.remove() }
            throw CoreError(.invalidInput, problem.message, hint: problem.hint)
        }
        try await record(draft.kind, draft.ref, "written", place, user)
    }

    /// The metadata goes first: a script without an action harms nobody.
    public func remove(_ kind: ContentRecord.Kind, _ ref: ContentRef, withScript: Bool, by user: String)
        async throws(CoreError)
    {
        let known = try await store.content().first { $0.kind == kind && $0.ref == ref.description }
        guard let known else { throw CoreError(.notFound, "there is no \(kind.rawValue) \(ref)") }
        let place = try place(of: known)
        try place.removeFile()
        if withScript, let script = known.document["entry_point"]?.string, !script.isEmpty {
            place.removeScript(script)
        }
        _ = try await load()
        try await record(kind, ref, "removed", place, user)
    }

    /// Warnings are among the problems.
    public func reload() async throws(CoreError) -> [ContentProblem] {
        try await load().map { problem in
            ContentProblem(
                file: problem.location?.file ?? "", text: problem.description, isWarning: problem.code == .warning)
        }
    }

    // MARK: Where it goes

    private func place(of record: ContentRecord) throws(CoreError) -> PackPlace {
        guard !isBuiltIn(record.packPath) else { throw Self.builtIn }
        return PackPlace(packPath: record.packPath, file: record.file)
    }

    private func newPlace(_ draft: ContentDraft, _ records: [ContentRecord]) throws(CoreError) -> PackPlace {
        let folder = draft.kind == .action ? "actions/" : "aliases/"
        let file = folder + draft.ref.name + ".yaml"
        let pack = records.first { $0.kind == .pack && $0.ref == draft.ref.pack }
        let place: PackPlace
        if let pack {
            guard !isBuiltIn(pack.packPath) else { throw Self.builtIn }
            place = PackPlace(packPath: pack.packPath, file: file)
        } else if draft.ref.pack == "default" {
            place = PackPlace(packPath: newPacks + "/default", file: file)
            try makeDefaultPack()
        } else {
            throw CoreError(
                .invalidInput,
                "Content pack \"\(draft.ref.pack)\" is not found or doesn't contain \(folder.dropLast()) directory.",
                hint: "Make its folder with a pack.yaml below \(newPacks)")
        }
        guard !isRegularFile(place.path) else {
            throw CoreError(
                .invalidInput, "the file \(place.path) is there already and declares something else",
                hint: "Choose another name")
        }
        return place
    }

    private func isBuiltIn(_ path: String) -> Bool {
        roots.contains { $0.isBuiltIn && (path == $0.path || path.hasPrefix($0.path + "/")) }
    }

    private static var builtIn: CoreError {
        CoreError(
            .invalidInput, "Resources belonging to system level packs can't be manipulated",
            hint: "Clone it into a pack of your own")
    }

    /// StackStorm has a pack of this name for what belongs to none.
    private func makeDefaultPack() throws(CoreError) {
        let pack = PackPlace(packPath: newPacks + "/default", file: "pack.yaml")
        guard !isRegularFile(pack.path) else { return }
        let metadata: ValueObject = [
            "ref": "default", "name": "default", "description": "What belongs to no other pack", "version": "1.0.0",
            "author": "Petrel",
        ]
        try pack.write(YAMLWriter.text(.object(metadata)))
    }

    // MARK: What it says

    /// The text of the metadata file, if the loader would take it.
    private func checked(_ draft: ContentDraft, _ place: PackPlace) throws(CoreError) -> String {
        let text = place.edited(to: draft.document)
        guard text.utf8.count <= Limits.contentFile.maxBytes else {
            throw CoreError(.invalidInput, "the metadata has more than \(Limits.contentFile.maxBytes) bytes")
        }
        do throws(PackError) {
            let metadata = try Metadata(Array(text.utf8), file: place.path)
            let id = ContentID(stored: "")
            if draft.kind == .action {
                _ = try ActionFile.action(
                    metadata, file: place.path, pack: draft.ref.pack, packPath: place.packPath, runners: runners,
                    id: id)
            } else {
                _ = try AliasFile.alias(metadata, file: place.path, pack: draft.ref.pack, id: id)
            }
        } catch { throw CoreError(.invalidInput, error.message, hint: error.hint) }
        return text
    }

    /// A name that can be a file's, and that the loader reads as content.
    private func checkName(_ name: String) throws(CoreError) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isPlain, (1...200).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("config."),
            !name.hasSuffix(".test")
        else {
            throw CoreError(
                .invalidInput, "\"\(name.prefix(200))\" can't be the name of a file",
                hint: "Use letters, digits, _ and -, and at most 200 of them")
        }
    }

    private func record(
        _ kind: ContentRecord.Kind, _ ref: ContentRef, _ decision: String, _ place: PackPlace, _ user: String
    ) async throws(CoreError) {
        try await store.record([
            AuditRecord(
                at: clock.now, kind: .content, user: user, subject: "\(kind.rawValue) \(ref)", decision: decision,
                detail: ["file": .string(place.path)])
        ])
    }
}
