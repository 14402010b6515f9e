import PetrelCore
import PetrelEngine

/// Policies and their kinds.
struct PolicyRoutes: Sendable {
    let policies: LivePolicies
    let digest: any Digest
    let ids: any IDSource

    private static let body = JSONBodySchema(
        [
            "id": ["type": ["string", "null"]], "uid": ["type": ["string", "null"]],
            "ref": ["type": ["string", "null"]], "name": ["type": "string"], "pack": ["type": ["string", "null"]],
            "description": ["type": ["string", "null"]], "enabled": ["type": "boolean", "default": true],
            "resource_ref": ["type": "string"], "policy_type": ["type": "string"],
            "parameters": ["type": ["object", "null"]], "metadata_file": ["type": ["string", "null"]],
        ], required: ["name", "resource_ref", "policy_type"])

    var routes: [Route] { typeRoutes + policyRoutes }

    private var typeRoutes: [Route] {
        [
            Route(
                .get, "policytypes", .type(.policyTypeList), "List kinds of policies",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids
                    + [.string("resource_type", "Only those about this")]
            ) { request throws(APIError) in
                let (names, ids, type) = (request.list("name"), request.list("id"), request.text("resource_type"))
                let documents = PolicyType.all.map { $0.apiDocument(digest: digest) }.filter { document in
                    (names.isEmpty || names.contains(document["name"]?.string ?? ""))
                        && (ids.isEmpty || ids.contains(document["id"]?.string ?? ""))
                        && (type == nil || type == document["resource_type"]?.string)
                }
                return try Listing(request, mandatory: ["id", "ref"]).page(documents, defaultLimit: 100)
            },
            Route(.get, "policytypes/:ref", .resource(.policyTypeView), "One kind of policy") {
                request throws(APIError) in
                let ref = request.part("ref")
                let found = PolicyType.all.first { type in
                    type.ref == ref || type.apiDocument(digest: digest)["id"]?.string == ref
                }
                guard let found else {
                    throw APIError(.notFound, "PolicyType with reference or id \"\(ref)\" not found")
                }
                try request.authorize(.policyType(resource: found.resourceType, name: found.name))
                return APIResponse(.object(found.apiDocument(digest: digest)))
            },
        ]
    }

    private var policyRoutes: [Route] {
        [
            Route(
                .get, "policies", .type(.policyList), "List policies",
                query: QueryParameter.paging + QueryParameter.attributes + QueryParameter.ids + QueryParameter.pack
                    + [
                        .string("resource_ref", "Only those about this action"),
                        .string("policy_type", "Only those of this kind"),
                    ]
            ) { request throws(APIError) in try list(request) },
            Route(.post, "policies", .type(.policyCreate), "Make a policy", body: .json(Self.body)) {
                request throws(APIError) in
                let policy = try policy(request, id: ContentID(stored: ids.next()), file: nil)
                if let other = policies.policy(policy.ref.description) {
                    var error = APIError(.conflict, "A policy with the reference \(policy.ref) exists already.")
                    error.extra = ["conflict-id": .string(other.id.text)]
                    throw error
                }
                try await put(policy, request)
                return APIResponse(.object(policy.apiDocument), status: .created)
            },
            Route(.get, "policies/:ref", .resource(.policyView), "One policy") { request throws(APIError) in
                APIResponse(.object(try find(request).apiDocument))
            },
            Route(.put, "policies/:ref", .resource(.policyModify), "Change a policy", body: .json(Self.body)) {
                request throws(APIError) in
                let old = try find(request)
                let new = try policy(request, id: old.id, file: old.metadataFile)
                guard new.ref == old.ref else {
                    throw APIError(.badRequest, "The policy \(old.ref) can't be renamed to \(new.ref).")
                }
                try await put(new, request)
                return APIResponse(.object(new.apiDocument))
            },
            Route(.delete, "policies/:ref", .resource(.policyDelete), "Delete a policy") { request throws(APIError) in
                let policy = try find(request)
                try await answering { () async throws(CoreError) in
                    try await policies.remove(policy, by: request.identity.user)
                }
                return .noContent
            },
        ]
    }

    private func list(_ request: APIRequest) throws(APIError) -> APIResponse {
        let (names, ids, pack) = (request.list("name"), request.list("id"), request.text("pack"))
        let (resource, type) = (request.text("resource_ref"), request.text("policy_type"))
        let chosen = policies.all.filter { policy in
            (pack == nil || pack == policy.ref.pack) && (names.isEmpty || names.contains(policy.ref.name))
                && (ids.isEmpty || ids.contains(policy.id.text)) && (resource == nil || resource == policy.resourceRef)
                && (type == nil || type == policy.type)
        }
        return try Listing(request, mandatory: ["id", "ref"]).page(chosen.map(\.apiDocument), defaultLimit: 100)
    }

    private func find(_ request: APIRequest) throws(APIError) -> Policy {
        let ref = request.part("ref")
        guard let policy = policies.policy(ref) else {
            throw APIError(.notFound, "Resource with a reference or id \"\(ref)\" not found")
        }
        try request.authorize(.policy(policy.ref))
        return policy
    }

    private func policy(_ request: APIRequest, id: ContentID, file: String?) throws(APIError) -> Policy {
        let body = request.object
        let typeName = body["policy_type"]?.string ?? ""
        guard let type = PolicyType.named(typeName) else {
            throw APIError(.badRequest, "Referenced policy_type \"\(typeName)\" doesnt exist")
        }
        let parameters: ValueObject
        do throws(CoreError) { parameters = try type.checked(body["parameters"]?.object ?? [:]) } catch {
            throw APIError(error)
        }
        let pack = body["pack"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        return Policy(
            id: id, ref: ContentRef(pack: pack, name: body["name"]?.string ?? ""),
            summary: body["description"]?.string, isEnabled: body["enabled"]?.bool ?? true,
            resourceRef: body["resource_ref"]?.string ?? "", type: typeName, parameters: parameters, metadataFile: file)
    }

    private func put(_ policy: Policy, _ request: APIRequest) async throws(APIError) {
        try await answering { () async throws(CoreError) in try await policies.put(policy, by: request.identity.user) }
    }
}
