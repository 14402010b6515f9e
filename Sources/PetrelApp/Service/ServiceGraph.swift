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
    let chatPolicy = LiveChatPolicy()
    let clock = SystemClock()
    let ids = SystemIDs()
    let digest = SystemDigest()
    let scheduler: Scheduler
    let workflows: Workflows
    let content: ContentWatch
    let adapters: [any ChatAdapter]
    let inbox: Inbox
    let replies: Replies
    let questions: Questions
    let room: RoomDoor
    let api: API
    let claimCode: ClaimCode
    let datastore: Datastore
    let policies: LivePolicies
    let rules: EventGraph
    let sensors: SensorProcesses
    /// Connections to other machines that executions share.
    let sshConnections: SSHConnections
    /// The URL of this start; set when the port is open.
    let url = ServiceURL()

    /// Builds the graph: takes the folder's lock, opens the store, lays out the built-in packs.
    init(_ settings: Settings, logger: Logger) throws {
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
        let launcher = try RunnerParts.launcher(settings)
        sshConnections = RunnerParts.connections(settings, launcher: launcher, clock: clock, ids: ids, digest: digest)
        let notices = Notices(
            store: store, adapters: Set(settings.chat.adapters.map(\.name)), events: events, ids: ids)
        let runners = try RunnerParts.catalog(
            settings, launcher: launcher, connections: sshConnections, notices: notices, events: events,
            digest: digest)
        let eventCatalog = LiveEventCatalog(digest: digest)
        datastore = Datastore(
            store: store, cipher: try Self.cipher(settings, files), catalog: eventCatalog, events: events,
            clock: clock, ids: ids)
        policies = LivePolicies(store: store, catalog: catalog, ids: ids, clock: clock)
        let tokens = ExecutionTokens(key: try files.tokenKey(), digest: digest)
        let url = url
        let attempts = Attempts(
            catalog: catalog, runners: runners, tokens: tokens, datastore: datastore,
            validatesOutput: settings.engine.validatesOutput, apiURL: { url.current + "/v1" })
        let makers = AdapterCatalog(
            store: store, clock: clock, random: SystemRandom(), isPaced: settings.chat.isPaced,
            prefix: settings.chat.prefix)
        adapters = settings.chat.adapters.map(makers.adapter)
        let capabilities = Dictionary(
            adapters.map { ($0.name, $0.capabilities) }, uniquingKeysWith: { first, _ in first })
        let documents = ExecutionDocuments(runners: runners, digest: digest)
        replies = Replies(
            store: store, catalog: catalog, prefix: settings.chat.prefix, capabilities: capabilities,
            documents: documents, events: events, clock: clock, ids: ids)
        scheduler = Scheduler(
            options: .init(owner: owner, boot: bootID(), maxRunning: settings.engine.maxRunning), store: store,
            attempts: attempts, events: events, clock: clock, policies: policies, reply: replies.posts(on:))
        let submission = Submission(
            store: store, catalog: catalog, runners: runners, scheduler: scheduler, events: events, clock: clock,
            ids: ids, datastore: datastore, policies: policies,
            rendersAPIParameters: settings.templates.rendersAPIParameters)
        let access = Access(book: roles, chatPolicy: chatPolicy)
        var workflowParts = Workflows.Parts(
            store: store, catalog: catalog, runners: runners, submission: submission, access: access,
            events: events, clock: clock, ids: ids, apiURL: { url.current + "/v1" })
        workflowParts.datastore = datastore
        workflowParts.reevaluatesResults = settings.templates.reevaluatesResults
        workflows = Workflows(workflowParts)
        let inquiries = Inquiries(store: store, access: access, events: events, clock: clock)
        rules = try EventGraph(
            .init(
                settings: settings, catalog: eventCatalog, owner: owner, store: store, submission: submission,
                datastore: datastore, documents: documents, notices: notices, events: events, clock: clock, ids: ids,
                digest: digest))
        let roots = try Self.contentRoots(settings, digest: digest)
        let configFolder = settings.dataDir + "/configs"
        let content = ContentWatch(
            loader: ContentLoader(
                roots: roots, runners: runners.types, store: store, ids: ids, clock: clock, digest: digest,
                configFolder: configFolder,
                checkPolicy: { policy throws(CoreError) in try PolicyType.checked(policy) }),
            roots: roots, configFolder: configFolder, catalog: catalog, rules: rules.catalog, events: events,
            logger: logger)
        self.content = content
        let editor = PackEditor(
            roots: roots, newPacks: settings.dataDir + "/packs", runners: runners.types, store: store, clock: clock
        ) { () async throws(CoreError) in try await content.load() }
        claimCode = ClaimCode(random: SystemRandom())
        questions = Questions(
            store: store, inquiries: inquiries, access: access, adapters: settings.chat.adapters.map(\.name),
            prefix: settings.chat.prefix, events: events, clock: clock, ids: ids)
        let commands = Commands(
            Commands.Parts(
                addressing: Addressing(name: settings.chat.name, prefix: settings.chat.prefix),
                prefix: settings.chat.prefix,
                identities: Identities(store: store, defaultRole: settings.chatDefaultRole), identityStore: store,
                catalog: catalog, access: access, submission: submission, scheduler: scheduler, executions: store,
                posts: store, questions: store, capabilities: capabilities, documents: documents,
                claimCode: claimCode, clock: clock, ids: ids, inquiries: questions))
        inbox = Inbox(store: store, commands: commands, clock: clock, ids: ids, events: events)
        let localRoom =
            adapters.compactMap { $0 as? LocalRoom }.first
            ?? LocalRoom(name: "local", store: store, clock: clock)
        room = RoomDoor(room: localRoom, receiver: inbox)
        let credentials = Credentials(
            options: .init(maxTokenLife: settings.auth.tokenLife, defaultRole: settings.userDefaultRole), store: store,
            digest: digest, random: SystemRandom(), clock: clock, ids: ids)
        let sensorTokens = SensorTokens(
            key: Secret(SystemRandom().bytes(32)), digest: digest, catalog: rules.catalog)
        let authentication = Authentication(
            isEnabled: settings.auth.isEnabled, adminToken: try files.adminToken(), adminUser: Self.adminUser,
            credentials: credentials, tokens: tokens, sensors: sensorTokens, executions: store, digest: digest)
        sensors = Self.sensors(
            settings, launcher: launcher, rules: rules, catalog: catalog, datastore: datastore, clock: clock, ids: ids,
            digest: digest, url: url, tokens: sensorTokens)
        var parts = API.Parts(
            store: store, catalog: catalog, editor: editor, runners: runners, submission: submission,
            scheduler: scheduler, workflows: workflows, inquiries: inquiries, access: access, roles: roles,
            room: room, authentication: authentication, credentials: credentials,
            logIns: LogIns(backend: Self.passwords(settings), audit: store, clock: clock),
            serviceUsers: settings.auth.serviceUsers, proxies: settings.auth.proxies,
            apiURL: { url.current + "/v1" }, origins: settings.http.allowedOrigins,
            isSecure: settings.http.tls != nil, events: events, clock: clock, digest: digest, ids: ids,
            hostname: ProcessInfo.processInfo.hostName, pid: Int(ProcessInfo.processInfo.processIdentifier),
            version: Version.text,
            rules: EventParts(content: rules.content, dispatch: rules.dispatch, signatures: rules.signatures),
            maxBodyBytes: settings.http.maxBodyBytes, datastore: datastore, policies: policies,
            writeConfig: { [files] pack, values throws(CoreError) in
                try files.writeConfig(of: pack, values)
                try await content.load()
            },
            statistics: { [store] in (store.statistics.commits, store.statistics.flushes) })
        parts.connections = Self.connections(settings, adapters, inbox)
        api = API(parts)
    }

    private static func connections(_ settings: Settings, _ adapters: [any ChatAdapter], _ inbox: Inbox)
        -> ChatConnections
    {
        let platforms = Dictionary(
            settings.chat.adapters.map { ($0.name, $0.platform) }, uniquingKeysWith: { first, _ in first })
        return ChatConnections(
            current: {
                adapters.map { adapter in
                    ChatConnection(
                        name: adapter.name, platform: platforms[adapter.name] ?? "", health: adapter.health)
                }
            },
            answer: { name, callback in
                let adapter = adapters.first { $0.name == name } as? any CallbackAdapter
                return await adapter?.answer(callback, receiver: inbox)
            })
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

    private static func sensors(
        _ settings: Settings, launcher: ShimLauncher, rules: EventGraph, catalog: LiveCatalog, datastore: Datastore,
        clock: SystemClock, ids: SystemIDs, digest: SystemDigest, url: ServiceURL, tokens: SensorTokens
    ) -> SensorProcesses {
        return SensorProcesses(
            options: .init(
                modules: BuiltInContent.pythonModules(in: settings.dataDir + "/builtin", digest: digest),
                dataFolder: settings.dataDir, environment: currentEnvironment()),
            surroundings: .init(
                wanted: { rules.leases.sensors.filter { $0.builtInName == nil } },
                apiURL: { url.current.isEmpty ? "" : url.current + "/v1" },
                token: { tokens.token(for: $0) },
                config: { pack in
                    let config = catalog.current.configs[pack]
                    return (try? config?.effective(datastore: datastore, user: EventGraph.systemUser)) ?? [:]
                },
                began: { run, pid, command in await rules.began(run, pid, command) },
                ended: { run, code, words in await rules.ended(run, code, words) }),
            launcher: launcher, clock: clock, ids: ids)
    }

    private static func contentRoots(_ settings: Settings, digest: any Digest) throws(CoreError) -> [ContentRoot] {
        try BuiltInContent.unpack(into: settings.dataDir + "/builtin", digest: digest)
            + settings.packPaths.map { ContentRoot(path: $0, kind: .packs) }
            + [ContentRoot(path: settings.dataDir + "/packs", kind: .packs)]
            + settings.aliasPaths.map { ContentRoot(path: $0, kind: .aliases) }
    }
}
