import Hummingbird
public import PetrelCore
public import PetrelEngine

/// All routes of the service under all prefixes that StackStorm's clients use.
public struct API: Sendable {
    /// The table of routes, in the order in which they are described.
    let routes: [Route]
    private let authentication: Authentication
    private let access: Access
    private let health: Health
    private let traffic: Traffic
    private let ids: any IDSource
    private let version: String
    private let bodyLimits: Limits
    private let webhooks: WebhookSignatures
    private let clock: any PetrelClock
    private let origins: [String]
    private let isSecure: Bool

    /// What the API stands on.
    public struct Parts: Sendable {
        /// What executions are read from and `/readyz` tries to write.
        public var store: any Storage
        /// The content that is listed.
        public var catalog: LiveCatalog
        /// Changes content.
        public var editor: any ContentEditor
        /// The runner types that are listed.
        public var runners: RunnerCatalog
        /// Where requests to run something go.
        public var submission: Submission
        /// Where requests to cancel go.
        public var scheduler: Scheduler
        /// Where requests to pause and resume workflows go.
        public var workflows: Workflows
        /// Where answers to inquiries go.
        public var inquiries: Inquiries
        /// Decides on every route that has a permission.
        public var access: Access
        /// Roles and who has them.
        public var roles: LiveRoleBook
        /// The local room behind `/rooms`.
        public var room: any ChatRoom
        /// The connections to chat platforms; none unless set.
        public var connections = ChatConnections()
        /// Tells who sent a request.
        public var authentication: Authentication
        /// Tokens and keys behind `/tokens` and `/apikeys`.
        public var credentials: Credentials
        /// Passwords behind `/tokens`.
        public var logIns: LogIns
        /// Users whose tokens may speak for others.
        public var serviceUsers: Set<String>
        /// Addresses from which a proxy vouches for users; empty when passwords are checked here.
        public var proxies: Set<String>
        /// The API's own URL as clients reach it, ending in `/v1`.
        public var apiURL: @Sendable () -> String
        /// Origins of web pages that may use the API; `*` is every one.
        public var origins: [String]
        /// Whether clients reach the port by TLS.
        public var isSecure: Bool
        /// What happens, for the stream.
        public var events: EventHub
        /// Tells the stream when to send a sign of life.
        public var clock: any PetrelClock
        /// Makes the ids of runner types from their names.
        public var digest: any Digest
        /// Gives each response its `X-Request-ID` when the request brought none.
        public var ids: any IDSource
        /// This machine's name and this process's number, for the registry of services.
        public var hostname: String
        /// See ``hostname``.
        public var pid: Int
        /// Petrel's version, shown at the root of each prefix.
        public var version: String
        /// Rules, triggers and webhooks.
        public var rules: EventParts
        /// Largest request body in bytes.
        public var maxBodyBytes: Int
        /// The datastore behind `/keys`.
        public var datastore: Datastore
        /// The policies behind `/policies`.
        public var policies: LivePolicies
        /// Writes the configuration of a pack and puts it in force.
        public var writeConfig: @Sendable (_ pack: String, _ values: ValueObject) async throws(CoreError) -> Void
        /// Commits and flushes of the store so far.
        public var statistics: @Sendable () -> (commits: Int, flushes: Int)

        /// The parts.
        public init(
            store: any Storage, catalog: LiveCatalog, editor: any ContentEditor, runners: RunnerCatalog,
            submission: Submission, scheduler: Scheduler, workflows: Workflows, inquiries: Inquiries,
            access: Access, roles: LiveRoleBook, room: any ChatRoom,
            authentication: Authentication,
            credentials: Credentials, logIns: LogIns, serviceUsers: Set<String>, proxies: Set<String>,
            apiURL: @escaping @Sendable () -> String, origins: [String], isSecure: Bool, events: EventHub,
            clock: any PetrelClock,
            digest: any Digest, ids: any IDSource, hostname: String, pid: Int, version: String,
            rules: EventParts, maxBodyBytes: Int,
            datastore: Datastore, policies: LivePolicies,
            writeConfig: @escaping @Sendable (_ pack: String, _ values: ValueObject) async throws(CoreError) -> Void,
            statistics: @escaping @Sendable () -> (commits: Int, flushes: Int)
        ) {
            self.datastore = datastore
            self.policies = policies
            self.writeConfig = writeConfig
            self.store = store
            self.catalog = catalog
            self.editor = editor
            self.runners = runners
            self.submission = submission
            self.scheduler = scheduler
            self.workflows = workflows
            self.inquiries = inquiries
            self.access = access
            self.roles = roles
            self.room = room
            self.authentication = authentication
            self.credentials = credentials
            self.logIns = logIns
            self.serviceUsers = serviceUsers
            self.proxies = proxies
            self.apiURL = apiURL
            self.origins = origins
            self.isSecure = isSecure
            self.events = events
            self.clock = clock
            self.digest = digest
            self.ids = ids
            self.hostname = hostname
            self.pid = pid
            self.version = version
            self.rules = rules
            self.maxBodyBytes = maxBodyBytes
            self.statistics = statistics
        }
    }

    /// The API over its parts.
    public init(_ parts: Parts) {
        authentication = parts.authentication
        access = parts.access
        traffic = Traffic()
        health = Health(
            store: parts.store, scheduler: parts.scheduler, traffic: traffic, version: parts.version,
            startedAt: parts.clock.now, connections: parts.connections, statistics: parts.statistics)
        ids = parts.ids
        webhooks = parts.rules.signatures
        version = parts.version
        clock = parts.clock
        origins = parts.origins
        isSecure = parts.isSecure
        bodyLimits = Limits(
            maxBytes: parts.maxBodyBytes, maxDepth: Limits.requestBody.maxDepth, maxNodes: Limits.requestBody.maxNodes)
        let version = parts.version
        let documents = ExecutionDocuments(runners: parts.runners, digest: parts.digest)
        let tables = [
            ActionRoutes(
                catalog: parts.catalog, runners: parts.runners, digest: parts.digest, editor: parts.editor,
                dispatch: parts.rules.dispatch, hostname: parts.hostname
            ).routes,
            AliasRoutes(
                catalog: parts.catalog, submission: parts.submission, documents: documents, editor: parts.editor
            ).routes,
            PackRoutes(catalog: parts.catalog, runners: parts.runners, editor: parts.editor).routes,
            ExecutionRoutes(
                store: parts.store, submission: parts.submission, scheduler: parts.scheduler,
                workflows: parts.workflows, documents: documents
            ).routes,
            InquiryRoutes(store: parts.store, inquiries: parts.inquiries).routes,
            WorkflowRoutes(
                executions: parts.store,
                views: WorkflowViews(store: parts.store, catalog: parts.catalog, runners: parts.runners)
            ).routes,
            StreamRoutes(
                events: parts.events, executions: parts.store, scheduler: parts.scheduler, documents: documents,
                clock: parts.clock, instance: parts.ids.next()
            ).routes,
            TokenRoutes(
                logIns: parts.logIns, credentials: parts.credentials, serviceUsers: parts.serviceUsers,
                proxies: parts.proxies, apiURL: parts.apiURL
            ).routes,
            APIKeyRoutes(credentials: parts.credentials, ids: parts.ids).routes,
            AuditRoutes(store: parts.store).routes,
            RoleRoutes(book: parts.roles, digest: parts.digest).routes,
            ServiceRoutes(hostname: parts.hostname, pid: parts.pid, instance: parts.ids.next()).routes,
            RoomRoutes(room: parts.room, clock: parts.clock).routes,
            ChatRoutes(connections: parts.connections).routes,
            KeyRoutes(datastore: parts.datastore).routes,
            ConfigRoutes(catalog: parts.catalog, digest: parts.digest, write: parts.writeConfig).routes,
            PolicyRoutes(policies: parts.policies, digest: parts.digest, ids: parts.ids).routes,
            RuleRoutes(
                content: parts.rules.content, catalog: parts.catalog, digest: parts.digest, ids: parts.ids
            ).routes,
            TriggerRoutes(content: parts.rules.content, dispatch: parts.rules.dispatch, store: parts.store).routes,
            EventRecordRoutes(
                content: parts.rules.content, store: parts.store, executions: parts.store, documents: documents
            ).routes,
            SensorRoutes(content: parts.rules.content).routes,
            WebhookRoutes(
                content: parts.rules.content, dispatch: parts.rules.dispatch, signatures: parts.rules.signatures,
                ids: parts.ids
            ).routes,
            [
                Route(.get, "user", .known, "Who the caller is") { request in APIResponse(.object(request.userDocument))
                }
            ],
        ]
        let routes = tables.flatMap(\.self)
        let openAPI = OpenAPI(routes: routes, version: version)
        self.routes =
            routes + [
                Route(.get, "openapi.json", .open, "This description") { _ in
                    APIResponse(bytes: openAPI.bytes, contentType: "application/json")
                }
            ]
    }

    /// Answers requests, whatever prefix their paths have.
    func responder() -> PrefixResponder {
        PrefixResponder(plain: router(of: .api).buildResponder(), stream: router(of: .stream).buildResponder())
    }

    /// A router of the routes that one of StackStorm's services has.
    private func router(of service: Route.Service) -> Router<PetrelRequestContext> {
        let router = Router(context: PetrelRequestContext.self)
        router.add(middleware: Envelope(ids: ids, origins: origins, isSecure: isSecure))
        router.get("healthz") { _, _ in respond(health.alive) }
        router.get("readyz") { _, _ in respond(await health.ready()) }
        router.get("metrics") { _, _ in respond(await health.metrics()) }
        router.get("/") { _, _ in
            respond(APIResponse(["version": .string(version), "docs_url": "docs/ARCHITECTURE.md"]))
        }
        for route in routes where route.service == .any || route.service == service {
            router.on(RouterPath(route.path), method: route.method.httpMethod) { request, context in
                let answer = await answer(route, request, context)
                traffic.count(route.method, answer.status.code)
                return answer
            }
        }
        return router
    }

    private func answer(_ route: Route, _ request: Request, _ context: PetrelRequestContext) async -> Response {
        do throws(APIError) {
            let query = request.queryByName
            let credential = request.credential(query: query)
            let path = context.pathParts(of: route)
            let isSigned =
                route.gate == .webhook && webhooks.isSigned(EventCatalog.webhookName(path["**"] ?? ""))
            let caller =
                route.gate == .open || isSigned
                ? Caller(identity: Identity(user: "", role: .none)) : try await authentication.caller(credential)
            if case .type(let permission) = route.gate {
                let decision = access.decide(AccessRequest(caller.identity, permission))
                guard decision.isAllowed else { throw APIError(.forbidden, decision.reason) }
            }
            let bytes = try await request.bodyBytes(of: route, limits: bodyLimits)
            let asked = try await APIRequest(
                route: route, caller: caller, access: access, path: path, query: query, headers: request.headers,
                address: { context.remoteAddress?.ipAddress ?? "" }, bytes: bytes, limits: bodyLimits)
            var answer = try await route.handle(asked)
            if let cookie = caller.cookie(now: clock.now) { answer.headers.append(("Set-Cookie", cookie)) }
            return respond(answer)
        } catch {
            return respond(error.response)
        }
    }
}
