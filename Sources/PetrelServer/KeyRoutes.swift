import PetrelCore
import PetrelEngine

/// The datastore: entries of all and of each user.
struct KeyRoutes: Sendable {
    let datastore: Datastore

    private static let body = JSONBodySchema(
        [
            "id": ["type": ["string", "null"]], "uid": ["type": ["string", "null"]],
            "name": ["type": ["string", "null"]], "description": ["type": ["string", "null"]],
            "value": ["type": "string"], "secret": ["type": "boolean", "default": false],
            "encrypted": ["type": "boolean", "default": false], "scope": ["type": ["string", "null"]],
            "expire_timestamp": ["type": ["string", "null"]], "ttl": ["type": ["integer", "null"]],
            "user": ["type": ["string", "null"]], "if_value": ["type": ["string", "null"]],
            "if_absent": ["type": "boolean", "default": false],
        ], required: ["value"])
    private static let place: [QueryParameter] = [
        .string("scope", "system or user"), .string("user", "Whose keys; for administrators, unless one's own"),
    ]
    private static let decrypt: [QueryParameter] = [
        .boolean("decrypt", "Secrets in clear: one's own, or for administrators")
    ]

    var routes: [Route] {
        [
            Route(
                .get, "keys", .type(.keyList), "List entries of the datastore",
                query: QueryParameter.paging + Self.place + Self.decrypt + QueryParameter.ids + [
                    .string("prefix", "Only those whose name begins so"), .string("sort", "Only by name"),
                ]
            ) { request throws(APIError) in try await list(request) },
            Route(
                .get, "keys/:name", .resource(.keyView), "One entry of the datastore", query: Self.place + Self.decrypt
            ) { request throws(APIError) in try await show(request) },
            Route(.put, "keys/:name", .resource(.keySet), "Set an entry", query: Self.place, body: .json(Self.body)) {
                request throws(APIError) in try await set(request)
            },
            Route(
                .post, "keys/:name/increment", .resource(.keySet), "Add to an entry that is a whole number",
                query: Self.place, body: .json(JSONBodySchema(["by": ["type": "integer", "default": 1]]))
            ) { request throws(APIError) in try await increment(request) },
            Route(.delete, "keys/:name", .resource(.keyDelete), "Delete an entry", query: Self.place) {
                request throws(APIError) in
                let key = try name(request, scope: request.text("scope"), user: request.text("user"))
                try authorize(request, key)
                let isGone = try await answering { () async throws(CoreError) in
                    try await datastore.remove(key, by: request.identity.user, cause: request.caller.cause)
                }
                guard isGone else { throw missing(key) }
                return .noContent
            },
        ]
    }

    // MARK: Reading

    private func list(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let listing = Listing(request)
        let (limit, offset) = (try listing.limit(default: 100) ?? 100, try listing.offset())
        var scopes: [KeyScope] = []
        switch request.text("scope") {
        case "all" where request.text("user") == nil: scopes = [.system, .user(request.identity.user)]
        case let name: scopes = [try scope(request, name == "all" ? nil : name, user: request.text("user"), list: true)]
        }
        let decrypts = try decrypts(request, scopes)
        var shown: [Value] = []
        for scope in scopes {
            let query = KeyQuery(
                scope: scope, prefix: request.text("prefix"), name: request.text("name"), id: request.text("id"),
                limit: limit, offset: offset)
            let entries = try await answering { () async throws(CoreError) in try await datastore.entries(query) }
            let visible = entries.filter { isVisible($0.key, request) }
            try await note(visible, decrypts, request)
            for entry in visible { shown.append(.object(try document(entry, decrypts: decrypts))) }
        }
        return APIResponse(.array(shown))
    }

    private func show(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let key = try name(request, scope: request.text("scope"), user: request.text("user"))
        try authorize(request, key)
        let decrypts = try decrypts(request, [key.scope], isOfPack: owner(of: key, request) != nil)
        let entry = try await answering { () async throws(CoreError) in try await datastore.entry(key) }
        guard let entry else { throw missing(key) }
        try await note([entry], decrypts, request)
        return APIResponse(.object(try document(entry, decrypts: decrypts)))
    }

    /// Whoever is no administrator may see their own secrets only.
    private func decrypts(_ request: APIRequest, _ scopes: [KeyScope], isOfPack: Bool = false) throws(APIError) -> Bool
    {
        guard try request.truth("decrypt") == true else { return false }
        let isOwn = scopes.allSatisfy { $0.user == request.identity.user }
        guard isOwn || isOfPack || request.isAdministrator else {
            throw APIError(.forbidden, "Decrypt option requires administrator access")
        }
        return true
    }

    private func isVisible(_ key: KeyName, _ request: APIRequest) -> Bool {
        request.access.decide(
            AccessRequest(request.identity, .keyList, owner: owner(of: key, request), uid: key.uid)
        ).isAllowed
    }

    private func note(_ entries: [KeyValue], _ decrypts: Bool, _ request: APIRequest) async throws(APIError) {
        guard decrypts else { return }
        let names = entries.filter(\.isSecret).map(\.key.description)
        try await answering { () async throws(CoreError) in
            try await datastore.recordDecryption(of: names, by: request.identity.user)
        }
    }

    // MARK: Changing

    private func set(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let body = request.object
        let key = try name(
            request, scope: body["scope"]?.string ?? request.text("scope"),
            user: body["user"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? request.text("user"))
        try authorize(request, key)
        let isEncrypted = body["encrypted"]?.bool ?? false
        if isEncrypted, !request.isAdministrator {
            throw APIError(.forbidden, "Pre-encrypted option requires administrator access")
        }
        let life = body["ttl"]?.integer
        if let life, life < 0 || life > 100 * 366 * 86_400 {
            throw APIError(.badRequest, "ttl must be a number of seconds from 0, not \(life)")
        }
        let entry = Datastore.Entry(
            key: key, value: body["value"]?.string ?? "", isSecret: body["secret"]?.bool ?? false,
            isEncrypted: isEncrypted, life: life.flatMap { $0 == 0 ? nil : .seconds($0) },
            summary: body["description"]?.string)
        let condition: KeyCondition? =
            body["if_absent"]?.bool == true ? .absent : body["if_value"]?.string.map { .value($0) }
        let answer = try await answering { () async throws(CoreError) in
            try await datastore.set(
                entry, if: condition, by: request.identity.user, cause: request.caller.cause)
        }
        guard case .changed(let change) = answer, let new = change.new else {
            throw APIError(.conflict, "The key \"\(key.name)\" has another value than the request expects.")
        }
        return APIResponse(.object(try document(new, decrypts: false)))
    }

    private func increment(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let key = try name(request, scope: request.text("scope"), user: request.text("user"))
        try authorize(request, key)
        let amount = request.object["by"]?.integer ?? 1
        let entry = try await answering { () async throws(CoreError) in
            try await datastore.increment(
                key, by: amount, user: request.identity.user, cause: request.caller.cause)
        }
        guard let entry else { throw missing(key) }
        return APIResponse(.object(try document(entry, decrypts: false)))
    }

    // MARK: Names

    private func name(_ request: APIRequest, scope: String?, user: String?) throws(APIError) -> KeyName {
        KeyName(try self.scope(request, scope, user: user, list: false), request.part("name"))
    }

    private func scope(_ request: APIRequest, _ name: String?, user: String?, list: Bool) throws(APIError) -> KeyScope {
        if let user {
            guard user == request.identity.user || request.isAdministrator else {
                throw APIError(.forbidden, "\"user\" attribute can only be provided by admins")
            }
            return .user(user)
        }
        switch name {
        case nil, "system", "st2kv.system", "all": return .system
        case "user", "st2kv.user": return .user(request.identity.user)
        case let name?:
            throw APIError(
                .badRequest,
                list
                    ? "Invalid scope: \(name)"
                    : "Scope \(name) is not in allowed scopes list: ['system', 'user', 'st2kv.system', 'st2kv.user'].")
        }
    }

    private func authorize(_ request: APIRequest, _ key: KeyName) throws(APIError) {
        try request.authorize(key.uid, owner: owner(of: key, request))
    }

    /// Keys `PACK.…` of the system scope belong to the running actions and the sensors of that pack.
    private func owner(of key: KeyName, _ request: APIRequest) -> String? {
        guard key.scope == .system, let pack = request.caller.pack, key.name.hasPrefix(pack + ".") else {
            return nil
        }
        return request.identity.user
    }

    private func missing(_ key: KeyName) -> APIError {
        APIError(.notFound, "The key \"\(key.name)\" does not exist in the StackStorm datastore.")
    }

    private func document(_ entry: KeyValue, decrypts: Bool) throws(APIError) -> ValueObject {
        let value: String
        do throws(CoreError) { value = decrypts ? try datastore.plainText(of: entry) : entry.value } catch {
            throw APIError(error)
        }
        return entry.apiDocument(value: value, isEncrypted: entry.isSecret && !decrypts)
    }
}

extension KeyName {
    /// The entry as a resource.
    var uid: ResourceUID {
        scope.user.map { .userKey(name, of: $0) } ?? .systemKey(name)
    }
}
