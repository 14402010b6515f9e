public import PetrelCore
public import PetrelEngine

/// Finds out who is behind a request's credentials.
public struct Authentication: Sendable {
    private let isEnabled: Bool
    private let adminTokenHash: String
    private let adminUser: String
    private let credentials: Credentials
    private let tokens: ExecutionTokens
    private let executions: any ExecutionStore
    private let digest: any Digest
    /// The digest of the token with which sensors tell of events; nil without sensors.
    public var sensorTokenHash: String?

    /// Authentication by the admin token, by tokens and keys that were handed out, and by the tokens of running actions.
    /// - Parameter isEnabled: with false everybody is the administrator; the service warns of it at its start.
    public init(
        isEnabled: Bool, adminToken: Secret<String>, adminUser: String, credentials: Credentials,
        tokens: ExecutionTokens, executions: any ExecutionStore, digest: any Digest
    ) {
        self.isEnabled = isEnabled
        adminTokenHash = digest.sha256(Array(adminToken.reveal().utf8))
        self.adminUser = adminUser
        self.credentials = credentials
        self.tokens = tokens
        self.executions = executions
        self.digest = digest
    }

    /// Who sent a request.
    func caller(_ credential: Credential?) async throws(APIError) -> Caller {
        guard isEnabled else {
            return Caller(identity: Identity(user: adminUser, role: .admin), credential: nil, expiresAt: nil)
        }
        guard let credential, !credential.text.isEmpty else {
            throw APIError(
                .unauthorized, "Unauthorized - One of Token or API key required.",
                hint: "Give --token, or --data-dir with the service's data folder, where admin-token lies")
        }
        do throws(CoreError) {
            if let hash = sensorTokenHash, credential.kind == .token,
                isEqualInConstantTime(digest.sha256(Array(credential.text.utf8)), hash)
            {
                var caller = Caller(
                    identity: Identity(user: "sensor_service", role: .operator, ceiling: .operator),
                    credential: credential)
                caller.isSensor = true
                return caller
            }
            let (grant, pack) = try await grant(credential)
            return Caller(
                identity: grant.identity, credential: credential, expiresAt: grant.expiresAt, actionPack: pack)
        } catch {
            guard error.code == .forbidden else { throw APIError(error) }
            throw APIError(.unauthorized, "Unauthorized - \(error.message)", hint: error.hint)
        }
    }

    private func grant(_ credential: Credential) async throws(CoreError) -> (Credentials.Grant, pack: String?) {
        if credential.kind == .apiKey { return (try await credentials.grant(apiKey: credential.text), nil) }
        // Hashes are compared, so that the time tells nothing about the token.
        if isEqualInConstantTime(digest.sha256(Array(credential.text.utf8)), adminTokenHash) {
            return (.init(identity: Identity(user: adminUser, role: .admin), expiresAt: nil), nil)
        }
        if let (identity, pack) = await identityOfAction(credential.text) {
            return (.init(identity: identity, expiresAt: nil), pack)
        }
        return (try await credentials.grant(token: credential.text), nil)
    }

    /// A running action acts for the user who started it, never with more than that user had; its token ends with it.
    private func identityOfAction(_ token: String) async -> (Identity, pack: String)? {
        guard let id = tokens.execution(of: token), let execution = (try? await executions.execution(id)) ?? nil,
            execution.status.isClaimed
        else { return nil }
        let role = execution.context["rbac"]?["roles"]?.array?.first?.string.flatMap(Role.init(rawValue:))
        let identity = Identity(user: execution.user, role: min(role ?? .none, .operator), ceiling: .operator)
        return (identity, execution.action.pack)
    }
}

/// A token or key as a request brought it.
struct Credential: Sendable {
    enum Kind: String, Sendable {
        case token = "authentication token"
        case apiKey = "API key"
    }
    enum Location: String, Sendable { case header, query, cookie }

    var kind: Kind
    var location: Location
    var text: String
}

/// Who sent a request, and by what they proved it.
struct Caller: Sendable {
    var identity: Identity
    /// nil where nobody is asked for any.
    var credential: Credential?
    /// When the credential ends, where it does.
    var expiresAt: Instant?
    /// Whether it is a sensor of this service, which may tell of events.
    var isSensor = false
    /// The pack of the running action whose token it is; nil for everybody else.
    var actionPack: String?
}
