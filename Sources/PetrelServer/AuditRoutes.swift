import PetrelCore
import PetrelEngine

/// The audit trail.
///
/// Ours; StackStorm writes it to log files only.
struct AuditRoutes: Sendable {
    let store: any AuditStore

    var routes: [Route] {
        [
            Route(.get, "audit", .type(.auditList), "The audit trail, newest first", query: QueryParameter.paging) {
                request throws(APIError) in try await list(request)
            },
            Route(.get, "audit/verify", .type(.auditList), "Whether every row of the audit trail is as it was written")
            {
                request throws(APIError) in
                let verdict = try await answering { () async throws(CoreError) in try await store.auditVerdict() }
                return APIResponse([
                    "rows": .integer(verdict.rows), "is_whole": .bool(verdict.problem == nil),
                    "problem": Value(verdict.problem),
                ])
            },
        ]
    }

    private func list(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let (limit, offset) = (try listing.limit(default: 100) ?? 100, try listing.offset())
        let records = try await answering { () async throws(CoreError) in
            try await store.auditRecords(limit: limit, offset: offset)
        }
        return APIResponse(.array(records.map { .object($0.apiDocument) }), headers: [("X-Limit", String(limit))])
    }
}

extension AuditRecord {
    /// The row as the API shows it.
    var apiDocument: ValueObject {
        [
            "timestamp": .string(at.description), "kind": .string(kind.rawValue), "user": .string(user),
            "subject": .string(subject), "decision": .string(decision), "detail": .object(detail),
        ]
    }
}
