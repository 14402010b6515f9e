import PetrelCore
import PetrelEngine

/// Workflows: definitions inspected, runs drawn.
struct WorkflowRoutes: Sendable {
    let executions: any ExecutionStore
    let views: WorkflowViews

    var routes: [Route] {
        [
            Route(
                .post, "workflows/inspect", .type(.workflowInspect), "Tell what is wrong with a workflow's definition",
                body: .text
            ) { request throws(APIError) in
                APIResponse(.array(views.findings(String(decoding: request.bytes, as: UTF8.self))))
            },
            Route(
                .get, "executions/:id/graph", .resource(.executionView), "A drawing of a workflow and its states",
                query: [.string("format", "`dot` or `svg`")]
            ) { request throws(APIError) in try await graph(request) },
            Route(
                .get, "executions/:id/tasks", .resource(.executionView), "The state of each task of a workflow"
            ) { request throws(APIError) in try await tasks(request) },
        ]
    }

    private func find(_ request: APIRequest) async throws(APIError) -> Execution {
        let id = request.part("id")
        var found: Execution?
        if let known = ExecutionID(id) {
            found = try await answering { () async throws(CoreError) in try await executions.execution(known) }
        }
        guard let found else { throw APIError(.notFound, "Unable to identify resource with id \"\(id)\".") }
        try request.authorize(.execution(found.id, of: found.action), owner: found.user)
        return found
    }

    private func graph(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        guard let format = WorkflowViews.Format(rawValue: request.text("format") ?? "dot") else {
            throw APIError(.badRequest, "format is \"\(request.text("format") ?? "")\"; it must be dot or svg")
        }
        let text = try await answering { () async throws(CoreError) in
            try await views.drawing(of: execution, format)
        }
        guard let text else {
            throw APIError(.badRequest, "Execution \"\(execution.id)\" is no Orquesta workflow that has begun.")
        }
        return APIResponse(text: text, contentType: format == .svg ? "image/svg+xml" : "text/vnd.graphviz")
    }

    private func tasks(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let execution = try await find(request)
        let tasks = try await answering { () async throws(CoreError) in try await views.tasks(of: execution) }
        guard let tasks else {
            throw APIError(.badRequest, "Execution \"\(execution.id)\" is no Orquesta workflow that has begun.")
        }
        return APIResponse(.array(tasks))
    }
}
