import PetrelAliases
import PetrelCore
import PetrelEngine
import PetrelExpressions

/// Action aliases: listed, matched, and run as a chat would.
struct AliasRoutes: Sendable {
    private static let matchBody = JSONBodySchema(["command": ["type": "string"]], required: ["command"])
    private static let runBody = JSONBodySchema(
        [
            "name": ["type": "string"], "format": ["type": "string"], "command": ["type": "string"],
            "user": ["type": ["string", "null"]], "source_channel": ["type": "string"],
            "source_context": ["type": ["object", "null"]], "notification_channel": ["type": ["string", "null"]],
            "notification_route": ["type": ["string", "null"]],
        ], required: ["name", "format", "command", "source_channel"])
    private static let matchAndRunBody = JSONBodySchema(
        [
            "command": ["type": "string"], "user": ["type": "string"], "source_channel": ["type": "string"],
            "notification_channel": ["type": ["string", "null"]], "notification_route": ["type": ["string", "null"]],
        ], required: ["command", "user", "source_channel"])

    let catalog: LiveCatalog
    let submission: Submission
    let documents: ExecutionDocuments
    let editor: any ContentEditor

    var routes: [Route] { readingRoutes + changeRoutes }

    private var readingRoutes: [Route] {
        [
            Route(
                .get, "actionalias", .type(.aliasList), "List action aliases",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + QueryParameter.pack
            ) { request throws(APIError) in try list(request) },
            Route(
                .get, "actionalias/help", .type(.aliasHelp), "What can be typed, for the help command of a bot",
                query: QueryParameter.paging + QueryParameter.pack
                    + [.string("filter", "A pattern that the text must fit")]
            ) { request throws(APIError) in try help(request) },
            Route(
                .post, "actionalias/match", .type(.aliasMatch), "The alias that fits a message",
                body: .json(Self.matchBody)
            ) { request throws(APIError) in
                let match = try resolve(request.object["command"]?.string ?? "")
                return APIResponse([
                    "actionalias": .object(match.alias.apiDocument), "display": Value(match.format.display),
                    "representation": .string(match.representation),
                ])
            },
            Route(.get, "actionalias/:ref", .resource(.aliasView), "One action alias") { request throws(APIError) in
                APIResponse(.object(try find(request).apiDocument))
            },
            Route(
                .post, "aliasexecution", .resource(.aliasExecute), "Run the action behind an alias and its format",
                query: QueryParameter.secrets, body: .json(Self.runBody)
            ) { request throws(APIError) in try await run(request) },
            Route(
                .post, "aliasexecution/match_and_execute", .resource(.aliasExecute),
                "Find the alias that fits a message and run its action", query: QueryParameter.secrets,
                body: .json(Self.matchAndRunBody)
            ) { request throws(APIError) in
                let match = try resolve(request.object["command"]?.string ?? "")
                return APIResponse(
                    ["results": [.object(try await execute(match, request))]], status: .created)
            },
        ]
    }

    private func list(_ request: APIRequest) throws(APIError) -> APIResponse {
        let (names, ids, pack) = (request.list("name"), request.list("id"), request.text("pack"))
        let chosen = catalog.current.aliases.filter { alias in
            (pack == nil || pack == alias.ref.pack) && (names.isEmpty || names.contains(alias.ref.name))
                && (ids.isEmpty || ids.contains(alias.id.text))
        }
        return try Listing(request, mandatory: ["id", "ref"]).page(chosen.map(\.apiDocument), defaultLimit: 100)
    }

    /// The alias that the path names, if the caller may do with it what the route does.
    func find(_ request: APIRequest) throws(APIError) -> ActionAlias {
        let ref = request.part("ref")
        guard let alias = catalog.current.alias(ref) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        try request.authorize(.alias(alias.ref, runs: ContentRef(alias.actionRef)))
        return alias
    }

    private func help(_ request: APIRequest) throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let (limit, offset) = (try listing.limit(default: 100) ?? 100, try listing.offset())
        do throws(AliasError) {
            let page = try catalog.current.matcher.helpPage(
                filter: request.text("filter"), pack: request.text("pack"), limit: limit, offset: offset)
            let strings = page.entries.map { entry -> Value in
                [
                    "pack": .string(entry.pack), "display": .string(entry.display),
                    "description": Value(entry.summary),
                ]
            }
            return APIResponse(["available": .integer(page.available), "helpstrings": .array(strings)])
        } catch { throw APIError(.badRequest, error.message, hint: error.hint) }
    }

    private func resolve(_ command: String) throws(APIError) -> AliasMatch {
        do throws(AliasError) { return try catalog.current.matcher.referenceResolution(for: command) } catch {
            throw APIError(.badRequest, error.message, hint: error.hint)
        }
    }

    private func run(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let name = request.object["name"]?.string ?? ""
        guard let alias = catalog.current.aliases.first(where: { $0.ref.name == name }) else {
            throw APIError(.notFound, "Unable to identify action alias with name \"\(name)\".")
        }
        guard alias.isEnabled else {
            throw APIError(.badRequest, "Action alias with name \"\(name)\" is disabled.")
        }
        let match = try match(alias, request)
        return APIResponse(.object(try await execute(match, request)), status: .created)
    }

    private func match(_ alias: ActionAlias, _ request: APIRequest) throws(APIError) -> AliasMatch {
        let (format, command) = (request.object["format"]?.string ?? "", request.object["command"]?.string ?? "")
        let found: [AliasMatch]
        do throws(AliasError) { found = try AliasMatcher(aliases: [alias]).candidates(for: command) } catch {
            throw APIError(.badRequest, error.message, hint: error.hint)
        }
        guard let match = found.first(where: { $0.representation == format }) else {
            throw APIError(.badRequest, "Command \"\(command)\" doesn't match format string \"\(format)\"")
        }
        return match
    }

    private func execute(_ match: AliasMatch, _ request: APIRequest) async throws(APIError) -> ValueObject {
        let alias = match.alias
        guard let action = catalog.current.action(alias.actionRef) else {
            throw APIError(.notFound, "Action with ref \"\(alias.actionRef)\" not found ")
        }
        // As in a chat: whoever may use the alias may run what it runs.
        let question = AccessRequest(
            request.identity, .aliasExecute, on: alias.ref.description, leastRole: alias.leastRole,
            uid: .alias(alias.ref, runs: action.ref))
        let decision = request.access.decide(question)
        guard decision.isAllowed else { throw APIError(.forbidden, decision.reason) }
        let overridden = match.parameters.keys.filter { alias.immutableParameters[$0] != nil }
        guard overridden.isEmpty else {
            throw APIError(
                .badRequest, "Immutable arguments cannot be overriden: \(overridden.joined(separator: ","))")
        }
        var context: ValueObject = [
            "action_alias_ref": ["id": .string(alias.id.text), "name": .string(alias.ref.name)],
            "api_user": request.object["user"] ?? .null, "source_channel": request.object["source_channel"] ?? .null,
        ]
        if let cause = request.caller.cause { context.merge(cause.context) { _, last in last } }
        if let notify = notify(request.object) {
            context["notify"] = notify
            // What a chat brings along is data: marks of templates in it are text.
            context["petrel"] = .object(
                (context["petrel"]?.object ?? [:]).merging(["literal_notify": true]) { _, last in last })
        }
        let wanted = ExecutionRequest(
            action: alias.actionRef,
            parameters: match.parameters.merging(try fixed(alias, context, user: request.identity.user)) { _, fixed in
                fixed
            }, cast: .alias,
            identity: request.identity, origin: .chat, context: context)
        let showsSecrets = try request.showsSecrets()
        do throws(EngineError) {
            let execution = try await submission.submit(wanted)
            return answer(alias, .object(documents.document(execution, showsSecrets: showsSecrets)))
        } catch { throw APIError(error) }
    }

    /// The route on which the end is told, with what a rule needs to find the conversation; nil without a route.
    private func notify(_ body: ValueObject) -> Value? {
        let routes = ["notification_route", "notification_channel"].compactMap { body[$0]?.string }
        guard let route = routes.first(where: { !$0.isEmpty }) else { return nil }
        return [
            "on-complete": [
                "routes": [.string(route)],
                "data": [
                    "user": body["user"] ?? .null, "source_channel": body["source_channel"] ?? .null,
                    "source_context": body["source_context"] ?? .null,
                ],
            ]
        ]
    }

    private func fixed(_ alias: ActionAlias, _ context: ValueObject, user: String) throws(APIError) -> ValueObject {
        do throws(ExpressionError) {
            return try AliasText.immutableParameters(alias, context: context, lookups: submission.lookups(user: user))
        } catch { throw APIError(.badRequest, error.message, hint: error.hint) }
    }

    private func answer(_ alias: ActionAlias, _ execution: Value) -> ValueObject {
        let document = Value.object(alias.apiDocument)
        var answer: ValueObject = ["execution": execution, "actionalias": document]
        if let message = AliasText.ack(alias, document: document, execution: execution) {
            answer["message"] = .string(message)
        }
        if let extra = AliasText.ackExtra(alias, document: document, execution: execution) { answer["extra"] = extra }
        return answer
    }
}
