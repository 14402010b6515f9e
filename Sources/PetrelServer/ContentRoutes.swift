import PetrelAliases
import PetrelCore
import PetrelEngine

/// Actions, aliases, runner types and packs, read only.
struct ContentRoutes: Sendable {
    let catalog: LiveCatalog
    let runners: RunnerCatalog
    let digest: any Digest

    var routes: [Route] {
        [
            Route(.get, "actions", .actionList) { request throws(APIError) in try actions(request) },
            Route(.get, "actions/:ref", .actionView) { request throws(APIError) in
                APIResponse(.object(try action(request).apiDocument))
            },
            Route(.get, "actions/views/overview", .actionList) { request throws(APIError) in
                try actions(request, merged: true)
            },
            Route(.get, "actions/views/overview/:ref", .actionView) { request throws(APIError) in
                APIResponse(.object(overview(try action(request))))
            },
            Route(.get, "actions/views/parameters/:ref", .actionView) { request throws(APIError) in
                APIResponse(["parameters": overview(try action(request))["parameters"] ?? [:]])
            },
            Route(.get, "runnertypes", .runnerList) { request throws(APIError) in try runnerTypes(request) },
            Route(.get, "runnertypes/:name", .runnerView) { request throws(APIError) in try runnerType(request) },
            Route(.get, "actionalias", .aliasList) { request throws(APIError) in try aliases(request) },
            Route(.get, "actionalias/help", .aliasHelp) { request throws(APIError) in try help(request) },
            Route(.post, "actionalias/match", .aliasMatch) { request throws(APIError) in try match(request) },
            Route(.get, "actionalias/:ref", .aliasView) { request throws(APIError) in try alias(request) },
            Route(.get, "packs", .packList) { request throws(APIError) in
                let packs = catalog.current.packs.map(\.apiDocument)
                return try Listing(request, mandatory: ["id", "ref"]).page(packs, defaultLimit: 100)
            },
            Route(.get, "packs/:ref", .packView) { request throws(APIError) in try pack(request) },
        ]
    }

    private func actions(_ request: APIRequest, merged: Bool = false) throws(APIError) -> APIResponse {
        let (names, ids) = (request.list("name"), request.list("id"))
        let chosen = catalog.current.actions.filter { action in
            isWanted(action.ref.pack, request.query["pack"]) && (names.isEmpty || names.contains(action.ref.name))
                && (ids.isEmpty || ids.contains(action.id.text))
        }
        return try Listing(request, mandatory: ["id", "ref"]).page(
            chosen.map { merged ? overview($0) : $0.apiDocument }, defaultLimit: nil)
    }

    private func action(_ request: APIRequest) throws(APIError) -> Action {
        let ref = request.part("ref")
        guard let action = catalog.current.action(ref) else { throw unknown(ref, "reference") }
        return action
    }

    private func overview(_ action: Action) -> ValueObject {
        var document = action.apiDocument
        if let runner = runners.type(action.runner) {
            let merged = ParameterPipeline(action: action, runner: runner).merged
            document["parameters"] = .object(merged.mapValues { .object($0.schema) })
        }
        return document
    }

    private func runnerTypes(_ request: APIRequest) throws(APIError) -> APIResponse {
        let names = request.list("name")
        let chosen = runners.types.filter { names.isEmpty || names.contains($0.name) }
        return try Listing(request).page(chosen.map { $0.apiDocument(digest: digest) }, defaultLimit: 100)
    }

    private func runnerType(_ request: APIRequest) throws(APIError) -> APIResponse {
        let name = request.part("name")
        let documents = runners.types.map { $0.apiDocument(digest: digest) }
        let found = documents.first { $0["name"]?.string == name || $0["id"]?.string == name }
        guard let found else { throw unknown(name, "name") }
        return APIResponse(.object(found))
    }

    private func aliases(_ request: APIRequest) throws(APIError) -> APIResponse {
        let names = request.list("name")
        let chosen = catalog.current.aliases.filter { alias in
            isWanted(alias.ref.pack, request.query["pack"]) && (names.isEmpty || names.contains(alias.ref.name))
        }
        return try Listing(request, mandatory: ["id", "ref"]).page(chosen.map(\.apiDocument), defaultLimit: 100)
    }

    private func alias(_ request: APIRequest) throws(APIError) -> APIResponse {
        let ref = request.part("ref")
        guard let alias = catalog.current.alias(ref) else { throw unknown(ref, "reference") }
        return APIResponse(.object(alias.apiDocument))
    }

    private func match(_ request: APIRequest) throws(APIError) -> APIResponse {
        let body = try request.object(allowing: ["command"])
        guard let command = body["command"]?.string else {
            throw APIError(.badRequest, "'command' is a required property")
        }
        do throws(AliasError) {
            let match = try catalog.current.matcher.referenceResolution(for: command)
            return APIResponse([
                "actionalias": .object(match.alias.apiDocument), "display": Value(match.format.display),
                "representation": .string(match.representation),
            ])
        } catch { throw APIError(.badRequest, error.message, hint: error.hint) }
    }

    private func help(_ request: APIRequest) throws(APIError) -> APIResponse {
        do throws(AliasError) {
            let page = try catalog.current.matcher.helpPage(
                filter: request.query["filter"], pack: request.query["pack"],
                limit: Int(request.query["limit"] ?? "100") ?? 100, offset: Int(request.query["offset"] ?? "0") ?? 0)
            let strings = page.entries.map { entry -> Value in
                [
                    "pack": .string(entry.pack), "display": .string(entry.display),
                    "description": Value(entry.summary),
                ]
            }
            return APIResponse(["available": .integer(page.available), "helpstrings": .array(strings)])
        } catch { throw APIError(.badRequest, error.message, hint: error.hint) }
    }

    private func pack(_ request: APIRequest) throws(APIError) -> APIResponse {
        let ref = request.part("ref")
        guard let pack = catalog.current.packs.first(where: { $0.ref == ref || $0.id.text == ref }) else {
            throw unknown(ref, "ref")
        }
        return APIResponse(.object(pack.apiDocument))
    }

    private func isWanted(_ value: String, _ filter: String?) -> Bool {
        filter.map { $0.isEmpty || $0 == value } ?? true
    }

    private func unknown(_ name: String, _ what: String) -> APIError {
        APIError(.notFound, "Resource with a \(what) or id \"\(name)\" not found")
    }
}
