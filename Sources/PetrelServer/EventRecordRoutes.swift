import PetrelCore
import PetrelEngine

/// Rule enforcements, timers and traces.
struct EventRecordRoutes: Sendable {
    let content: EventContent
    let store: any EventStore
    let executions: any ExecutionStore
    let documents: ExecutionDocuments

    private static let enforcementQuery =
        QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + EventFilters.times("enforced_at") + [
            .string("execution", "Only the one that started this execution"), .string("rule_ref", "Only this rule's"),
            .string("rule_id", "Only those of the rule with this id"),
            .string("trigger_instance", "Only those for this trigger instance"),
        ]

    var routes: [Route] { enforcementRoutes + timerRoutes + traceRoutes }

    private var enforcementRoutes: [Route] {
        [
            Route(
                .get, "ruleenforcements", .type(.enforcementList), "List rule enforcements, the newest first",
                query: Self.enforcementQuery
            ) { request throws(APIError) in try await enforcements(request, isView: false) },
            Route(
                .get, "ruleenforcements/views", .type(.enforcementList),
                "List rule enforcements with trigger instances and executions", query: Self.enforcementQuery
            ) { request throws(APIError) in try await enforcements(request, isView: true) },
            Route(.get, "ruleenforcements/:id", .resource(.enforcementView), "One rule enforcement") {
                request throws(APIError) in APIResponse(.object(try await enforcement(request).apiDocument))
            },
            Route(
                .get, "ruleenforcements/views/:id", .resource(.enforcementView),
                "One rule enforcement with trigger instance and execution"
            ) { request throws(APIError) in APIResponse(.object(try await view(try await enforcement(request)))) },
        ]
    }

    private func enforcements(_ request: APIRequest, isView: Bool) async throws(APIError) -> APIResponse {
        var query = try EventFilters.query(request, times: "enforced_at", limit: 50)
        query.rule = request.text("rule_ref")
        query.ruleID = request.text("rule_id")
        query.instance = request.text("trigger_instance")
        query.execution = request.text("execution")
        let wanted = query
        let page = try await answering { () async throws(CoreError) in try await store.enforcements(wanted) }
        var shown: [ValueObject] = []
        for item in page.items { shown.append(isView ? try await view(item) : item.apiDocument) }
        return try Listing(request).response(shown, total: page.total, limit: wanted.limit)
    }

    private func enforcement(_ request: APIRequest) async throws(APIError) -> RuleEnforcement {
        let id = request.part("id")
        var query = EventQuery()
        query.ids = [id]
        let wanted = query
        let page = try await answering { () async throws(CoreError) in try await store.enforcements(wanted) }
        guard let found = page.items.first else {
            throw APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
        }
        try request.authorize(.enforcement(found.id, of: found.rule))
        return found
    }

    private func view(_ enforcement: RuleEnforcement) async throws(APIError) -> ValueObject {
        var shown = enforcement.apiDocument
        let (instance, execution) = try await answering { () async throws(CoreError) in
            let instance = try await store.triggerInstance(enforcement.instance)
            guard let id = enforcement.execution else { return (instance, Execution?.none) }
            return (instance, try await executions.execution(id))
        }
        shown["trigger_instance"] = .object(instance?.apiDocument ?? [:])
        shown["execution"] = .object(execution.map { documents.document($0) } ?? [:])
        return shown
    }

    // MARK: Timers

    private var timerRoutes: [Route] {
        [
            Route(
                .get, "timers", .type(.timerList), "List timers",
                query: [.string("timer_type", "Only those of this trigger type")]
            ) { request throws(APIError) in
                let types = ["core.st2.IntervalTimer", "core.st2.DateTimer", "core.st2.CronTimer"]
                let type = request.text("timer_type")
                if let type, !types.contains(type) {
                    let known = types.joined(separator: ", ")
                    throw APIError(.badRequest, "Timer type \(type) not in supported types - \(known).")
                }
                let chosen = content.current.timers.filter { type == nil || $0.type.description == type }
                return APIResponse(.array(chosen.map { .object($0.apiDocument) }))
            },
            Route(.get, "timers/:ref", .resource(.timerView), "One timer") { request throws(APIError) in
                let ref = request.part("ref")
                guard let timer = content.current.timers.first(where: { $0.id == ref || $0.ref.description == ref })
                else { throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found") }
                try request.authorize(.timer(timer.ref))
                return APIResponse(.object(timer.apiDocument))
            },
        ]
    }

    // MARK: Traces

    private var traceRoutes: [Route] {
        [
            Route(
                .get, "traces", .type(.traceList), "List traces, the newest first",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + [
                    .string("trace_tag", "Only those with this tag"),
                    .string("execution", "Only the one with this execution"),
                    .string("rule", "Only those with this rule"),
                    .string("trigger_instance", "Only the one with this trigger instance"),
                    .string("sort_asc", "`True`: the oldest first"), .string("sort_desc", "`True`: the newest first"),
                ]
            ) { request throws(APIError) in
                var query = try EventFilters.query(request, times: "start_timestamp", limit: 100)
                query.traceTag = request.text("trace_tag")
                query.execution = request.text("execution")
                query.rule = request.text("rule")
                query.instance = request.text("trigger_instance")
                query.isAscending = request.text("sort_asc") == "True"
                let wanted = query
                let page = try await answering { () async throws(CoreError) in try await store.traces(wanted) }
                return try Listing(request).response(
                    page.items.map(\.apiDocument), total: page.total, limit: wanted.limit)
            },
            Route(.get, "traces/:id", .resource(.traceView), "One trace") { request throws(APIError) in
                let id = request.part("id")
                var query = EventQuery()
                query.ids = [id]
                let wanted = query
                let page = try await answering { () async throws(CoreError) in try await store.traces(wanted) }
                guard let trace = page.items.first else {
                    throw APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
                }
                try request.authorize(.trace(trace.tag.id))
                return APIResponse(.object(trace.apiDocument))
            },
        ]
    }
}
