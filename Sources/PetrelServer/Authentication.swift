public import PetrelCore
public import PetrelEngine

/// Finds out who is behind a request's credentials.
public struct Authentication: Sendable {
    private let isEnabled: Bool
    private let adminTokenHash: String
    private let adminUser: String
    private let credentials: Credentials
    private let tokens: ExecutionTokens
    private let sensors: SensorTokens
    private let executions: any ExecutionStore
    private let digest: any Digest
    /// Authentication by the admin token, by tokens and keys that were handed out, and by the tokens of running actions and
    /// of sensors.
    /// - Parameter isEnabled: with false everybody is the administrator; the service warns of it at its start.
    public init(
        isEnabled: Bool, adminToken: Secret<String>, adminUser: String, credentials: Credentials,
        tokens: ExecutionTokens, sensors: SensorTokens, executions: any ExecutionStore, digest: any Digest
    ) {
        self.sensors = sensors
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
            if credential.kind == .token, let sensor = sensors.sensor(of: credential.text) {
                return Caller(sensor: sensor, credential: credential)
            }
            let (grant, action) = try await grant(credential)
            return Caller(identity: grant.identity, credential: credential, expiresAt: grant.expiresAt, action: action)
        } catch {
            guard error.code == .forbidden else { throw APIError(error) }
            throw APIError(.unauthorized, "Unauthorized - \(error.message)", hint: error.hint)
        }
    }

    private func grant(_ credential: Credential) async throws(CoreError) -> (Credentials.Grant, action: Execution?) {
        if credential.kind == .apiKey { return (try await credentials.grant(apiKey: credential.text), nil) }
        // Hashes are compared, so that the time tells nothing about the token.
        if isEqualInConstantTime(digest.sha256(Array(credential.text.utf8)), adminTokenHash) {
            return (.init(identity: Identity(user: adminUser, role: .admin), expiresAt: nil), nil)
        }
        if let (identity, action) = await identityOfAction(credential.text) {
            return (.init(identity: identity, expiresAt: nil), action)
        }
        return (try await credentials.grant(token: credential.text), nil)
    }

    /// A running action acts for the user who started it, never with more than that user had; its token ends with it.
    private func identityOfAction(_ token: String) async -> (Identity, action: Execution)? {
        guard let id = tokens.execution(of: token), let execution = (try? await executions.execution(id)) ?? nil,
            execution.status.isClaimed
        else { return nil }
        let role = execution.context["rbac"]?["roles"]?.array?.first?.string.flatMap(Role.init(rawValue:))
        let identity = Identity(user: execution.user, role: min(role ?? .none, .operator), ceiling: .operator)
        return (identity, execution)
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
    /// The pack of the running action or the sensor whose token it is; nil for everybody else.
    let pack: String?
    /// What the running action whose token it is leads to; nil for everybody else.
    let cause: EventCause?

    /// Whether it is a sensor of this service.
    var isSensor: Bool { identity.sensor != nil }

    /// A caller with what is known of them.
    /// - Parameter action: the running action whose token it is.
    init(identity: Identity, credential: Credential? = nil, expiresAt: Instant? = nil, action: Execution? = nil) {
        self.identity = identity
        self.credential = credential
        self.expiresAt = expiresAt
        pack = action?.action.pack
        cause = action.map(EventCause.init)
    }

    /// A sensor of this service; StackStorm calls all of them by this user.
    init(sensor: ContentRef, credential: Credential) {
        identity = Identity(user: "sensor_service", role: .none, ceiling: Role.none)
        identity.sensor = sensor
        self.credential = credential
        pack = sensor.pack
        cause = nil
    }
}
