/// Tokens and API keys, by their digests.
///
/// Checked by `StoreConformance`.
public protocol CredentialStore: Sendable {
    /// Stores a token. Written.
    func addToken(_ token: AccessToken, audit: [AuditRecord]) async throws(CoreError)
    /// The token with a digest, ended ones too; nil when there is none.
    func token(hash: String) async throws(CoreError) -> AccessToken?
    /// Forgets a token. Flushed.
    /// - Returns: false if there was none.
    func removeToken(hash: String, audit: [AuditRecord]) async throws(CoreError) -> Bool
    /// Forgets tokens that ended before then. Written.
    func forgetTokens(endedBefore: Instant) async throws(CoreError)
    /// Stores a key. Flushed.
    /// - Returns: nil, or the id of the key that has this digest already; nothing is stored then.
    func addAPIKey(_ key: APIKey, audit: [AuditRecord]) async throws(CoreError) -> String?
    /// The key with a digest or an id.
    func apiKey(_ hashOrID: String) async throws(CoreError) -> APIKey?
    /// Keys in the order in which they were made, and how many there are.
    func apiKeys(user: String?, limit: Int, offset: Int) async throws(CoreError) -> (keys: [APIKey], total: Int)
    /// Replaces user, metadata and whether it is enabled. Flushed.
    /// - Returns: false if there is no key of this id.
    func changeAPIKey(_ key: APIKey, audit: [AuditRecord]) async throws(CoreError) -> Bool
    /// Forgets a key. Flushed.
    /// - Returns: false if there was none of this id.
    func removeAPIKey(_ id: String, audit: [AuditRecord]) async throws(CoreError) -> Bool
}

/// Checks user names and passwords.
///
/// An implementation answers in about the same time whether the user exists or not.
public protocol PasswordBackend: Sendable {
    /// Whether the password is this user's.
    /// - Throws: `unavailable` when it can't be found out: a missing file, a service that does not answer.
    func isValid(_ password: Secret<String>, of user: String) async throws(CoreError) -> Bool
}
