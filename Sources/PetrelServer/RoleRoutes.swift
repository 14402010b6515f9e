import PetrelCore
import PetrelEngine

/// Roles, who has them, and what can be granted; they are changed in files.
struct RoleRoutes: Sendable {
    let book: LiveRoleBook
    let digest: any Digest

    var routes: [Route] {
        [
            Route(.get, "rbac/permission_types", .type(.roleList), "What can be granted, by types of resources") { _ in
                APIResponse(.object(RoleBook.permissionTypesDocument))
            },
            Route(
                .get, "rbac/permission_types/:type", .type(.roleList), "What can be granted on one type of resource"
            ) { request throws(APIError) in
                let type = request.part("type")
                guard let document = RoleBook.permissionTypesDocument(of: type) else {
                    throw APIError(.notFound, "Invalid resource type: \(type)")
                }
                return APIResponse(.object(document))
            },
            Route(
                .get, "rbac/roles", .type(.roleList), "List roles",
                query: QueryParameter.paging + [.boolean("system", "Only Petrel's own roles, or only the others")]
            ) { request throws(APIError) in
                let wanted = try request.truth("system")
                let documents = book.current.roleDocuments(digest: digest).filter { document in
                    wanted.map { document["system"]?.bool == $0 } ?? true
                }
                return try Listing(request).page(documents, defaultLimit: nil)
            },
            Route(.get, "rbac/roles/:role", .type(.roleView), "One role") { request throws(APIError) in
                let name = request.part("role")
                let documents = book.current.roleDocuments(digest: digest)
                let found = documents.first { $0["name"]?.string == name || $0["id"]?.string == name }
                guard let found else {
                    throw APIError(.notFound, "Resource with a name or id \"\(name)\" not found")
                }
                return APIResponse(.object(found))
            },
            Route(
                .get, "rbac/role_assignments", .known, "Who has which role",
                query: QueryParameter.paging + [
                    .string("user", "Only this user's"), .string("role", "Only those of this role"),
                    .string("source", "Only those from this file"),
                    .boolean("remote", "Only those by groups, or others"),
                ]
            ) { request throws(APIError) in try assignments(request) },
            Route(.get, "rbac/role_assignments/:id", .type(.assignmentView), "One assignment") {
                request throws(APIError) in
                let id = request.part("id")
                let documents = book.current.assignmentDocuments(digest: digest)
                guard let found = documents.first(where: { $0["id"]?.string == id }) else {
                    throw APIError(.notFound, "Unable to identify resource with id \"\(id)\".")
                }
                return APIResponse(.object(found))
            },
        ]
    }

    /// Everybody sees their own.
    private func assignments(_ request: APIRequest) throws(APIError) -> APIResponse {
        if request.text("user") != request.identity.user { try request.authorize(.assignmentList) }
        let remote = try request.truth("remote")
        let documents = book.current.assignmentDocuments(digest: digest).filter { document in
            ["user", "role", "source"].allSatisfy { key in
                request.text(key).map { document[key]?.string == $0 } ?? true
            } && (remote.map { document["is_remote"]?.bool == $0 } ?? true)
        }
        return try Listing(request).page(documents, defaultLimit: nil)
    }
}
