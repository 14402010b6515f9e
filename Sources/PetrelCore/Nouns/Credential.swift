/// A token that was handed out at a log-in; only its digest is kept.
public struct AccessToken: Sendable, Hashable {
    /// The id by which listings know it.
    public var id: String
    /// The user for whom it speaks.
    public var user: String
    /// SHA-256 of the token.
    public var hash: String
    /// From then on it is refused.
    public var expiresAt: Instant
    /// What its maker wrote beside it.
    public var metadata: ValueObject
    /// Whether a service minted it for itself.
    public var isService: Bool

    /// A token to be stored.
    public init(
        id: String, user: String, hash: String, expiresAt: Instant, metadata: ValueObject = [:], isService: Bool = false
    ) {
        self.id = id
        self.user = user
        self.hash = hash
        self.expiresAt = expiresAt
        self.metadata = metadata
        self.isService = isService
    }
}

/// A key without an end, for programs; only its digest is kept.
public struct APIKey: Sendable, Hashable {
    /// The id by which it is listed, changed and deleted.
    public var id: String
    /// The user for whom it speaks.
    public var user: String
    /// SHA-512 of StackStorm's prefix and the key, so that keys can be brought along.
    public var hash: String
    /// What its maker wrote beside it.
    public var metadata: ValueObject
    /// A disabled key is refused.
    public var isEnabled: Bool
    /// When it was made.
    public var createdAt: Instant

    /// A key to be stored.
    public init(
        id: String, user: String, hash: String, metadata: ValueObject, isEnabled: Bool, createdAt: Instant
    ) {
        self.id = id
        self.user = user
        self.hash = hash
        self.metadata = metadata
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}
