import FoundationEssentials
import Logging
import PetrelAdapters
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelPacks
import PetrelRunners
import PetrelServer
import PetrelStore
import PetrelSystem

/// Every part of the service, built and joined; nothing runs yet.
struct ServiceGraph {
    let settings: Settings
    let files: ServiceFiles
    let lock: FolderLock
    let store: SQLiteStorage
    let catalog = LiveCatalog()
    let events = EventHub()
    let roles = LiveRoleBook()
    let clock = SystemClock()
    let ids = SystemIDs()
    let digest = SystemDigest()
    let scheduler: Scheduler
    let loader: ContentLoader
    let contentRoots: [ContentRoot]
    let adapters: [any ChatAdapter]
    let inbox: Inbox
    let replies: Replies
    let room: RoomDoor
    let api: API
    let claimCode: ClaimCode
    let rules: EventGraph
    let sensors: SensorProcesses
    /// The URL of this start; set when the port is open.
    let url = ServiceURL()

    /// Builds the graph: takes the folder's lock, opens the store, lays out the built-in packs.
    init(_ settings: Settings) throws {
        self.settings = settings
        files = ServiceFiles(folder: settings.dataDir, random: SystemRandom())
        try files.makeFolder()
        lock = try FolderLock(folder: settings.dataDir, now: clock.now)
        _ = try Backup.applyStaged(in: settings.dataDir)
        let owner = ids.next()
        store = try SQLiteStorage(
            .init(
                folder: settings.dataDir, isRelaxed: settings.durability == .relaxed, owner: owner,
                auditKey: try files.auditKey()), digest: digest)
        let runners = RunnerCatalog([try Self.localRunner(settings), NoopRunner()])
        contentRoots = try Self.contentRoots(settings, digest: digest)
        loader = ContentLoader(
            roots: contentRoots, runners: runners.types, store: store, ids: ids, clock: clock, digest: digest)
        let tokens = ExecutionTokens(key: try files.tokenKey(), digest: digest)
        let url = url
        let attempts = Attempts(
            catalog: catalog, runners: runners, tokens: tokens, apiURL: { url.current + "/v1" })
        scheduler = Scheduler(
            options: .init(owner: owner, boot: bootID(), maxRunning: settings.engine.maxRunning), store: store,
            attempts: attempts, events: events, clock: clock)
        let submission = Submission(
            store: store, catalog: catalog, runners: runners, scheduler: scheduler, events: events, clock: clock,
            ids: ids)
        let access = Access(book: roles)
        let documents = ExecutionDocuments(runners: runners, digest: digest)
        rules = try EventGraph(
            .init(
                settings: settings, store: store, submission: submission, documents: documents, events: events,
                clock: clock, ids: ids, digest: digest))
        claimCode = ClaimCode(random: SystemRandom())
        let commands = Commands(
            addressing: Addressing(name: settings.chat.name, prefix: settings.chat.prefix),
            prefix: settings.chat.prefix,
            identities: Identities(store: store, defaultRole: settings.chatDefaultRole), identityStore: store,
            catalog: catalog, access: access, submission: submission, scheduler: scheduler, executions: store,
            documents: documents, claimCode: claimCode, clock: clock, ids: ids)
        inbox = Inbox(store: store, commands: commands, clock: clock, ids: ids, events: events)
        let makers = AdapterCatalog(store: store, events: events, clock: clock)
        adapters = settings.chat.adapters.map(makers.adapter)
        replies = Replies(
            store: store, catalog: catalog, prefix: settings.chat.prefix,
            capabilities: Dictionary(
                adapters.map { ($0.name, $0.capabilities) }, uniquingKeysWith: { first, _ in first }),
            documents: documents,
            events: events, clock: clock, ids: ids)
        let localRoom =
            adapters.compactMap { $0 as? LocalRoom }.first
            ?? LocalRoom(name: "local", store: store, events: events, clock: clock)
        room = RoomDoor(room: localRoom, receiver: inbox)
        let credentials = Credentials(
            options: .init(maxTokenLife: settings.auth.tokenLife, defaultRole: settings.userDefaultRole), store: store,
            digest: digest, random: SystemRandom(), clock: clock, ids: ids)
        var authentication = Authentication(
            isEnabled: settings.auth.isEnabled, adminToken: try files.adminToken(), adminUser: Self.adminUser,
            credentials: credentials, tokens: tokens, executions: store, digest: digest)
        sensors = Self.sensors(
            settings, rules: rules, clock: clock, ids: ids, digest: digest, url: url,
            authentication: &authentication)
        api = API(
            .init(
                store: store, catalog: catalog, runners: runners, submission: submission, scheduler: scheduler,
                access: access, roles: roles, room: room, authentication: authentication, credentials: credentials,
                logIns: LogIns(backend: Self.passwords(settings), audit: store, clock: clock),
                serviceUsers: settings.auth.serviceUsers, proxies: settings.auth.proxies,
                apiURL: { url.current + "/v1" }, origins: settings.http.allowedOrigins,
                isSecure: settings.http.tls != nil, events: events, clock: clock, digest: digest, ids: ids,
                hostname: ProcessInfo.processInfo.hostName, pid: Int(ProcessInfo.processInfo.processIdentifier),
                version: Version.text,
                rules: EventParts(content: rules.content, dispatch: rules.dispatch, signatures: rules.signatures),
                maxBodyBytes: settings.http.maxBodyBytes,
                statistics: { [store] in (store.statistics.commits, store.statistics.flushes) }))
    }

    /// The user of the admin token: whoever runs the service.
    static var adminUser: String { currentUserName() }

    private static func passwords(_ settings: Settings) -> any PasswordBackend {
        settings.auth.backend == "pam"
            ? PAMPasswords(service: settings.auth.pamService)
            : HtpasswdFile(path: settings.auth.htpasswd ?? settings.dataDir + "/htpasswd")
    }

    private static func localRunner(_ settings: Settings) throws(AppError) -> LocalRunner {
        let shim = currentEnvironment().text("PETREL_SHIM") ?? executableFolder() + "/petrel-shim"
        guard isExecutableFile(shim) else {
            throw AppError(
                .badFile, "the program petrel-shim is missing: commands run under it",
                hint: "Put it beside the petrel program, or name it in PETREL_SHIM", location: Location(file: shim))
        }
        return LocalRunner(
            launcher: ShimLauncher(shimPath: shim, runFolder: settings.dataDir + "/run"),
            environment: currentEnvironment(), systemUser: settings.engine.systemUser,
            maxOutputBytes: settings.engine.maxOutputBytes)
    }

    private static func sensors(
        _ settings: Settings, rules: EventGraph, clock: SystemClock, ids: SystemIDs, digest: SystemDigest,
        url: ServiceURL, authentication: inout Authentication
    ) -> SensorProcesses {
        // New with each start: a sensor of an earlier service has nothing to tell this one.
        let token = SystemRandom().bytes(32).map { String($0, radix: 16) }.joined()
        authentication.sensorTokenHash = digest.sha256(Array(token.utf8))
        let shim = currentEnvironment().text("PETREL_SHIM") ?? executableFolder() + "/petrel-shim"
        let isEnabled = settings.rules.runsSensors
        return SensorProcesses(
            options: .init(
                modules: BuiltInContent.pythonModules(in: settings.dataDir + "/builtin", digest: digest),
                dataFolder: settings.dataDir, environment: currentEnvironment(), token: Secret(token)),
            surroundings: .init(
                wanted: { isEnabled ? rules.catalog.current.sensors.filter(\.isEnabled) : [] },
                apiURL: { url.current.isEmpty ? "" : url.current + "/v1" }, config: { _ in [:] },
                ended: { sensor, code, words in await rules.tell(sensor, code, words) }),
            launcher: ShimLauncher(shimPath: shim, runFolder: settings.dataDir + "/run"), clock: clock, ids: ids)
    }

    private static func contentRoots(_ settings: Settings, digest: any Digest) throws(CoreError) -> [ContentRoot] {
        try BuiltInContent.unpack(into: settings.dataDir + "/builtin", digest: digest)
            + settings.packPaths.map { ContentRoot(path: $0, kind: .packs) }
            + [ContentRoot(path: settings.dataDir + "/packs", kind: .packs)]
            + settings.aliasPaths.map { ContentRoot(path: $0, kind: .aliases) }
    }
}
