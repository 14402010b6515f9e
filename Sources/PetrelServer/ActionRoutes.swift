import PetrelCore
import PetrelEngine

/// Actions and the runner types that carry them out.
struct ActionRoutes: Sendable {
    private static let mandatory = ["id", "ref"]
    private static let listQuery =
        QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + QueryParameter.pack

    let catalog: LiveCatalog
    let runners: RunnerCatalog
    let digest: any Digest
    let editor: any ContentEditor
    let dispatch: EventDispatch
    let hostname: String

    var routes: [Route] { actionRoutes + changeRoutes + runnerRoutes }

    private var actionRoutes: [Route] {
        [
            Route(
                .get, "actions", .type(.actionList), "List actions",
                query: Self.listQuery + [.string("tags", "Only those with this tag's name")]
            ) { request throws(APIError) in try list(request, merged: false) },
            Route(.get, "actions/:ref", .resource(.actionView), "One action") { request throws(APIError) in
                APIResponse(.object(try find(request).apiDocument))
            },
            Route(
                .get, "actions/views/overview", .type(.actionList),
                "List actions with the parameters of their runners", query: Self.listQuery
            ) { request throws(APIError) in try list(request, merged: true) },
            Route(
                .get, "actions/views/overview/:ref", .resource(.actionView),
                "One action with the parameters of its runner"
            ) { request throws(APIError) in APIResponse(.object(overview(try find(request)))) },
            Route(
                .get, "actions/views/parameters/:ref", .resource(.actionView),
                "The parameters of an action and of its runner"
            ) { request throws(APIError) in
                APIResponse(["parameters": overview(try find(request))["parameters"] ?? [:]])
            },
            Route(
                .get, "actions/views/entry_point/:ref", .resource(.actionView), "The file that an action runs"
            ) { request throws(APIError) in try entryPoint(request) },
        ]
    }

    private var runnerRoutes: [Route] {
        [
            Route(
                .get, "runnertypes", .type(.runnerList), "List runner types",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids
            ) { request throws(APIError) in
                let (names, ids) = (request.list("name"), request.list("id"))
                let documents = runners.types.map { $0.apiDocument(digest: digest) }.filter { document in
                    (names.isEmpty || names.contains(document["name"]?.string ?? ""))
                        && (ids.isEmpty || ids.contains(document["id"]?.string ?? ""))
                }
                return try Listing(request).page(documents, defaultLimit: 100)
            },
            Route(.get, "runnertypes/:name", .resource(.runnerView), "One runner type") { request throws(APIError) in
                let name = request.part("name")
                let documents = runners.types.map { $0.apiDocument(digest: digest) }
                let found = documents.first { $0["name"]?.string == name || $0["id"]?.string == name }
                guard let found else {
                    throw APIError(.notFound, "Resource with a name or id \"\(name)\" not found")
                }
                try request.authorize(.runner(found["name"]?.string ?? ""))
                return APIResponse(.object(found))
            },
        ]
    }

    private func list(_ request: APIRequest, merged: Bool) throws(APIError) -> APIResponse {
        let (names, ids) = (request.list("name"), request.list("id"))
        let (pack, tag) = (request.text("pack"), request.text("tags"))
        let chosen = catalog.current.actions.filter { action in
            (pack == nil || pack == action.ref.pack) && (names.isEmpty || names.contains(action.ref.name))
                && (ids.isEmpty || ids.contains(action.id.text)) && (tag == nil || has(tag, action))
        }
        return try Listing(request, mandatory: Self.mandatory).page(
            chosen.map { merged ? overview($0) : $0.apiDocument }, defaultLimit: nil)
    }

    private func has(_ tag: String?, _ action: Action) -> Bool {
        action.document["tags"]?.array?.contains { $0["name"]?.string == tag } ?? false
    }

    /// The action that the path names, if the caller may do with it what the route does.
    func find(_ request: APIRequest) throws(APIError) -> Action {
        let ref = request.part("ref")
        guard let action = catalog.current.action(ref) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        try request.authorize(.action(action.ref))
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

    private func entryPoint(_ request: APIRequest) throws(APIError) -> APIResponse {
        let action = try find(request)
        guard !action.entryPoint.isEmpty, !action.entryPoint.hasPrefix("/"),
            let bytes = PackContents.file("actions/" + action.entryPoint, in: action.packPath)
        else { throw APIError(.notFound, "Action \"\(action.ref)\" has no entry point") }
        return APIResponse(bytes: bytes, contentType: PackContents.contentType(of: action.entryPoint))
    }
}
