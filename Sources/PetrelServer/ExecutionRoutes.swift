import PetrelCore
import PetrelEngine

/// Executions: listed, requested, looked at, changed, run again.
struct ExecutionRoutes: Sendable {
    private static let mostChildren = 10_000
    private static let longestTag = 1024
    /// A year.
    private static let longestDelay = 366 * 86_400_000
    private static let createBody = JSONBodySchema(
        [
            "action": ["type": "string", "minLength": 1], "parameters": ["type": ["object", "null"]],
            "user": ["type": ["string", "null"]], "context": ["type": ["object", "null"]],
            "callback": ["type": ["object", "null"]], "notify": ["type": ["object", "null"]],
            "delay": ["type": ["integer", "null"]], "status": ["type": ["string", "null"]],
            "start_timestamp": ["type": ["string", "null"]], "end_timestamp": ["type": ["string", "null"]],
            "result": [:], "runner_info": ["type": ["object", "null"]],
        ], required: ["action"])
    private static let updateBody = JSONBodySchema([
        "status": ["type": "string", "enum": .array(ExecutionStatus.allCases.map { .string($0.rawValue) })],
        "result": ["type": ["object", "null"]],
    ])
    private static let reRunBody = JSONBodySchema([
        "parameters": ["type": ["object", "null"]], "tasks": ["type": ["array", "null"]],
        "reset": ["type": ["array", "null"]], "user": ["type": ["string", "null"]],
        "delay": ["type": ["integer", "null"]], "context": ["type": ["object", "null"]],
    ])
    private static let listQuery: [QueryParameter] =
        QueryParameter.paging + QueryParameter.attributes + QueryParameter.secrets + [
            .string("action", "Only those of this action, `pack.name`"),
            .list("status", "Only those in these statuses"),
            .string("user", "Only those that run for this user"), .string("runner", "Only those of this runner type"),
            .string("parent", "Only the children of this execution; `null` for those without a parent"),
            .list("id", "Only these ids"), .string("timestamp", "Requested at this time, or within `A..B`"),
            .string("timestamp_gt", "Requested later than this"),
            .string("timestamp_lt", "Requested earlier than this"),
            .string("sort", "Names to order by, `-` before one for descending"),
            .string("sort_asc", "Anything: oldest first"), .string("sort_desc", "Anything: newest first"),
            .string("filter", "Further filters, `key:value` with blanks between"),
        ]

    let store: any ExecutionStore & WorkflowStore & EventStore
    let submission: Submission
    let scheduler: Scheduler
    let workflows: Workflows
    let documents: ExecutionDocuments

    var routes: [Route] {
        // Served under StackStorm's older name too.
        ["executions", "actionexecutions"].flatMap { table($0) }
    }

    private func table(_ base: String) -> [Route] {
        [
            Route(.get, base, .type(.executionList), "List executions", query: Self.listQuery) {
                request throws(APIError) in try await list(request)
            },
            Route(
                .post, base, .resource(.actionExecute), "Run an action", query: QueryParameter.secrets,
                body: .json(Self.createBody)
            ) { request throws(APIError) in try await create(request) },
            Route(
                .get, "\(base)/views/filters", .type(.executionFilters), "The different values that executions have",
                query: [.list("types", "Only these kinds of values")]
            ) { request throws(APIError) in try await filters(request) },
            Route(
                .get, "\(base)/:id", .resource(.executionView), "One execution; `last` for the newest",
                query: QueryParameter.attributes + QueryParameter.secrets + [
                    .integer("max_result_size", "Leave a result of more bytes out")
                ]
            ) { request throws(APIError) in try await one(request) },
            Route(
                .put, "\(base)/:id", .resource(.executionStop), "Cancel, pause or resume an execution",
                query: QueryParameter.secrets, body: .json(Self.updateBody)
            ) { request throws(APIError) in try await update(request) },
            Route(
                .delete, "\(base)/:id", .resource(.executionStop), "Cancel an execution",
                query: QueryParameter.secrets
            ) { request throws(APIError) in try await cancel(try await find(request), request) },
            Route(
                .post, "\(base)/:id/re_run", .resource(.executionReRun), "Run an execution's action again",
                query: QueryParameter.secrets, body: .json(Self.reRunBody)
            ) { request throws(APIError) in try await reRun(request) },
            Route(
                .get, "\(base)/:id/attribute/:attribute", .resource(.executionView), "One attribute of an execution",
                query: QueryParameter.secrets
            ) { request throws(APIError) in try await attribute(request) },
            Route(
                .get, "\(base)/:id/children", .resource(.executionView), "What an execution started",
                query: QueryParameter.attributes + QueryParameter.secrets + [
                    .integer("depth", "Levels to go down; -1 for all"), .string("result_fmt", "`sorted`: by time"),
                ]
            ) { request throws(APIError) in try await children(request) },
            Route(
                .get, "\(base)/:id/result", .resource(.executionView), "The result of an execution alone",
                query: [
                    .boolean("download", "As a file"), .boolean("compress", "Packed with gzip"),
                    .boolean("pretty_format", "Indented"),
                ]
            ) { request throws(APIError) in try await result(request) },
            Route(
                .get, "\(base)/:id/output", .resource(.executionView), "What an execution has written so far",
                service: .api,
                query: [.string("output_type", "`stdout`, `stderr` or `all`")]
            ) { request throws(APIError) in try await output(request) },
        ]
    }

    // MARK: Listing

    private func list(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let limit = try listing.limit(default: 100) ?? 100
        var query = try ExecutionFilters(request).query()
        query.limit = limit
        query.offset = try listing.offset()
        try listing.checkAttributes(allowed: Listing.executionAttributes, excludable: Listing.executionExcludable)
        let wanted = query
        let page = try await answering { () async throws(CoreError) in try await store.executions(wanted) }
        let showsSecrets = try request.showsSecrets()
        return try listing.response(
            page.executions.map { documents.document($0, showsSecrets: showsSecrets) }, total: page.total, limit: limit)
    }

    private func filters(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let facets = try await answering { () async throws(CoreError) in try await store.executionFacets() }
        let all: ValueObject = [
            "action": .array(facets.actions.map(Value.string)), "status": .array(facets.statuses.map(Value.string)),
            "rule": [], "runner": .array(facets.runners.map(Value.string)), "trigger": [], "trigger_type": [],
            "user": .array(facets.users.map(Value.string)),
        ]
        let types = request.list("types")
        return APIResponse(.object(types.isEmpty ? all : all.filter { types.contains($0.key) }))
    }

    // MARK: One execution

    private func one(_ request: APIRequest) async throws(APIError) -> APIResponse {
        if request.query.isEmpty, let text = try await textOfOne(request) {
            return APIResponse(bytes: text, contentType: "application/json")
        }
        let execution = try await find(request)
        let listing = Listing(request)
        try listing.checkAttributes(allowed: Listing.executionAttributes, excludable: Listing.executionExcludable)
        var document = documents.document(execution, showsSecrets: try request.showsSecrets())
        if execution.isWorkflow {
            let ids = try await answering { () async throws(CoreError) in
                try await store.childIDs(of: execution.id, limit: Self.mostChildren)
            }
            document["children"] = .array(ids.map { .string($0.text) })
        }
        if let most = try request.integer("max_result_size") {
            guard (1...(14 << 20)).contains(most) else {
                throw APIError(
                    .badRequest, "max_result_size is \(most); it must be positive and at most \(14 << 20) bytes")
            }
            if execution.resultBytes > most { document["result"] = nil }
        }
        return APIResponse(.object(try listing.choose(from: document)))
    }

    /// The plain document of an execution, where it can be had without reading it.
    private func textOfOne(_ request: APIRequest) async throws(APIError) -> [UInt8]? {
        guard let id = ExecutionID(request.part("id")) else { return nil }
        let found = try await answering { () async throws(CoreError) in try await store.executionTexts(id) }
        guard let found else { return nil }
        try request.authorize(.execution(id, of: found.action), owner: found.user)
        return documents.text(of: found)
    }

    private func attribute(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let name = request.part("attribute")
        guard ["result", "trigger_instance", "status"].contains(name) else {
            throw APIError(
                .badRequest,
                "Invalid attribute \"\(name)\" specified. Valid attributes are: result, trigger_instance, status")
        }
        return APIResponse(documents.document(try await find(request))[name] ?? .null)
    }

    private func children(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        let depth = try request.integer("depth") ?? -1
        let children = try await answering { () async throws(CoreError) in
            try await store.children(of: execution.id, depth: depth, limit: Self.mostChildren)
        }
        let sorted =
            request.text("result_fmt") == "sorted" ? children : depthFirst(children, below: execution.id)
        let listing = Listing(request)
        let showsSecrets = try request.showsSecrets()
        var shown: [Value] = []
        for child in sorted {
            shown.append(.object(try listing.choose(from: documents.document(child, showsSecrets: showsSecrets))))
        }
        return APIResponse(.array(shown))
    }

    private func depthFirst(_ executions: [Execution], below root: ExecutionID) -> [Execution] {
        let byParent = Dictionary(grouping: executions) { $0.parent }
        var sorted: [Execution] = []
        var open = Array((byParent[root] ?? []).reversed())
        while let next = open.popLast() {
            sorted.append(next)
            open += (byParent[next.id] ?? []).reversed()
        }
        return sorted
    }

    private func result(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        let result = documents.maskedResult(execution) ?? .null
        let isPretty = try request.truth("pretty_format") == true
        var headers: [(String, String)] = []
        if try request.truth("download") == true {
            headers.append(("Content-Disposition", "attachment; filename=execution_\(execution.id)_result.json"))
        }
        let bytes = JSONWriter.bytes(result, isPretty ? .indented(2) : .compact)
        return APIResponse(bytes: bytes, contentType: "text/json", headers: headers)
    }

    private func output(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        let type = request.text("output_type") ?? "all"
        var follower = OutputFollower(execution.id)
        let chunks = await follower.chunks(
            execution, scheduler: scheduler, masking: documents.outputMasking(execution))
        return APIResponse(text: chunks.filter { type == "all" || type == $0.type }.map(\.data).joined())
    }

    func find(_ request: APIRequest) async throws(APIError) -> Execution {
        let id = request.part("id")
        let execution = try await (id == "last" ? newest() : find(id))
        try request.authorize(.execution(execution.id, of: execution.action), owner: execution.user)
        return execution
    }

    private func find(_ id: String) async throws(APIError) -> Execution {
        guard let known = ExecutionID(id) else { throw unknown(id) }
        let found = try await answering { () async throws(CoreError) in try await store.execution(known) }
        guard let found else { throw unknown(id) }
        return found
    }

    private func newest() async throws(APIError) -> Execution {
        var query = ExecutionQuery()
        query.limit = 1
        let wanted = query
        let page = try await answering { () async throws(CoreError) in try await store.executions(wanted) }
        guard let newest = page.executions.first else {
            throw APIError(.badRequest, "No executions found in the database")
        }
        return newest
    }

    private func unknown(_ id: String) -> APIError {
        APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
    }

    // MARK: Asking for something

    private func create(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let body = request.object
        let action = body["action"]?.string ?? ""
        try request.authorize(submission.reference(of: action).map(ResourceUID.action), action)
        var context = body["context"]?.object ?? [:]
        if let header = request.header("st2-context") { context.merge(try contextObject(header)) { _, last in last } }
        context = Self.withoutOwnKeys(context)
        context.removeValue(forKey: "notify")
        if let notify = body["notify"]?.object, !notify.isEmpty { context["notify"] = .object(notify) }
        context.merge(try await trace(asked: context["trace_context"], request)) { _, last in last }
        return try await submit(
            ExecutionRequest(
                action: action, parameters: body["parameters"]?.object ?? [:], cast: .api,
                identity: try speaker(request), origin: .api, context: context), delay: body["delay"], request)
    }

    /// The trace on which an execution goes on: that of a known id, a new one of a tag, or that of the action that asks.
    private func trace(asked: Value?, _ request: APIRequest) async throws(APIError) -> ValueObject {
        if let id = asked?["id_"]?.string, !id.isEmpty {
            var query = EventQuery()
            query.ids = [id]
            let wanted = query
            let found = try await answering { () async throws(CoreError) in try await store.traces(wanted).items.first }
            guard let found else {
                throw APIError(
                    .badRequest, "Unable to find trace with id \"\(id)\".", hint: "petrel trace list shows the traces")
            }
            return EventCause.context(of: found.tag)
        }
        if let tag = asked?["trace_tag"]?.string, !tag.isEmpty {
            guard tag.utf8.count <= Self.longestTag else {
                throw APIError(.badRequest, "A trace tag has at most \(Self.longestTag) bytes")
            }
            return ["trace_context": ["trace_tag": .string(tag)]]
        }
        return request.caller.cause?.context ?? ["trace_context": [:]]
    }

    /// A context without what only Petrel itself may say: where an execution belongs, and what it takes over.
    private static func withoutOwnKeys(_ context: ValueObject) -> ValueObject {
        context.filter {
            !["re-run", "orquesta", "chain", "workflow_execution", "petrel", "action_alias_ref"].contains($0.key)
        }
    }

    private func reRun(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        let body = request.object
        let tasks = body["tasks"]?.array ?? []
        let reset = body["reset"]?.array ?? []
        let changes = body["parameters"]?.object ?? [:]
        if !tasks.isEmpty || !reset.isEmpty {
            if !changes.isEmpty {
                throw APIError(
                    .badRequest, "Parameters override is not supported when re-running task(s) for a workflow.")
            }
            if !reset.allSatisfy(tasks.contains) {
                throw APIError(.badRequest, "List of tasks to reset does not match the tasks to rerun.")
            }
            guard execution.runner == "orquesta" else {
                throw APIError(.badRequest, "Task option is only supported for Orquesta workflows.")
            }
        }
        try request.authorize(.actionExecute, .action(execution.action))
        var context = Self.withoutOwnKeys(body["context"]?.object ?? [:])
        var again: ValueObject = ["ref": .string(execution.id.text)]
        if !tasks.isEmpty {
            again["tasks"] = .array(tasks)
            again["reset"] = .array(reset)
        }
        context["re-run"] = .object(again)
        // A run again belongs to what led to the first one.
        context["trace_context"] = EventCause(execution).context["trace_context"]
        return try await submit(
            ExecutionRequest(
                action: execution.action.description,
                parameters: execution.parameters.merging(changes) { _, last in last }, cast: .api,
                identity: try speaker(request), origin: .api, context: context), delay: body["delay"], request)
    }

    private func submit(_ wanted: ExecutionRequest, delay: Value?, _ request: APIRequest) async throws(APIError)
        -> APIResponse
    {
        var wanted = wanted
        if let milliseconds = delay?.integer {
            guard (0...Self.longestDelay).contains(milliseconds) else {
                throw APIError(
                    .badRequest, "delay is \(milliseconds); it must be from 0 to \(Self.longestDelay) milliseconds")
            }
            wanted.delay = .milliseconds(milliseconds)
        }
        do throws(EngineError) {
            let execution = try await submission.submit(wanted)
            return APIResponse(.object(documents.document(execution)), status: .created)
        } catch { throw APIError(error) }
    }

    /// The user it will run for: the caller, or somebody for whom an administrator asks.
    private func speaker(_ request: APIRequest) throws(APIError) -> Identity {
        var identity = request.identity
        guard let user = request.object["user"]?.string, !user.isEmpty, user != identity.user else { return identity }
        guard request.isAdministrator else {
            throw APIError(
                .forbidden,
                "Only an administrator can run an action for another user; \(identity.user) asks for \(user)")
        }
        identity.user = user
        return identity
    }

    private func contextObject(_ text: String) throws(APIError) -> ValueObject {
        guard let value = try? JSONReader.value(text, limits: .requestBody), let object = value.object else {
            throw APIError(.badRequest, "Unable to convert st2-context from the headers into JSON.")
        }
        return object
    }

    // MARK: Changing

    private func update(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        guard !execution.status.isCompleted else {
            throw APIError(.badRequest, "Execution is already in completed state.")
        }
        let status = request.object["status"]?.string.flatMap(ExecutionStatus.init(rawValue:))
        switch status {
        case .canceling, .canceled: return try await cancel(execution, request)
        case .pausing, .paused: return try await ask(.pause, execution, request)
        case .resuming: return try await ask(.resume, execution, request)
        case nil: throw APIError(.badRequest, "'status' is a required property")
        default:
            throw APIError(
                .badRequest, "The status of an execution is set by what happens to it, not by a request",
                hint: "Ask for canceled, paused or resuming")
        }
    }

    private func ask(_ wish: WorkflowWish, _ execution: Execution, _ request: APIRequest) async throws(APIError)
        -> APIResponse
    {
        let verb = wish == .pause ? "pause" : "resume"
        let failure = "Failed updating execution. Unable to \(verb) liveaction \"\(execution.id)\" because it is"
        guard execution.isWorkflow else {
            throw APIError(.badRequest, "\(failure) not supported by the \"\(execution.runner)\" runner.")
        }
        let answer = try await answering { () async throws(CoreError) in
            try await workflows.ask(wish, of: execution.id, by: request.identity)
        }
        switch answer {
        case .taken(let now), .unchanged(let now): return APIResponse(.object(documents.document(now)))
        case .refused where wish == .pause: throw APIError(.badRequest, "\(failure) not in a running state.")
        case .refused(let now):
            throw APIError(
                .badRequest, "\(failure) in \"\(now.status.rawValue)\" state and not in \"paused\" state.")
        case .unknown: throw unknown(request.part("id"))
        }
    }

    private func cancel(_ execution: Execution, _ request: APIRequest) async throws(APIError) -> APIResponse {
        let answer = try await answering { () async throws(CoreError) in
            try await scheduler.cancel(execution.id, by: request.identity)
        }
        switch answer {
        case .canceled(let now), .canceling(let now), .alreadyCanceling(let now):
            return APIResponse(.object(documents.document(now)))
        case .notCancelable(let now) where now.status == .canceled:
            return APIResponse(.object(documents.document(now)))
        case .notCancelable(let now):
            // The reference answers 200 here, with a faultstring.
            return APIResponse(["faultstring": "Action cannot be canceled. State = \(now.status.rawValue)."])
        case .unknown: throw unknown(request.part("id"))
        }
    }
}
