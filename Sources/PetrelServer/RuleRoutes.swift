import PetrelCore
import PetrelEngine

/// Rules and rule types.
struct RuleRoutes: Sendable {
    let content: EventContent
    let catalog: LiveCatalog
    let digest: any Digest
    let ids: any IDSource

    private static let query =
        QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + QueryParameter.pack
        + QueryParameter.secrets + [
            .string("action", "Only those that run this action"), .string("trigger", "Only those of this trigger"),
            .boolean("enabled", "Only enabled ones, or only the others"),
        ]

    private static let body = JSONBodySchema(
        [
            "id": ["type": ["string", "null"]], "ref": ["type": ["string", "null"]],
            "uid": ["type": ["string", "null"]], "name": ["type": "string"], "pack": ["type": ["string", "null"]],
            "description": ["type": ["string", "null"]], "type": ["type": ["object", "null"]],
            "trigger": [
                "type": "object", "required": ["type"],
                "properties": ["type": ["type": "string"], "parameters": ["type": "object", "default": [:]]],
            ],
            "criteria": ["type": ["object", "null"], "default": [:]],
            "action": [
                "type": "object", "required": ["ref"],
                "properties": ["ref": ["type": "string"], "parameters": ["type": ["object", "null"]]],
            ],
            "enabled": ["type": "boolean", "default": false], "context": ["type": ["object", "null"]],
            "tags": ["type": ["array", "null"]], "metadata_file": ["type": ["string", "null"]],
            "notify": ["type": ["object", "null"]],
        ], required: ["name", "trigger", "action"])
    /// What is stored of a body; the rest is worked out.
    private static let kept = [
        "name", "pack", "description", "enabled", "type", "trigger", "criteria", "action", "tags", "notify",
    ]

    var routes: [Route] {
        [
            Route(.get, "rules", .type(.ruleList), "List rules", query: Self.query) { request throws(APIError) in
                try list(request, isView: false)
            },
            Route(.get, "rules/views", .type(.ruleList), "List rules with descriptions", query: Self.query) {
                request throws(APIError) in try list(request, isView: true)
            },
            Route(.get, "rules/:ref", .resource(.ruleView), "One rule", query: QueryParameter.secrets) {
                request throws(APIError) in APIResponse(.object(document(try find(request), isView: false)))
            },
            Route(.get, "rules/views/:ref", .resource(.ruleView), "One rule with descriptions") {
                request throws(APIError) in APIResponse(.object(document(try find(request), isView: true)))
            },
            Route(.post, "rules", .resource(.ruleCreate), "Make a rule", body: .json(Self.body)) {
                request throws(APIError) in try await create(request)
            },
            Route(.put, "rules/:ref", .resource(.ruleModify), "Replace a rule", body: .json(Self.body)) {
                request throws(APIError) in try await change(request)
            },
            Route(.delete, "rules/:ref", .resource(.ruleDelete), "Delete a rule") { request throws(APIError) in
                let rule = try find(request)
                try await deciding { () async throws(EngineError) in
                    try await content.remove(rule, by: request.identity.user)
                }
                return .noContent
            },
            Route(.get, "ruletypes", .known, "List rule types") { _ in APIResponse(.array(types.map(Value.object))) },
            Route(.get, "ruletypes/:type", .known, "One rule type") { request throws(APIError) in
                let asked = request.part("type")
                guard let type = types.first(where: { $0["id"]?.string == asked || $0["name"]?.string == asked })
                else { throw APIError(.notFound, "Resource with a name or id \"\(asked)\" not found") }
                return APIResponse(.object(type))
            },
        ]
    }

    private var types: [ValueObject] {
        Rule.Kind.allCases.map { kind in
            let summary =
                kind == .standard
                ? "Looked at for every instance of its trigger."
                : "Looked at when no standard rule of its trigger fits."
            let id = String(digest.sha256(Array("rule_type:\(kind.rawValue)".utf8)).prefix(24))
            return [
                "id": .string(id), "name": .string(kind.rawValue), "description": .string(summary), "enabled": true,
                "parameters": [:],
            ]
        }
    }

    private func list(_ request: APIRequest, isView: Bool) throws(APIError) -> APIResponse {
        let (names, ids, pack) = (request.list("name"), request.list("id"), request.text("pack"))
        let (action, trigger, enabled) = (
            request.text("action"), request.text("trigger"), try request.truth("enabled")
        )
        let visible = request.access.visibleUsers(to: request.identity)
        let current = content.current
        let chosen = current.rules.filter { rule in
            (pack == nil || pack == rule.ref.pack) && (names.isEmpty || names.contains(rule.ref.name))
                && (ids.isEmpty || ids.contains(rule.id.text)) && (action == nil || action == rule.actionRef)
                && (trigger == nil || trigger == current.trigger(of: rule)?.ref.description
                    || trigger == rule.triggerType.description)
                && (enabled == nil || enabled == rule.isEnabled)
                && (visible?.contains(rule.context["user"]?.string ?? "") ?? true)
        }
        return try Listing(request, mandatory: ["id", "ref"]).page(
            chosen.map { document($0, isView: isView, current) }, defaultLimit: nil)
    }

    private func document(_ rule: Rule, isView: Bool, _ current: EventCatalog? = nil) -> ValueObject {
        let current = current ?? content.current
        guard isView else { return rule.apiDocument(trigger: current.trigger(of: rule)) }
        return rule.apiDocument(
            trigger: current.trigger(of: rule),
            views: (
                current.triggerType(rule.triggerType.description)?.summary,
                catalog.current.action(rule.actionRef)?.summary
            ))
    }

    private func find(_ request: APIRequest) throws(APIError) -> Rule {
        let ref = request.part("ref")
        guard let rule = content.current.rule(ref) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        try request.authorize(.rule(rule.ref), owner: rule.context["user"]?.string)
        return rule
    }

    private func create(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let rule = try checked(request, pack: "default")
        try request.authorize(.rule(rule.ref))
        try authorizeParts(of: rule, request)
        if let known = content.current.rule(rule.ref.description) {
            var error = APIError(
                .conflict, "Tried to save duplicate unique keys: rule \"\(rule.ref)\" exists",
                hint: "petrel rule update \(rule.ref) FILE replaces it")
            error.extra["conflict-id"] = .string(known.id.text)
            throw error
        }
        try await deciding { () async throws(EngineError) in try await content.add(rule, by: request.identity.user) }
        return APIResponse(.object(document(rule, isView: false)), status: .created)
    }

    private func change(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let old = try find(request)
        let rule = try checked(request, pack: old.ref.pack, id: old.id, file: old.metadataFile)
        if rule.ref != old.ref, content.current.rule(rule.ref.description) != nil {
            throw APIError(.conflict, "Tried to save duplicate unique keys: rule \"\(rule.ref)\" exists")
        }
        try authorizeParts(of: rule, request)
        try await deciding { () async throws(EngineError) in
            try await content.change(old, to: rule, by: request.identity.user)
        }
        return APIResponse(.object(document(rule, isView: false)))
    }

    private func checked(
        _ request: APIRequest, pack: String, id: ContentID? = nil, file: String = ""
    ) throws(APIError) -> Rule {
        var document = request.object.filter { Self.kept.contains($0.key) && !$0.value.isNull }
        if document["pack"] == nil { document["pack"] = .string(pack) }
        for (part, keys) in [("trigger", ["type", "parameters", "misfire"]), ("action", ["ref", "parameters"])] {
            document[part] = .object((document[part]?.object ?? [:]).filter { keys.contains($0.key) })
        }
        document["context"] = ["user": .string(request.identity.user)]
        do throws(EngineError) { return try content.checkedRule(document, id: id, file: file) } catch {
            throw APIError(error)
        }
    }

    /// A rule runs its action and opens its webhook for whoever makes it, so they must be allowed both.
    private func authorizeParts(of rule: Rule, _ request: APIRequest) throws(APIError) {
        try request.authorize(.actionExecute, ContentRef(rule.actionRef).map(ResourceUID.action), rule.actionRef)
        if rule.triggerType.description == "core.st2.webhook", let url = rule.triggerParameters["url"]?.string {
            try request.authorize(.webhookCreate, .webhook(url), url)
        }
    }
}

/// Carries out what the engine does, with its errors as answers.
@discardableResult
func deciding<Answer>(_ body: () async throws(EngineError) -> Answer) async throws(APIError) -> Answer {
    do { return try await body() } catch { throw APIError(error) }
}
