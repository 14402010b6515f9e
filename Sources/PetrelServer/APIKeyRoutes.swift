import PetrelCore
import PetrelEngine

/// API keys: made, listed, switched off, deleted.
struct APIKeyRoutes: Sendable {
    let credentials: Credentials
    let ids: any IDSource

    private static let body = JSONBodySchema([
        "id": ["type": ["string", "null"]], "uid": ["type": ["string", "null"]], "user": ["type": ["string", "null"]],
        "key_hash": ["type": ["string", "null"]], "metadata": ["type": ["object", "null"]],
        "created_at": ["type": ["string", "null"]], "enabled": ["type": "boolean", "default": true],
    ])

    var routes: [Route] {
        [
            Route(
                .get, "apikeys", .type(.apiKeyList), "List API keys",
                query: QueryParameter.paging + QueryParameter.secrets + [.string("user", "Only those of this user")]
            ) { request throws(APIError) in try await list(request) },
            Route(.post, "apikeys", .type(.apiKeyCreate), "Make an API key", body: .json(Self.body)) {
                request throws(APIError) in try await make(request)
            },
            Route(.get, "apikeys/:key", .resource(.apiKeyView), "One API key", query: QueryParameter.secrets) {
                request throws(APIError) in
                APIResponse(.object(try await find(request).apiDocument(showsSecrets: try request.showsSecrets())))
            },
            Route(.put, "apikeys/:key", .resource(.apiKeyModify), "Change an API key", body: .json(Self.body)) {
                request throws(APIError) in try await change(request)
            },
            Route(.delete, "apikeys/:key", .resource(.apiKeyDelete), "Delete an API key") {
                request throws(APIError) in
                let key = try await find(request)
                _ = try await answering { () async throws(CoreError) in
                    try await credentials.remove(key, by: request.identity.user)
                }
                return .noContent
            },
        ]
    }

    private func list(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let (limit, offset) = (try listing.limit(default: 50) ?? 50, try listing.offset())
        let showsSecrets = try request.showsSecrets()
        // Whoever is no administrator sees their own.
        let user = request.isAdministrator ? request.text("user") : request.identity.user
        let page = try await answering { () async throws(CoreError) in
            try await credentials.apiKeys(user: user, limit: limit, offset: offset)
        }
        return try listing.response(
            page.keys.map { $0.apiDocument(showsSecrets: showsSecrets) }, total: page.total, limit: limit)
    }

    private func make(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let body = request.object
        let user = body["user"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? request.identity.user
        if user != request.identity.user, !request.isAdministrator {
            throw APIError(.forbidden, "Only an administrator can make a key for \(user)")
        }
        let hash = body["key_hash"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        if let hash, hash.utf8.count != 128 || !hash.utf8.allSatisfy(isHexadecimal) {
            throw APIError(.badRequest, "key_hash is not a SHA-512 digest in hexadecimal digits")
        }
        let id = body["id"]?.string.flatMap { Identifier<APIKey>($0)?.text }
        do throws(CoreError) {
            let made = try await credentials.makeAPIKey(
                for: user, metadata: body["metadata"]?.object ?? [:], isEnabled: body["enabled"]?.bool ?? true,
                hash: hash, id: id, by: request.identity.user)
            var document = made.key.apiDocument(showsSecrets: false)
            document["key"] = Value(made.secret?.reveal())
            return APIResponse(.object(document), status: .created)
        } catch {
            throw error.code == .invalidInput ? APIError(.conflict, error.message) : APIError(error)
        }
    }

    private func change(_ request: APIRequest) async throws(APIError) -> APIResponse {
        var key = try await find(request)
        let body = request.object
        if let hash = body["key_hash"]?.string, hash != key.hash, hash != secretMask {
            throw APIError(.badRequest, "Update of key_hash is not allowed.")
        }
        if let user = body["user"]?.string, !user.isEmpty, user != key.user {
            guard request.isAdministrator else {
                throw APIError(.forbidden, "Only an administrator can give a key away")
            }
            key.user = user
        }
        key.metadata = body["metadata"]?.object ?? [:]
        key.isEnabled = body["enabled"]?.bool ?? true
        let changed = key
        _ = try await answering { () async throws(CoreError) in
            try await credentials.change(changed, by: request.identity.user)
        }
        return APIResponse(.object(key.apiDocument(showsSecrets: false)))
    }

    private func find(_ request: APIRequest) async throws(APIError) -> APIKey {
        let asked = request.part("key")
        let found = try await answering { () async throws(CoreError) in try await credentials.apiKey(asked) }
        guard let found else {
            throw APIError(
                .notFound, "ApiKey with key_hash or id \"\(Identifier<APIKey>(asked)?.text ?? secretMask)\" not found.")
        }
        try request.authorize(.apiKey(found.id), owner: found.user)
        return found
    }
}

private func isHexadecimal(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

extension APIKey {
    /// The key as the API shows it.
    func apiDocument(showsSecrets: Bool) -> ValueObject {
        [
            "id": .string(id), "uid": .string(showsSecrets ? "api_key:\(hash)" : secretMask), "user": .string(user),
            "key_hash": .string(showsSecrets ? hash : secretMask), "metadata": .object(metadata),
            "created_at": .string(createdAt.description), "enabled": .bool(isEnabled),
        ]
    }
}
