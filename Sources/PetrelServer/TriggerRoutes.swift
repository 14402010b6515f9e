import PetrelCore
import PetrelEngine

/// Trigger types, triggers and their instances.
struct TriggerRoutes: Sendable {
    let content: EventContent
    let dispatch: EventDispatch
    let store: any EventStore

    private static let typeBody = JSONBodySchema(
        [
            "id": ["type": ["string", "null"]], "ref": ["type": ["string", "null"]],
            "uid": ["type": ["string", "null"]], "name": ["type": "string"], "pack": ["type": ["string", "null"]],
            "description": ["type": ["string", "null"]], "payload_schema": ["type": ["object", "null"]],
            "parameters_schema": ["type": ["object", "null"]], "tags": ["type": ["array", "null"]],
            "metadata_file": ["type": ["string", "null"]],
        ], required: ["name"])
    private static let triggerBody = JSONBodySchema(
        [
            "type": ["type": "string"], "name": ["type": ["string", "null"]], "pack": ["type": ["string", "null"]],
            "parameters": ["type": ["object", "null"]], "description": ["type": ["string", "null"]],
        ], required: ["type"], allowsOthers: true)

    var routes: [Route] { typeRoutes + triggerRoutes + instanceRoutes }

    // MARK: Types

    private var typeRoutes: [Route] {
        [
            Route(
                .get, "triggertypes", .type(.triggerList), "List trigger types",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + QueryParameter.pack
            ) { request throws(APIError) in
                let (names, ids, pack) = (request.list("name"), request.list("id"), request.text("pack"))
                let chosen = content.current.triggerTypes.filter { type in
                    (pack == nil || pack == type.ref.pack) && (names.isEmpty || names.contains(type.ref.name))
                        && (ids.isEmpty || ids.contains(type.id.text))
                }
                return try Listing(request, mandatory: ["id", "ref"]).page(chosen.map(\.apiDocument), defaultLimit: 100)
            },
            Route(.get, "triggertypes/:ref", .resource(.triggerView), "One trigger type") { request throws(APIError) in
                APIResponse(.object(try type(request).apiDocument))
            },
            Route(
                .post, "triggertypes", .resource(.triggerCreate), "Make a trigger type", body: .json(Self.typeBody)
            ) { request throws(APIError) in
                let document = typeDocument(request)
                let ref = ContentRef(
                    pack: document["pack"]?.string ?? "default", name: document["name"]?.string ?? "")
                try request.authorize(.triggerType(ref))
                if let known = content.current.triggerType(ref.description) {
                    var error = APIError(.conflict, "Tried to save duplicate unique keys: \"\(ref)\" exists")
                    error.extra["conflict-id"] = .string(known.id.text)
                    throw error
                }
                return APIResponse(.object(try await put(document, nil, request).apiDocument), status: .created)
            },
            Route(
                .put, "triggertypes/:ref", .resource(.triggerModify), "Replace a trigger type",
                body: .json(Self.typeBody)
            ) { request throws(APIError) in
                let old = try changeable(request)
                var document = typeDocument(request)
                document["pack"] = .string(old.ref.pack)
                document["name"] = .string(old.ref.name)
                return APIResponse(.object(try await put(document, old.id, request).apiDocument))
            },
            Route(.delete, "triggertypes/:ref", .resource(.triggerDelete), "Delete a trigger type") {
                request throws(APIError) in
                let type = try changeable(request)
                try await deciding { () async throws(EngineError) in
                    try await content.remove(type, by: request.identity.user)
                }
                return .noContent
            },
        ]
    }

    private func typeDocument(_ request: APIRequest) -> ValueObject {
        let kept = ["name", "pack", "description", "payload_schema", "parameters_schema", "tags"]
        return request.object.filter { kept.contains($0.key) && !$0.value.isNull }
    }

    private func put(_ document: ValueObject, _ id: ContentID?, _ request: APIRequest) async throws(APIError)
        -> TriggerType
    {
        try await deciding { () async throws(EngineError) in
            try await content.put(triggerType: document, id: id, by: request.identity.user)
        }
    }

    private func type(_ request: APIRequest) throws(APIError) -> TriggerType {
        let ref = request.part("ref")
        guard let type = content.current.triggerType(ref) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        try request.authorize(.triggerType(type.ref))
        return type
    }

    private func changeable(_ request: APIRequest) throws(APIError) -> TriggerType {
        let type = try type(request)
        guard type.ref.pack != "core" else {
            throw APIError(.badRequest, "Resources belonging to system level packs can't be manipulated")
        }
        return type
    }

    // MARK: Triggers

    private var triggerRoutes: [Route] {
        [
            Route(.get, "triggers", .type(.triggerList), "List triggers") { _ in
                APIResponse(.array(content.current.triggers.map { .object($0.apiDocument) }))
            },
            Route(.get, "triggers/:id", .resource(.triggerView), "One trigger") { request throws(APIError) in
                APIResponse(.object(try trigger(request).apiDocument))
            },
            Route(.post, "triggers", .resource(.triggerCreate), "Make a trigger", body: .json(Self.triggerBody)) {
                request throws(APIError) in
                try request.authorize(nil, request.object["type"]?.string ?? "")
                let made = try await deciding { () async throws(EngineError) in
                    try await content.add(trigger: request.object, by: request.identity.user)
                }
                return APIResponse(.object(made.apiDocument), status: .created)
            },
            Route(
                .put, "triggers/:id", .resource(.triggerModify), "Replace a trigger", body: .json(Self.triggerBody)
            ) { request throws(APIError) in
                try await remove(request)
                let made = try await deciding { () async throws(EngineError) in
                    try await content.add(trigger: request.object, by: request.identity.user)
                }
                return APIResponse(.object(made.apiDocument))
            },
            Route(.delete, "triggers/:id", .resource(.triggerDelete), "Delete a trigger") {
                request throws(APIError) in
                try await remove(request)
                return .noContent
            },
        ]
    }

    private func trigger(_ request: APIRequest) throws(APIError) -> Trigger {
        let id = request.part("id")
        guard let trigger = content.current.trigger(id) else {
            throw APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
        }
        try request.authorize(.trigger(trigger.ref, hash: trigger.parametersHash), trigger.ref.description)
        return trigger
    }

    private func remove(_ request: APIRequest) async throws(APIError) {
        let trigger = try trigger(request)
        let isGone = try await deciding { () async throws(EngineError) in
            try await content.remove(trigger, by: request.identity.user)
        }
        guard isGone else {
            throw APIError(.badRequest, "Trigger \"\(trigger.ref)\" belongs to its type or to a rule")
        }
    }

    // MARK: Instances

    private var instanceRoutes: [Route] {
        [
            Route(
                .get, "triggerinstances", .type(.triggerList), "List trigger instances, the newest first",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids
                    + EventFilters.times("timestamp") + [
                        .string("trigger", "Only those of this trigger"),
                        .string("trigger_type", "Only those of this type"),
                        .string("status", "Only those of this status"),
                    ]
            ) { request throws(APIError) in
                let listing = Listing(request)
                var query = try EventFilters.query(request, times: "timestamp", limit: 100)
                query.trigger = request.text("trigger")
                query.triggerType = request.text("trigger_type")
                query.status = request.text("status")
                let wanted = query
                let page = try await answering { () async throws(CoreError) in
                    try await store.triggerInstances(wanted)
                }
                return try listing.response(page.items.map(\.apiDocument), total: page.total, limit: wanted.limit)
            },
            Route(
                .get, "triggerinstances/:id", .resource(.triggerView), "One trigger instance",
                query: QueryParameter.attributes
            ) { request throws(APIError) in APIResponse(.object(try await instance(request).apiDocument)) },
            Route(
                .post, "triggerinstances/:id/re_emit", .resource(.triggerEmit), "Send a trigger instance again",
                body: .anyJSON
            ) { request throws(APIError) in try await emitAgain(request) },
        ]
    }

    private func instance(_ request: APIRequest) async throws(APIError) -> TriggerInstance {
        let asked = request.part("id")
        let found = try await answering { () async throws(CoreError) in
            guard let id = TriggerInstanceID(asked) else { return TriggerInstance?.none }
            return try await store.triggerInstance(id)
        }
        guard let found else { throw APIError(.notFound, "Unable to identify resource with id \"\(asked)\".") }
        try request.authorize(.trigger(found.trigger, hash: nil), found.trigger.description)
        return found
    }

    private func emitAgain(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let old = try await instance(request)
        guard let trigger = content.current.trigger(old.trigger.description) else {
            throw APIError(.badRequest, "Trigger \"\(old.trigger)\" does not exist any more")
        }
        var payload = old.payload.object ?? [:]
        payload["__context"] = ["original_id": .string(old.id.text)]
        let event = NewEvent(
            [trigger], payload: old.payload.object == nil ? old.payload : .object(payload), origin: old.origin,
            traceTag: old.trace.tag)
        try await deciding { () async throws(EngineError) in try await dispatch.dispatch(event) }
        // The misspelling is what clients know.
        return APIResponse([
            "message": .string("Trigger instance \(old.id) succesfully re-sent."), "payload": event.payload,
        ])
    }
}
