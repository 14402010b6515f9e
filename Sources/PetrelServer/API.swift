import Hummingbird
public import PetrelCore
public import PetrelEngine

/// All routes of the service under all prefixes that StackStorm's clients use.
public struct API: Sendable {
    /// Prefixes under which every route answers; the empty one too.
    private static let prefixes = ["", "v1", "api", "api/v1"]

    private let routes: [Route]
    private let authentication: Authentication
    private let access: Access
    private let health: Health
    private let ids: any IDSource
    private let version: String
    private let bodyLimits: Limits

    /// What the API stands on.
    public struct Parts: Sendable {
        /// What executions are read from and `/readyz` tries to write.
        public var store: any Storage
        /// The content that is listed.
        public var catalog: LiveCatalog
        /// The runner types that are listed.
        public var runners: RunnerCatalog
        /// Where requests to run something go.
        public var submission: Submission
        /// Where requests to cancel go.
        public var scheduler: Scheduler
        /// Decides on every route that has a permission.
        public var access: Access
        /// The local room behind `/rooms`.
        public var room: any ChatRoom
        /// Tells who sent a request.
        public var authentication: Authentication
        /// Makes the ids of runner types from their names.
        public var digest: any Digest
        /// Gives each response its `X-Request-ID` when the request brought none.
        public var ids: any IDSource
        /// Petrel's version, shown at the root of each prefix.
        public var version: String
        /// Largest request body in bytes.
        public var maxBodyBytes: Int
        /// Commits and flushes of the store so far.
        public var statistics: @Sendable () -> (commits: Int, flushes: Int)

        /// The parts.
        public init(
            store: any Storage, catalog: LiveCatalog, runners: RunnerCatalog, submission: Submission,
            scheduler: Scheduler, access: Access, room: any ChatRoom, authentication: Authentication,
            digest: any Digest, ids: any IDSource, version: String, maxBodyBytes: Int,
            statistics: @escaping @Sendable () -> (commits: Int, flushes: Int)
        ) {
            self.store = store
            self.catalog = catalog
            self.runners = runners
            self.submission = submission
            self.scheduler = scheduler
            self.access = access
            self.room = room
            self.authentication = authentication
            self.digest = digest
            self.ids = ids
            self.version = version
            self.maxBodyBytes = maxBodyBytes
            self.statistics = statistics
        }
    }

    /// The API over its parts.
    public init(_ parts: Parts) {
        authentication = parts.authentication
        access = parts.access
        health = Health(store: parts.store, scheduler: parts.scheduler, statistics: parts.statistics)
        ids = parts.ids
        version = parts.version
        bodyLimits = Limits(
            maxBytes: parts.maxBodyBytes, maxDepth: Limits.requestBody.maxDepth, maxNodes: Limits.requestBody.maxNodes)
        let content = ContentRoutes(catalog: parts.catalog, runners: parts.runners, digest: parts.digest)
        let executions = ExecutionRoutes(
            store: parts.store, submission: parts.submission, scheduler: parts.scheduler,
            runners: parts.runners, access: parts.access, digest: parts.digest)
        let rooms = RoomRoutes(room: parts.room, access: parts.access)
        let user = Route(.get, "user", nil) { request throws(APIError) in
            let role = request.identity.role
            return APIResponse([
                "username": .string(request.identity.user),
                "authentication": ["method": "authentication token", "location": "header"],
                "rbac": ["enabled": true, "roles": [.string(role.rawValue)], "is_admin": .bool(role == .admin)],
            ])
        }
        routes = content.routes + executions.routes + rooms.routes + [user]
    }

    /// The router with everything in place.
    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: Envelope(ids: ids))
        router.get("healthz") { _, _ in respond(health.alive) }
        router.get("readyz") { _, _ in respond(await health.ready()) }
        router.get("metrics") { _, _ in respond(await health.metrics()) }
        for prefix in Self.prefixes {
            router.get(RouterPath(prefix)) { _, _ in
                respond(APIResponse(["version": .string(version), "docs_url": "docs/ARCHITECTURE.md"]))
            }
            for route in routes {
                let path = RouterPath(prefix.isEmpty ? route.path : "\(prefix)/\(route.path)")
                router.on(path, method: route.method.httpMethod) { request, context in
                    await answer(route, request, context)
                }
            }
        }
        return router
    }

    private func answer(_ route: Route, _ request: Request, _ context: BasicRequestContext) async -> Response {
        do throws(APIError) {
            let query = request.queryByName
            let identity = try await authentication.identity(token: request.credential(query: query))
            if let permission = route.permission {
                let decision = access.decide(AccessRequest(identity, permission))
                guard decision.isAllowed else { throw APIError(.forbidden, decision.reason) }
            }
            let path = Dictionary(
                context.parameters.map { (String($0.key), percentDecoded(Array($0.value.utf8))) },
                uniquingKeysWith: { first, _ in first })
            let body = try await request.jsonBody(route.method, limits: bodyLimits)
            return respond(
                try await route.handle(APIRequest(identity: identity, path: path, query: query, body: body)))
        } catch {
            return respond(error.response)
        }
    }
}
