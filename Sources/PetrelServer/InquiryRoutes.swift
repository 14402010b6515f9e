import PetrelCore
import PetrelEngine

/// Inquiries: listed, looked at, answered.
struct InquiryRoutes: Sendable {
    private static let responseBody = JSONBodySchema(
        ["id": ["type": "string"], "response": ["type": "object"]], required: ["id", "response"])

    let store: any ExecutionStore
    let inquiries: Inquiries

    var routes: [Route] {
        [
            Route(
                .get, "inquiries", .type(.inquiryList), "List inquiries that wait for an answer",
                query: QueryParameter.paging + QueryParameter.attributes
            ) { request throws(APIError) in try await list(request) },
            Route(.get, "inquiries/:id", .resource(.inquiryView), "One inquiry") { request throws(APIError) in
                let inquiry = try await find(request)
                return APIResponse(.object(try Listing(request).choose(from: Inquiries.document(inquiry))))
            },
            Route(
                .put, "inquiries/:id", .resource(.inquiryRespond), "Answer an inquiry",
                body: .json(Self.responseBody)
            ) { request throws(APIError) in try await respond(request) },
        ]
    }

    private func list(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let limit = try listing.limit(default: 20) ?? 20
        let page = try await answering { () async throws(CoreError) in try await inquiries.pending(limit: limit) }
        return try listing.response(page.executions.map(Inquiries.document), total: page.total, limit: limit)
    }

    /// The inquiry that the path names, if it is one and the caller may.
    private func find(_ request: APIRequest) async throws(APIError) -> Execution {
        let id = request.part("id")
        guard let known = ExecutionID(id) else { throw unknown(id) }
        let found = try await answering { () async throws(CoreError) in try await store.execution(known) }
        guard let found else { throw unknown(id) }
        guard found.runner == InquirerRunner.typeName else {
            throw APIError(.badRequest, "Action execution \"\(id)\" is not an inquiry.")
        }
        var workflow: ContentRef?
        if let parent = found.parent {
            workflow = try await answering { () async throws(CoreError) in try await store.execution(parent) }?.action
        }
        try request.authorize(.inquiry(found.id, in: workflow), id, owner: found.user)
        return found
    }

    private func unknown(_ id: String) -> APIError {
        APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
    }

    private func respond(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let inquiry = try await find(request)
        do throws(EngineError) {
            let response = try await inquiries.respond(
                inquiry.id, with: request.object["response"]?.object ?? [:], by: request.identity)
            return APIResponse(["id": .string(inquiry.id.text), "response": .object(response)])
        } catch { throw APIError(error) }
    }
}
