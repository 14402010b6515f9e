import PetrelCore
import PetrelEngine

/// Executions: list, request, look at, cancel.
struct ExecutionRoutes: Sendable {
    private static let statusNames = Set(ExecutionStatus.allCases.map(\.rawValue))

    let store: any ExecutionStore
    let submission: Submission
    let scheduler: Scheduler
    let runners: RunnerCatalog
    let access: Access
    let digest: any Digest

    var routes: [Route] {
        [
            Route(.get, "executions", .executionList) { request throws(APIError) in try await list(request) },
            Route(.post, "executions", .actionExecute) { request throws(APIError) in try await create(request) },
            Route(.get, "executions/:id", .executionView) { request throws(APIError) in
                let execution = try await find(request)
                return APIResponse(.object(try Listing(request).choose(from: document(execution))))
            },
            Route(.delete, "executions/:id", nil) { request throws(APIError) in try await cancel(request) },
            Route(.get, "executions/:id/attribute/:attribute", .executionView) { request throws(APIError) in
                try await attribute(request)
            },
            Route(.get, "executions/:id/result", .executionView) { request throws(APIError) in
                APIResponse(try await find(request).result ?? .null)
            },
            Route(.get, "executions/:id/output", .executionView) { request throws(APIError) in
                try await output(request)
            },
        ]
    }

    private func list(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let query = try query(request, limit: try listing.limit(default: 100) ?? 100, offset: try listing.offset())
        let page = try await reading { () async throws(CoreError) in try await store.executions(query) }
        return try listing.response(page.executions.map(document), total: page.total, limit: query.limit)
    }

    private func query(_ request: APIRequest, limit: Int, offset: Int) throws(APIError) -> ExecutionQuery {
        var query = ExecutionQuery()
        query.limit = limit
        query.offset = offset
        query.action = filter("action", request)
        query.user = filter("user", request)
        query.ids = request.list("id").map(ExecutionID.init(stored:))
        // A status that there is not matches nothing, as in the reference.
        query.statuses = request.list("status").compactMap(ExecutionStatus.init(rawValue:))
        if query.statuses.isEmpty, filter("status", request) != nil { query.ids = [ExecutionID(stored: "")] }
        if let parent = filter("parent", request) {
            query.parent = .some(parent == "null" ? nil : ExecutionID(stored: parent))
        }
        query.startedAfter = try instant("timestamp_gt", request)
        query.startedBefore = try instant("timestamp_lt", request)
        let wantsAscending = filter("sort_asc", request) != nil || request.query["sort"] == "start_timestamp"
        query.isAscending = wantsAscending || (query.startedAfter != nil && filter("sort_desc", request) == nil)
        let included = request.list("include_attributes")
        query.withResults =
            !request.list("exclude_attributes").contains("result") && (included.isEmpty || included.contains("result"))
        return query
    }

    private func filter(_ name: String, _ request: APIRequest) -> String? {
        request.query[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private func instant(_ name: String, _ request: APIRequest) throws(APIError) -> Instant? {
        guard let text = filter(name, request) else { return nil }
        guard let instant = Instant(text) else {
            throw APIError(.badRequest, "Datetime value does not match expected format.")
        }
        return instant
    }

    private func create(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let body = try request.object(allowing: [
            "action", "parameters", "user", "context", "callback", "notify", "delay", "status", "start_timestamp",
            "end_timestamp", "result", "runner_info",
        ])
        guard let action = body["action"]?.string, !action.isEmpty else {
            throw APIError(.badRequest, "'action' is a required property")
        }
        if let delay = body["delay"], !delay.isNull {
            throw APIError(.badRequest, "'delay' is not supported yet", hint: "Leave it out")
        }
        let parameters = body["parameters"] ?? [:]
        guard parameters.isNull || parameters.object != nil else {
            throw APIError(.badRequest, "\(parameters.pythonText) is not of type 'object'")
        }
        var identity = request.identity
        if let user = body["user"]?.string, !user.isEmpty { identity.user = user }
        let wanted = ExecutionRequest(
            action: action, parameters: parameters.object ?? [:], cast: .api, identity: identity,
            origin: .api, context: body["context"]?.object ?? [:])
        do throws(EngineError) {
            return APIResponse(.object(document(try await submission.submit(wanted))), status: .created)
        } catch { throw APIError(error) }
    }

    private func cancel(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        let decision = access.decide(
            AccessRequest(
                request.identity, .executionStop, on: "stopping execution \(execution.id)", owner: execution.user))
        guard decision.isAllowed else { throw APIError(.forbidden, decision.reason) }
        let answer = try await reading { () async throws(CoreError) in
            try await scheduler.cancel(execution.id, by: request.identity)
        }
        switch answer {
        case .canceled(let now), .canceling(let now), .alreadyCanceling(let now):
            return APIResponse(.object(document(now)))
        case .notCancelable(let now) where now.status == .canceled: return APIResponse(.object(document(now)))
        case .notCancelable(let now):
            // The reference answers 200 here, with a faultstring.
            return APIResponse(["faultstring": "Action cannot be canceled. State = \(now.status.rawValue)."])
        case .unknown: throw unknown(request.part("id"))
        }
    }

    private func attribute(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let name = request.part("attribute")
        guard ["result", "trigger_instance", "status"].contains(name) else {
            throw APIError(
                .badRequest,
                "Invalid attribute \"\(name)\" specified. Valid attributes are: result, trigger_instance, status")
        }
        return APIResponse(document(try await find(request))[name] ?? .null)
    }

    private func output(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let result = try await find(request).result
        let type = filter("output_type", request) ?? "all"
        let parts = ["stdout", "stderr"].filter { type == "all" || type == $0 }.compactMap { result?[$0] }
        return APIResponse(text: parts.map { $0.string ?? JSONWriter.text($0) }.joined())
    }

    private func find(_ request: APIRequest) async throws(APIError) -> Execution {
        let id = request.part("id")
        if id == "last" { return try await newest() }
        guard let known = ExecutionID(id) else { throw unknown(id) }
        let found = try await reading { () async throws(CoreError) in try await store.execution(known) }
        guard let found else { throw unknown(id) }
        return found
    }

    private func newest() async throws(APIError) -> Execution {
        var query = ExecutionQuery()
        query.limit = 1
        let wanted = query
        let page = try await reading { () async throws(CoreError) in try await store.executions(wanted) }
        guard let newest = page.executions.first else {
            throw APIError(.badRequest, "No executions found in the database")
        }
        return newest
    }

    private func unknown(_ id: String) -> APIError {
        APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
    }

    private func document(_ execution: Execution) -> ValueObject {
        let type = runners.type(execution.runner)
        // By the metadata that was in force then: an action that is gone since keeps its secrets.
        let declared = execution.actionDocument["parameters"]?.object ?? [:]
        var parameters = execution.parameters
        for (name, value) in parameters where !value.isNull {
            let isSecret = declared[name]?["secret"]?.bool ?? false
            if isSecret || type?.parameters[name]?.isSecret == true { parameters[name] = .string(secretMask) }
        }
        return execution.apiDocument(runner: type?.apiDocument(digest: digest) ?? [:], parameters: parameters)
    }

    private func reading<Answer>(_ body: () async throws(CoreError) -> Answer) async throws(APIError) -> Answer {
        do { return try await body() } catch { throw APIError(error) }
    }
}
