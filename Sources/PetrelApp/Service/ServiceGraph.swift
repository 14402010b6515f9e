import FoundationEssentials
import Logging
import PetrelAdapters
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelExpressions
import PetrelPacks
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
    let datastore: Datastore
    let policies: LivePolicies
    /// Loads the content anew; set when the service runs.
    let reload = ContentReload()
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
        let runners = try RunnerParts.catalog(settings, events: events, digest: digest)
        datastore = Datastore(
            store: store, cipher: try Self.cipher(settings, files), events: events, clock: clock, ids: ids)
        policies = LivePolicies(store: store, catalog: catalog, ids: ids, clock: clock)
        contentRoots = try Self.contentRoots(settings, digest: digest)
        loader = ContentLoader(
            roots: contentRoots, runners: runners.types, store: store, ids: ids, clock: clock, digest: digest,
            configFolder: settings.dataDir + "/configs")
        let tokens = ExecutionTokens(key: try files.tokenKey(), digest: digest)
        let url = url
        let attempts = Attempts(
            catalog: catalog, runners: runners, tokens: tokens, datastore: datastore,
            validatesOutput: settings.engine.validatesOutput, apiURL: { url.current + "/v1" })
        scheduler = Scheduler(
            options: .init(owner: owner, boot: bootID(), maxRunning: settings.engine.maxRunning), store: store,
            attempts: attempts, events: events, clock: clock, policies: policies)
        let submission = Submission(
            store: store, catalog: catalog, runners: runners, scheduler: scheduler, events: events, clock: clock,
            ids: ids, datastore: datastore, policies: policies)
        let access = Access(book: roles)
        let documents = ExecutionDocuments(runners: runners, digest: digest)
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
        let authentication = Authentication(
            isEnabled: settings.auth.isEnabled, adminToken: try files.adminToken(), adminUser: Self.adminUser,
            credentials: credentials, tokens: tokens, executions: store, digest: digest)
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
                maxBodyBytes: settings.http.maxBodyBytes, datastore: datastore, policies: policies,
                writeConfig: { [files, reload] pack, values throws(CoreError) in
                    try files.writeConfig(of: pack, values)
                    try await reload()
                },
                statistics: { [store] in (store.statistics.commits, store.statistics.flushes) }))
    }

    /// The user of the admin token: whoever runs the service.
    static var adminUser: String { currentUserName() }

    private static func passwords(_ settings: Settings) -> any PasswordBackend {
        settings.auth.backend == "pam"
            ? PAMPasswords(service: settings.auth.pamService)
            : HtpasswdFile(path: settings.auth.htpasswd ?? settings.dataDir + "/htpasswd")
    }

    /// The key of the datastore's secrets; without a setting a first start makes one.
    private static func cipher(_ settings: Settings, _ files: ServiceFiles) throws -> KeyFile {
        let path = settings.datastoreKeyFile ?? settings.dataDir + "/keys/datastore.json"
        if settings.datastoreKeyFile == nil, !LocalFile.kind(path).exists {
            _ = makePrivateFolder(settings.dataDir + "/keys")
            try files.write(KeyFile(random: SystemRandom()).fileText.reveal(), to: "keys/datastore.json")
        }
        return try KeyFile(SecretFile.text(path).reveal())
    }

    private static func contentRoots(_ settings: Settings, digest: any Digest) throws(CoreError) -> [ContentRoot] {
        try BuiltInContent.unpack(into: settings.dataDir + "/builtin", digest: digest)
            + settings.packPaths.map { ContentRoot(path: $0, kind: .packs) }
            + [ContentRoot(path: settings.dataDir + "/packs", kind: .packs)]
            + settings.aliasPaths.map { ContentRoot(path: $0, kind: .aliases) }
    }
}
