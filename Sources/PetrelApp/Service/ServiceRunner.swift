import Glibc
import Logging
import NIOCore
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelRunners
import PetrelServer
import PetrelStore
import PetrelSystem
import ServiceLifecycle
import UnixSignals

/// `petrel serve`: builds the service, starts it in order, and stops it the other way round.
enum ServiceRunner {
    /// Runs until a signal, or until the terminal is left.
    static func run(_ options: ServeOptions) async throws {
        let loaded = try options.settings()
        let settings = loaded.settings
        let hasTerminal = SystemTerminal.isAvailable && settings.chat.adapters.contains { $0.platform == "local" }
        let openFiles = raiseOpenFiles(to: 16_384)
        let logger = makeLogger(settings, toFile: hasTerminal, clock: SystemClock())
        let graph = try ServiceGraph(settings, logger: logger)
        for warning in loaded.warnings { logger.warning("\(warning.description)") }
        if settings.templates.reevaluatesResults {
            logger.warning(
                "templates.reevaluate_results is true: what an action or a person says can run as an expression")
        }
        if !settings.auth.isEnabled { logger.warning("auth.enabled is false: everybody who reaches the port is admin") }
        try await graph.policies.reload()
        // Reading the content takes a good part of a start: the rest is got ready meanwhile.
        async let content = graph.content.load()
        let roles = RoleWatch(folder: settings.dataDir + "/rbac", book: graph.roles, logger: logger)
        roles.load()
        let policy = ChatPolicyWatch(path: settings.chat.policy, policy: graph.chatPolicy, logger: logger)
        policy.load()
        try await recordStart(graph)
        await graph.sshConnections.start()
        let services = try group(graph, roles, policy, openFiles: openFiles, hasTerminal: hasTerminal, logger: logger)
        _ = try await content
        do { try await services.run() } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw portTaken(settings)
        }
        await graph.sshConnections.stop()
        graph.files.remove("url")
        try graph.store.close()
        logger.info("stopped")
    }

    /// The order of start; it stops the other way round.
    private static func group(
        _ graph: ServiceGraph, _ roles: RoleWatch, _ policy: ChatPolicyWatch, openFiles: Int, hasTerminal: Bool,
        logger: Logger
    ) throws -> ServiceGroup {
        let grace = graph.settings.engine.shutdownGrace
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            loop { await graph.replies.run() }, loop { await graph.questions.run() },
        ]
        for adapter in graph.adapters {
            let outbox = Outbox(
                adapter: adapter, store: graph.store, events: graph.events, clock: graph.clock,
                grace: adapter is LocalRoom ? .zero : .seconds(1))
            services.append(
                loop {
                    await outbox.run()
                } beforeStop: {
                    await outbox.sendAll()
                })
        }
        services.append(
            loop {
                await graph.scheduler.run()
            } beforeStop: {
                await graph.scheduler.drain(for: grace)
            })
        services.append(loop { await graph.workflows.run() })
        services.append(loop { await graph.rules.dispatch.run() })
        services.append(loop { await graph.rules.ends.run() })
        services.append(loop { await graph.content.run() })
        services.append(loop { await graph.rules.timers.run() })
        services.append(loop { await graph.rules.builtInSensors.run() })
        services.append(
            loop {
                await graph.sensors.run()
            } beforeStop: {
                await graph.sensors.stop()
                await graph.rules.leases.stop()
            })
        services.append(loop { await graph.rules.leases.run() })
        services.append(loop { await roles.run() })
        services.append(loop { await policy.run() })
        services.append(loop { await graph.inbox.run() })
        for adapter in graph.adapters where adapter.name != graph.room.name {
            services.append(loop { await adapter.run(receiver: graph.inbox) })
        }
        services.append(loop { await graph.room.run() })
        services.append(loop { await housekeeping(graph) })
        services.append(loop { await tellTrouble(graph, logger) })
        services.append(.init(service: try webServer(graph, openFiles: openFiles, logger: logger)))
        if hasTerminal {
            let terminal = TerminalService(
                room: graph.room, catalog: graph.catalog, settings: graph.settings, url: graph.url, clock: graph.clock,
                ids: graph.ids)
            services.append(.init(service: terminal, successTerminationBehavior: .gracefullyShutdownGroup))
        }
        var configuration = ServiceGroupConfiguration(services: services, logger: quiet(logger))
        configuration.gracefulShutdownSignals = [.sigterm, .sigint]
        configuration.maximumGracefulShutdownDuration = grace + .seconds(10)
        return ServiceGroup(configuration: configuration)
    }

    private static func loop(
        _ body: @escaping @Sendable () async -> Void, beforeStop: @escaping @Sendable () async -> Void = {}
    ) -> ServiceGroupConfiguration.ServiceConfiguration {
        .init(service: LoopService(body, beforeStop: beforeStop))
    }

    private static func webServer(_ graph: ServiceGraph, openFiles: Int, logger: Logger) throws -> WebServer {
        let http = graph.settings.http
        let serve = { () throws -> WebServer in
            try WebServer(
                api: graph.api,
                options: .init(
                    host: http.host, port: http.port, tls: http.tls, maxConnections: min(4096, openFiles / 2)),
                logger: quiet(logger)
            ) { port in await announce(port, graph, logger) }
        }
        do { return try serve() } catch {
            throw AppError(
                .badSetting, "the TLS certificate or its key can't be read: \(error)",
                hint: "Check http.tls_certificate and http.tls_key: both PEM, readable by the service")
        }
    }

    private static func announce(_ port: Int, _ graph: ServiceGraph, _ logger: Logger) async {
        let http = graph.settings.http
        let host = http.host
        let url =
            http.publicURL
            ?? "\(http.tls == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        try? graph.files.write(url, to: "url")
        graph.url.set(url)
        logger.info("ready", metadata: ["url": "\(url)", "data_dir": "\(graph.settings.dataDir)"])
    }

    /// Tells the log when the store stops taking writes, and when it takes them again; and how the adapters are doing.
    private static func tellTrouble(_ graph: ServiceGraph, _ logger: Logger) async {
        var told = StoreHealth.writable
        var connections = ConnectionLog(logger: logger)
        while !Task.isCancelled {
            // The first look is soon: whoever starts the service with a bad token is watching the log.
            for _ in 0..<5 {
                try? await graph.clock.sleep(for: .seconds(1))
                guard !Task.isCancelled else { return }
                for adapter in graph.adapters { connections.tell(adapter.name, adapter.health) }
            }
            let health = await graph.store.writability()
            guard health != told, !Task.isCancelled else { continue }
            told = health
            switch health {
            case .writable: logger.notice("the store takes writes again")
            case .unwritable(let reason): logger.error("no work is taken: \(reason)")
            }
        }
    }

    /// Duplicates are remembered for 7 days; memory that was needed for the start, or in a busy hour, is given back.
    private static func housekeeping(_ graph: ServiceGraph) async {
        try? await graph.clock.sleep(for: .seconds(1))
        while !Task.isCancelled {
            trimMemory()
            await forget(graph)
            try? await graph.clock.sleep(for: .seconds(3600))
        }
    }

    /// Forgets what the settings say is old; in small transactions, so that nobody waits for them.
    private static func forget(_ graph: ServiceGraph) async {
        let now = graph.clock.now
        try? await graph.store.forgetMessages(before: now - .seconds(7 * 86_400))
        try? await graph.store.forgetKeys(expiredBefore: now - .seconds(60))
        try? await graph.store.forgetTokens(endedBefore: now - .seconds(86_400))
        try? await graph.store.forgetQuestions(before: now - .seconds(86_400))
        if let age = graph.settings.retention.executions {
            while !Task.isCancelled,
                let count = try? await graph.store.forgetExecutions(endedBefore: now - age, limit: 200), count > 0
            {}
            try? await graph.store.forgetPosts(before: now - age)
        }
        if let age = graph.settings.retention.events {
            while !Task.isCancelled,
                let count = try? await graph.store.forgetEvents(before: now - age, limit: 200), count > 0
            {}
        }
        try? await graph.store.forgetNames(before: now - WebhookSignatures.memory)
        if let age = graph.settings.retention.audit { try? await graph.store.forgetAudit(before: now - age) }
    }

    private static func recordStart(_ graph: ServiceGraph) async throws {
        try graph.files.write(graph.claimCode.text, to: "claim-code")
        try await graph.store.record([
            AuditRecord(
                at: graph.clock.now, kind: .service, user: "", subject: "petrel", decision: "started",
                detail: ["version": .string(Version.text)])
        ])
    }

    private static func makeLogger(_ settings: Settings, toFile: Bool, clock: any PetrelClock) -> Logger {
        let sink = LogSink(file: toFile ? settings.dataDir + "/petrel.log" : nil)
        let level = Logger.Level(rawValue: settings.logLevel) ?? .info
        let format = LogFormat(rawValue: settings.logFormat) ?? .text
        return Logger(label: "petrel") { _ in
            ServiceLogHandler(sink: sink, level: level, format: format, clock: clock)
        }
    }

    /// What the libraries say of themselves is of interest only when it is a warning.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private static func portTaken(_ settings: Settings) -> AppError {
        AppError(
            .badSetting, "the port \(settings.http.port) on \(settings.http.host) is taken by another program",
            hint: "Stop that program, or choose another port: PETREL_HTTP_PORT=9102 petrel serve")
    }
}
