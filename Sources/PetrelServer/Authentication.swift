public import PetrelCore
public import PetrelEngine

/// Finds out who is behind a request's credentials.
public struct Authentication: Sendable {
    private let isEnabled: Bool
    private let adminTokenHash: String
    private let adminUser: String
    private let tokens: ExecutionTokens
    private let executions: any ExecutionStore
    private let digest: any Digest

    /// Authentication by the admin token and by the tokens of running actions.
    /// - Parameter isEnabled: with false everybody is the administrator; the service warns of it at its start.
    public init(
        isEnabled: Bool, adminToken: Secret<String>, adminUser: String, tokens: ExecutionTokens,
        executions: any ExecutionStore, digest: any Digest
    ) {
        self.isEnabled = isEnabled
        adminTokenHash = digest.sha256(Array(adminToken.reveal().utf8))
        self.adminUser = adminUser
        self.tokens = tokens
        self.executions = executions
        self.digest = digest
    }

    /// The identity behind a token, given by header, query or cookie.
    func identity(token: String?) async throws(APIError) -> Identity {
        guard isEnabled else { return Identity(user: adminUser, role: .admin) }
        guard let token, !token.isEmpty else {
            throw APIError(
                .unauthorized, "Unauthorized - One of Token or API key required.",
                hint: "Give --token, or --data-dir with the service's data folder, where admin-token lies")
        }
        // Hashes are compared, so that the time tells nothing about the token.
        if isEqualInConstantTime(digest.sha256(Array(token.utf8)), adminTokenHash) {
            return Identity(user: adminUser, role: .admin)
        }
        if let identity = await identityOfAction(token) { return identity }
        throw APIError(
            .unauthorized, "Unauthorized - Unable to find a valid token.",
            hint: "The token belongs to another data folder, or has ended")
    }

    /// A running action acts for the user who started it, never with more than that user had; its token ends with it.
    private func identityOfAction(_ token: String) async -> Identity? {
        guard let id = tokens.execution(of: token), let execution = (try? await executions.execution(id)) ?? nil,
            execution.status.isClaimed
        else { return nil }
        let role = execution.context["rbac"]?["roles"]?.array?.first?.string.flatMap(Role.init(rawValue:))
        return Identity(user: execution.user, role: min(role ?? .none, .operator))
    }
}
