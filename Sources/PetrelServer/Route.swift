import PetrelCore
import PetrelEngine

/// One row of the table of routes.
struct Route: Sendable {
    enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", delete = "DELETE" }

    var method: Method
    /// Segments joined by `/`; `:name` stands for one segment.
    var path: String
    /// What the caller must be allowed; nil where the handler asks itself.
    var permission: Permission?
    var handle: @Sendable (APIRequest) async throws(APIError) -> APIResponse

    init(
        _ method: Method, _ path: String, _ permission: Permission?,
        _ handle: @escaping @Sendable (APIRequest) async throws(APIError) -> APIResponse
    ) {
        self.method = method
        self.path = path
        self.permission = permission
        self.handle = handle
    }
}
