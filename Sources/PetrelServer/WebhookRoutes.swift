import PetrelCore
import PetrelEngine

/// Webhooks: what rules have registered, and where senders post to.
struct WebhookRoutes: Sendable {
    let content: EventContent
    let dispatch: EventDispatch
    let signatures: WebhookSignatures
    let ids: any IDSource

    /// Headers that prove who sent a request are nobody else's business.
    private static let hidden: Set<String> = [
        "st2-api-key", "x-auth-token", "cookie", "st2-trace-tag", "authorization", "x-gitlab-token",
    ]
    private static let longestTag = 1024

    var routes: [Route] {
        [
            // Clients ask for attributes that a webhook has not; the reference takes no such parameters here.
            Route(.get, "webhooks", .type(.webhookList), "List webhooks") { _ in
                let hooks = content.current.triggers.filter { $0.type.description == "core.st2.webhook" }
                return APIResponse(.array(hooks.map { .object($0.apiDocument) }))
            },
            Route(.get, "webhooks/**", .resource(.webhookView), "One webhook") { request throws(APIError) in
                let name = request.webhookName
                guard let trigger = content.current.webhook(name).first else {
                    throw APIError(.notFound, "Webhook \(name) not registered with st2")
                }
                try request.authorize(.webhook(name))
                return APIResponse(.object(trigger.apiDocument))
            },
            Route(.post, "webhooks/**", .webhook, "Send to a webhook", body: .anyJSON) { request throws(APIError) in
                try await receive(request)
            },
        ]
    }

    private func receive(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let name = request.webhookName
        var source = EventSource.outside
        if signatures.isSigned(name) {
            source = try await answering { () async throws(CoreError) in
                try signatures.check(name, body: request.bytes, header: request.header)
            }
        } else if name != "st2" || !request.caller.isSensor {
            try request.authorize(.webhook(name), name)
        }
        let tag = request.header("st2-trace-tag").map { String($0.prefix(Self.longestTag)) }
        let event = name == "st2" ? try named(request, tag) : try registered(name, request, tag)
        let instances = try await deciding { () async throws(EngineError) in
            try await dispatch.dispatch(event, from: source)
        }
        if instances.isEmpty, !event.triggers.isEmpty {
            throw APIError(.forbidden, "The request was taken before.")
        }
        return APIResponse(request.body, status: .accepted)
    }

    private func registered(_ name: String, _ request: APIRequest, _ tag: String?) throws(APIError) -> NewEvent {
        let triggers = content.current.webhook(name)
        guard !triggers.isEmpty else { throw APIError(.notFound, "Webhook \(name) not registered with st2") }
        let headers = request.headers().filter { !Self.hidden.contains($0.0.lowercased()) }
        let last = { (_: Value, new: Value) in new }
        let payload: Value = [
            "headers": .object(ValueObject(headers.map { ($0.0, .string($0.1)) }, uniquingKeysWith: last)),
            "headers_lower": .object(
                ValueObject(headers.map { ($0.0.lowercased(), .string($0.1)) }, uniquingKeysWith: last)),
            "body": request.body.isNull ? [:] : request.body,
        ]
        return event(triggers, payload, name, request, tag)
    }

    /// The webhook `st2`: its body names the trigger.
    private func named(_ request: APIRequest, _ tag: String?) throws(APIError) -> NewEvent {
        guard let body = (request.body.isNull ? [:] : request.body).object else {
            throw APIError(.badRequest, "Webhook body needs to be an object, got: \(request.body.typeName)")
        }
        guard let name = body["trigger"]?.string, !name.isEmpty else {
            throw APIError(.badRequest, "Trigger not specified.")
        }
        let triggers = dispatch.triggers(named: name)
        guard !triggers.isEmpty else { throw APIError(.badRequest, "Trigger \"\(name)\" not found") }
        if request.caller.isSensor {
            for type in Set(triggers.map(\.type)) { try request.authorize(.triggerEmit, .triggerType(type)) }
        }
        return event(triggers, body["payload"] ?? [:], "st2", request, tag)
    }

    /// What a running action sends goes on its trace, unless it names another.
    private func event(
        _ triggers: [Trigger], _ payload: Value, _ name: String, _ request: APIRequest, _ tag: String?
    ) -> NewEvent {
        let cause = request.caller.cause
        return NewEvent(
            triggers, payload: payload, origin: request.caller.isSensor ? .sensor : .webhook,
            traceTag: tag ?? (cause == nil ? "webhook-\(name)-\(ids.next())" : nil), cause: cause)
    }
}

extension APIRequest {
    /// The webhook that the path names.
    var webhookName: String { EventCatalog.webhookName(part("**")) }
}
