import FoundationEssentials
public import PetrelCore
import PetrelSystem

/// What a load found: everything that is in force now, and what is wrong.
public struct LoadedContent: Sendable {
    /// Packs in force, the users' first.
    public var packs: [Pack] = []
    /// Actions in force, disabled ones too.
    public var actions: [Action] = []
    /// Aliases in force, disabled ones too; of two with one name only the user's.
    public var aliases: [ActionAlias] = []
    /// Policies of the packs' files, disabled ones too.
    public var policies: [Policy] = []
    /// What packs can be told, and are told.
    public var configs: [PackConfig] = []
    /// Rules in force, disabled ones too; those that were made through the API among them.
    public var rules: [Rule] = []
    /// Trigger types of files, of sensors and of the API.
    public var triggerTypes: [TriggerType] = []
    /// Triggers that were made through the API.
    public var triggers: [ValueObject] = []
    /// Sensors in force, disabled ones too.
    public var sensors: [SensorType] = []
    /// Errors and warnings, each with its file.
    public var problems: [PackError] = []
    /// Whether anything differs from the load before.
    public var hasChanged = false

    /// Nothing.
    public init() {}
}

/// Reads packs and aliases from their folders and keeps the last good version of every file in the store.
///
/// A file that can't be read leaves what it declared before in force. Load again whenever the folders have changed.
public actor ContentLoader {
    /// Gives a policy with its parameters checked and defaults filled in, or says what is wrong with it.
    public typealias PolicyCheck = @Sendable (Policy) throws(CoreError) -> Policy

    private let roots: [ContentRoot]
    private let runners: [RunnerType]
    private let checkPolicy: PolicyCheck
    private let store: any ContentStore
    private let ids: any IDSource
    private let clock: any PetrelClock
    private let digest: any Digest
    private var reportedProblems: Set<String> = []
    private var configFiles: ConfigFiles?
    private var configs: [PackConfig] = []

    /// A loader for some folders; of two packs with one ref, the one in the earlier root is taken.
    /// - Parameter configFolder: where the packs' configurations are, `PACK.yaml` each.
    public init(
        roots: [ContentRoot], runners: [RunnerType], store: any ContentStore, ids: any IDSource,
        clock: any PetrelClock, digest: any Digest, configFolder: String? = nil,
        checkPolicy: @escaping PolicyCheck = { policy in policy }
    ) {
        self.checkPolicy = checkPolicy
        configFiles = configFolder.map(ConfigFiles.init(folder:))
        self.roots = roots
        self.runners = runners
        self.store = store
        self.ids = ids
        self.clock = clock
        self.digest = digest
    }

    /// Reads all folders and stores what changed.
    public func load() async throws(CoreError) -> LoadedContent {
        let stored = try await store.content()
        var pass = LoadPass(stored: stored, runners: runners, ids: ids, digest: digest, checkPolicy: checkPolicy)
        let found = PackFolders(roots) { folder throws(PackError) in try pass.packRef(folder) }
        pass.content.problems += found.problems
        // What users wrote comes first: an alias of theirs replaces the built-in one of its name.
        for file in found.files where !file.isBuiltIn { pass.take(file) }
        for file in found.files where file.isBuiltIn { pass.take(file) }
        pass.content.configs = configFiles?.read(pass.content.packs, problems: &pass.content.problems) ?? []
        let hasOtherConfigs = pass.content.configs != configs
        configs = pass.content.configs
        pass.takeWithoutFiles()
        let changes = pass.changes
        let audit = audit(changes, problems: pass.content.problems)
        if !changes.put.isEmpty || !changes.remove.isEmpty || !audit.isEmpty {
            try await store.changeContent(put: changes.put, remove: changes.remove, audit: audit)
        }
        pass.content.hasChanged = hasOtherConfigs || !changes.put.isEmpty || !changes.remove.isEmpty || !audit.isEmpty
        return pass.content
    }

    private func audit(
        _ changes: (put: [ContentRecord], remove: [ContentRecord]), problems: [PackError]
    ) -> [AuditRecord] {
        let now = clock.now
        func row(_ subject: String, _ decision: String, _ detail: ValueObject) -> AuditRecord {
            AuditRecord(at: now, kind: .content, user: "", subject: subject, decision: decision, detail: detail)
        }
        let fresh = problems.filter { $0.code != .warning && !reportedProblems.contains($0.description) }
        reportedProblems = Set(problems.map(\.description))
        return changes.put.map {
            row("\($0.kind.rawValue) \($0.ref)", "loaded", ["file": .string($0.packPath + "/" + $0.file)])
        }
            + changes.remove.map {
                row("\($0.kind.rawValue) \($0.ref)", "removed", ["file": .string($0.packPath + "/" + $0.file)])
            }
            + fresh.map { row($0.location?.description ?? "", "refused", ["reason": .string($0.message)]) }
    }
}

/// One pass over the files that were found.
private struct LoadPass {
    var content = LoadedContent()
    private let checkPolicy: ContentLoader.PolicyCheck
    private let runners: [RunnerType]
    private let ids: any IDSource
    private let digest: any Digest
    private let stored: [ContentRecord]
    private let storedByRef: [String: ContentRecord]
    private let storedByPath: [String: ContentRecord]
    /// By kind, pack and file, for the folder of a built-in pack changes with each version of Petrel.
    private let storedByFile: [String: ContentRecord]
    private var records: [ContentRecord] = []
    private var placeByRef: [String: String] = [:]

    init(
        stored: [ContentRecord], runners: [RunnerType], ids: any IDSource, digest: any Digest,
        checkPolicy: @escaping ContentLoader.PolicyCheck
    ) {
        self.checkPolicy = checkPolicy
        self.runners = runners
        self.ids = ids
        self.digest = digest
        self.stored = stored
        storedByRef = Dictionary(stored.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        storedByFile = Dictionary(
            stored.map { ("\($0.kind.rawValue) \(ContentRef($0.ref)?.pack ?? "")/\($0.file)", $0) },
            uniquingKeysWith: { first, _ in first })
        storedByPath = Dictionary(
            stored.filter { $0.kind != .triggerType || !$0.file.hasPrefix("sensors/") }
                .map { ($0.packPath + "/" + $0.file, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// What the store must be told: new and changed records, and those whose files are gone.
    var changes: (put: [ContentRecord], remove: [ContentRecord]) {
        let keys = Set(records.map(\.key))
        return (
            put: records.filter { storedByRef[$0.key] != $0 }, remove: stored.filter { !keys.contains($0.key) }
        )
    }

    /// The ref in a folder's pack.yaml, or the last good one.
    func packRef(_ folder: String) throws(PackError) -> String {
        do {
            let bytes = try bytes(of: folder + "/pack.yaml")
            return try PackFile.read(
                bytes, file: folder + "/pack.yaml", folder: folder, isBuiltIn: false, id: ContentID(stored: "")
            ).ref
        } catch {
            guard let last = storedByPath[folder + "/pack.yaml"] else { throw error }
            return last.ref
        }
    }

    /// Reads one file; on an error the last good version stays.
    mutating func take(_ file: FoundFile) {
        do throws(PackError) {
            let bytes = try bytes(of: file.path)
            let hash = digest.sha256(bytes)
            if let changed = changedByAPI(file, hash: hash) {
                guard !changed.document.isEmpty else {
                    records.append(changed)
                    placeByRef[changed.key] = file.path
                    return
                }
                return try add(file, Metadata(recalled: changed.document, file: file.path), hash: hash)
            }
            let metadata = try Metadata(bytes, file: file.path)
            try add(file, metadata, hash: hash)
            content.problems += metadata.warnings
        } catch {
            content.problems.append(error)
            guard let last = storedByPath[file.path], last.kind == file.kind else { return }
            // What was good once is good again; were it not, its error is the one above.
            try? add(file, Metadata(recalled: last.document, file: file.path), hash: last.hash)
        }
    }

    private static func place(_ file: FoundFile) -> String { "\(file.kind.rawValue) \(file.pack)/\(file.file)" }

    /// What the store has of a file whose content the API may have changed; nil for a file that is new or was edited.
    ///
    /// An empty document stands for content that was deleted there.
    private func changedByAPI(_ file: FoundFile, hash: String) -> ContentRecord? {
        guard [.rule, .sensor, .triggerType].contains(file.kind), let last = storedByFile[Self.place(file)],
            last.hash == hash
        else { return nil }
        return last
    }

    /// Takes what was made through the API and never stood in a file.
    mutating func takeWithoutFiles() {
        for record in stored where record.file.isEmpty && placeByRef[record.key] == nil {
            let pack = ContentRef(record.ref)?.pack ?? ""
            do throws(ContentFault) {
                switch record.kind {
                case .rule: content.rules.append(try Rule(id: record.id, pack: pack, document: record.document))
                case .triggerType:
                    content.triggerTypes.append(try TriggerType(id: record.id, pack: pack, document: record.document))
                case .trigger: content.triggers.append(record.document)
                default: continue
                }
            } catch {
                content.problems.append(PackError(.badMetadata, "\(record.key): \(error.message)", hint: error.hint))
            }
            records.append(record)
        }
    }

    /// Takes the trigger types that a sensor declares; of those that a file or another sensor declares, that one stays.
    private mutating func take(typesOf sensor: SensorType, _ file: FoundFile, hash: String) {
        for type in sensor.triggerTypes {
            let key = "\(ContentRecord.Kind.triggerType.rawValue) \(type.ref)"
            guard placeByRef[key] == nil else { continue }
            placeByRef[key] = file.path
            content.triggerTypes.append(type)
            records.append(
                ContentRecord(
                    id: type.id, kind: .triggerType, ref: type.ref.description, packPath: file.packPath,
                    file: file.file, hash: hash, document: type.document))
        }
    }

    private mutating func add(_ file: FoundFile, _ metadata: Metadata, hash: String) throws(PackError) {
        let id = ids.next()
        switch file.kind {
        case .pack:
            var pack = try PackFile.pack(
                metadata, folder: file.packPath, isBuiltIn: file.isBuiltIn, id: ContentID(stored: id))
            pack.id = try keep(file, ref: pack.ref, document: pack.metadata, hash: hash, id: id)
            content.packs.append(pack)
        case .action:
            var action = try ActionFile.action(
                metadata, file: file.path, pack: file.pack, packPath: file.packPath, runners: runners,
                id: ContentID(stored: id))
            action.id = try keep(
                file, ref: action.ref.description, document: action.document, hash: hash, id: id)
            warnOfMissingScript(action, file)
            if action.isWorkflow { action.definition = definition(of: action, file) }
            content.actions.append(action)
        case .alias:
            var alias = try AliasFile.alias(metadata, file: file.path, pack: file.pack, id: ContentID(stored: id))
            if file.isBuiltIn, placeByRef["alias \(alias.ref)"] != nil { return }
            alias.id = try keep(file, ref: alias.ref.description, document: alias.document, hash: hash, id: id)
            content.aliases.append(alias)
        case .workflow: break
        case .policy:
            var policy = try PolicyFile.policy(
                metadata, file: file.path, pack: file.pack, id: ContentID(stored: id), check: checkPolicy)
            policy.id = try keep(file, ref: policy.ref.description, document: metadata.members, hash: hash, id: id)
            content.policies.append(policy)
        case .rule, .triggerType, .sensor, .trigger: try addEvent(file, metadata, hash: hash, id: id)
        }
    }

    private mutating func addEvent(_ file: FoundFile, _ metadata: Metadata, hash: String, id: String) throws(PackError)
    {
        let fresh = ContentID(stored: id)
        switch file.kind {
        case .rule:
            var rule = try RuleFile.rule(metadata, file: file.path, pack: file.pack, id: fresh)
            rule.id = try keep(file, ref: rule.ref.description, document: rule.document, hash: hash, id: id)
            content.rules.append(rule)
        case .triggerType:
            var type = try TriggerTypeFile.triggerType(metadata, file: file.path, pack: file.pack, id: fresh)
            type.id = try keep(file, ref: type.ref.description, document: type.document, hash: hash, id: id)
            content.triggerTypes.append(type)
        default:
            let (known, ids) = (storedByRef, ids)
            var sensor = try SensorFile.sensor(
                metadata, file: file.path, pack: file.pack, packPath: file.packPath, id: fresh
            ) { ref in
                known["\(ContentRecord.Kind.triggerType.rawValue) \(ref)"]?.id ?? ContentID(stored: ids.next())
            }
            sensor.id = try keep(file, ref: sensor.ref.description, document: sensor.document, hash: hash, id: id)
            content.sensors.append(sensor)
            take(typesOf: sensor, file, hash: hash)
        }
    }

    /// The text of the workflow that an action runs: the file's, or the last good one.
    ///
    /// A file that was never good is in force all the same: running it tells what is wrong with it, as in StackStorm.
    private mutating func definition(of action: Action, _ file: FoundFile) -> String? {
        let key = "workflow \(action.ref)"
        let last = storedByRef[key]
        let name = "actions/" + action.entryPoint
        do throws(PackError) {
            let bytes = try bytes(of: action.packPath + "/" + name, below: action.packPath)
            let text = String(decoding: bytes, as: UTF8.self)
            let hash = digest.sha256(bytes)
            var isClean = last?.hash == hash && last?.document["inspected"] == WorkflowFile.inspection(action)
            if !isClean {
                let check = WorkflowFile(text, action, path: action.packPath + "/" + name)
                content.problems += check.problems
                isClean = check.problems.isEmpty
                if !check.isGood, let last, let good = last.document["text"]?.string {
                    records.append(last)
                    return good
                }
                guard check.isGood else { return text }
            }
            // What was found clean is not inspected again at each start.
            var document: ValueObject = ["text": .string(text)]
            if isClean { document["inspected"] = WorkflowFile.inspection(action) }
            records.append(
                ContentRecord(
                    id: last?.id ?? ContentID(stored: ids.next()), kind: .workflow, ref: action.ref.description,
                    packPath: file.packPath, file: name, hash: hash, document: document))
            return text
        } catch {
            content.problems.append(error)
            guard let last else { return nil }
            records.append(last)
            return last.document["text"]?.string
        }
    }

    private func bytes(of path: String, below root: String) throws(PackError) -> [UInt8] {
        guard let real = realPath(path), let root = realPath(root), real.hasPrefix(root + "/") else {
            throw PackError(
                .unreadable, "the workflow \(path) does not exist, or lies outside of its pack",
                hint: "Correct entry_point; workflows lie below actions/workflows", location: Location(file: path))
        }
        return try bytes(of: path)
    }

    /// Notes the record of a file and gives the id by which it is known.
    private mutating func keep(
        _ file: FoundFile, ref: String, document: ValueObject, hash: String, id: String
    ) throws(PackError) -> ContentID {
        let key = "\(file.kind.rawValue) \(ref)"
        if let other = placeByRef[key] {
            throw PackError(
                .duplicate, "\(key) is declared twice: \(other) is used, \(file.path) is not",
                hint: "Rename one of them", location: Location(file: file.path))
        }
        placeByRef[key] = file.path
        let record = ContentRecord(
            id: storedByRef[key]?.id ?? ContentID(stored: id), kind: file.kind, ref: ref, packPath: file.packPath,
            file: file.file, hash: hash, document: document)
        records.append(record)
        return record.id
    }

    private mutating func warnOfMissingScript(_ action: Action, _ file: FoundFile) {
        guard !action.entryPoint.isEmpty, !action.entryPoint.hasPrefix("/") else { return }
        let path = action.packPath + "/actions/" + action.entryPoint
        guard !FileManager.default.fileExists(atPath: path) else { return }
        content.problems.append(
            PackError(
                .warning, "the script \(path) of action \(action.ref) does not exist; running the action will fail",
                hint: "Add the script or correct entry_point", location: Location(file: file.path)))
    }

    /// A file's bytes, bounded; a link may lead about in its folder, but not out of it.
    private func bytes(of path: String) throws(PackError) -> [UInt8] {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard let real = realPath(path), let root = realPath(folder), real.hasPrefix(root + "/") else {
            throw PackError(
                .unreadable, "\(path) leads out of its folder, or to nothing", hint: "Put the file itself there",
                location: Location(file: path))
        }
        let most = Limits.contentFile.maxBytes
        guard isRegularFile(real), let bytes = readFile(real, limit: most + 1) else {
            throw PackError(
                .unreadable, "\(path) can't be read", hint: "Check its owner and rights", location: Location(file: path)
            )
        }
        guard bytes.count <= most else {
            throw PackError(
                .unreadable, "\(path) has more than \(most) bytes", hint: "Split it", location: Location(file: path))
        }
        return bytes
    }
}

extension ContentRecord {
    fileprivate var key: String { "\(kind.rawValue) \(ref)" }
}
