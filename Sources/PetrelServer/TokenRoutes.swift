import FoundationEssentials
import PetrelCore
import PetrelEngine

/// StackStorm's auth service: passwords for tokens.
struct TokenRoutes: Sendable {
    let logIns: LogIns
    let credentials: Credentials
    /// Users whose tokens may speak for others.
    let serviceUsers: Set<String>
    /// Addresses from which a proxy vouches for users; empty in standalone mode.
    let proxies: Set<String>
    let apiURL: @Sendable () -> String

    private static let tokenBody = JSONBodySchema([
        "ttl": ["type": ["integer", "null"], "minimum": 1], "user": ["type": ["string", "null"]],
        "impersonate_user": ["type": ["string", "null"]], "nickname_origin": ["type": ["string", "null"]],
    ])

    var routes: [Route] {
        [
            Route(.post, "tokens", .open, "Get a token for a user name and password", body: .json(Self.tokenBody)) {
                request throws(APIError) in try await make(request)
            },
            Route(
                .post, "tokens/validate", .known, "Whether a token is good",
                body: .json(.init(["token": ["type": "string"]], required: ["token"]))
            ) { request throws(APIError) in
                let isGood = (try? await credentials.grant(token: request.object["token"]?.string ?? "")) != nil
                return APIResponse(["valid": .bool(isGood)])
            },
            Route(
                .post, "tokens/revoke", .known, "Take a token back before its end",
                body: .json(.init(["token": ["type": "string"]], required: ["token"]))
            ) { request throws(APIError) in try await revoke(request) },
            Route(.get, "sso", .open, "Whether single sign-on is set up") { _ in APIResponse(["enabled": false]) },
        ]
    }

    private func make(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let user = try await provenUser(request)
        let speaksFor = try impersonated(by: user, request)
        let life = request.object["ttl"]?.integer.map { Duration.seconds($0) }
        let made = try await answering { () async throws(CoreError) in
            try await credentials.makeToken(for: speaksFor ?? user, life: life)
        }
        var document = made.token.apiDocument
        document["token"] = .string(made.secret.reveal())
        return APIResponse(.object(document), status: .created, headers: [("X-API-URL", apiURL())])
    }

    /// The user whose password, or whose proxy, proves who they are.
    private func provenUser(_ request: APIRequest) async throws(APIError) -> String {
        let given = basic(request.header("authorization"))
        if !proxies.isEmpty {
            guard !request.address.isEmpty, proxies.contains(request.address) else {
                throw APIError(
                    .unauthorized, "Invalid or missing credentials",
                    hint: "auth.proxies does not list \(request.address)")
            }
            let user = request.header("x-forwarded-user") ?? request.header("remote-user") ?? given?.user
            guard let user, !user.isEmpty else { throw APIError(.unauthorized, "Invalid or missing credentials") }
            return user
        }
        guard let given, !given.user.isEmpty else { throw APIError(.unauthorized, "Invalid or missing credentials") }
        switch await logIns.check(user: given.user, password: given.password, address: request.address) {
        case .welcome: return given.user
        case .wrong: throw APIError(.unauthorized, "Invalid or missing credentials")
        case .unavailable(let reason): throw APIError(.unavailable, "Passwords can't be checked now: \(reason)")
        case .wait(let pause):
            let seconds = max(1, Int(pause.inSeconds.rounded(.up)))
            var error = APIError(.tooMany, "Too many failed log-ins; try again in \(seconds) seconds")
            error.headers = [("Retry-After", String(seconds))]
            throw error
        }
    }

    private func impersonated(by user: String, _ request: APIRequest) throws(APIError) -> String? {
        let asked = request.object["user"]?.string ?? request.object["impersonate_user"]?.string
        guard let asked, !asked.isEmpty, asked != user else { return nil }
        guard serviceUsers.contains(user) else {
            throw APIError(
                .badRequest, "Current user is not a service and cannot request impersonated tokens",
                hint: "auth.service_users lists the users who may")
        }
        return asked
    }

    private func revoke(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let token = request.object["token"]?.string ?? ""
        // Whoever knows a token may end it; nobody is told whether another one exists.
        _ = try await answering { () async throws(CoreError) in
            try await credentials.revoke(token: token, by: request.identity.user)
        }
        return .noContent
    }

    private func basic(_ header: String?) -> (user: String, password: Secret<String>)? {
        guard let header, header.lowercased().hasPrefix("basic "),
            let data = Data(base64Encoded: String(header.dropFirst(6).drop { $0 == " " }))
        else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), Secret(String(parts[1]))) : nil
    }
}

extension AccessToken {
    /// The token as the API shows it, without the token itself.
    var apiDocument: ValueObject {
        [
            "id": .string(id), "user": .string(user), "token": .null, "expiry": .string(expiresAt.description),
            "metadata": .object(metadata), "service": .bool(isService),
        ]
    }
}
