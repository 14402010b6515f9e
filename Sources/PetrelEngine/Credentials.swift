public import PetrelCore
import Synchronization

/// Hands out tokens and API keys and tells for whom they speak.
///
/// Only digests are stored. What was found is remembered for a few seconds, so that a client that asks often costs no read
/// each time; what is taken back here is forgotten at once, what another process takes back after those seconds.
public final class Credentials: Sendable {
    /// How tokens are handed out.
    public struct Options: Sendable {
        /// How long a token lives at most, and without a wish.
        public var maxTokenLife: Duration
        /// What users may do whom no assignment names.
        public var defaultRole: Role

        /// Options as the settings say.
        public init(maxTokenLife: Duration = .seconds(86_400), defaultRole: Role) {
            self.maxTokenLife = maxTokenLife
            self.defaultRole = defaultRole
        }
    }

    /// A credential that is good, and how long.
    public struct Grant: Sendable, Hashable {
        /// For whom it speaks.
        public var identity: Identity
        /// When it ends; nil for an API key.
        public var expiresAt: Instant?

        /// A grant from its parts.
        public init(identity: Identity, expiresAt: Instant?) {
            self.identity = identity
            self.expiresAt = expiresAt
        }
    }

    private struct Remembered {
        var grant: Grant
        var until: Instant
    }

    private static let memory = Duration.seconds(5)
    private static let mostRemembered = 4096
    /// StackStorm puts this before a key, so that keys can be brought along.
    private static let keyPrefix = "saltnpepper"

    private let options: Options
    private let store: any CredentialStore
    private let digest: any Digest
    private let random: any RandomSource
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let remembered = Mutex<[String: Remembered]>([:])

    /// Credentials over their store.
    public init(
        options: Options, store: any CredentialStore, digest: any Digest, random: any RandomSource,
        clock: any PetrelClock, ids: any IDSource
    ) {
        self.options = options
        self.store = store
        self.digest = digest
        self.random = random
        self.clock = clock
        self.ids = ids
    }

    // MARK: Tokens

    /// Makes a token for a user whose password was right, or who was vouched for.
    /// - Parameter life: how long it is wanted to live; nil for as long as is allowed.
    /// - Throws: `invalidInput` when that is longer than allowed.
    public func makeToken(
        for user: String, life: Duration?, metadata: ValueObject = [:], isService: Bool = false
    ) async throws(CoreError) -> (secret: Secret<String>, token: AccessToken) {
        let most = options.maxTokenLife
        if let life, life > most {
            throw CoreError(
                .invalidInput,
                "TTL specified \(Int(life.inSeconds)) is greater than max allowed \(Int(most.inSeconds)).")
        }
        let secret = random.hexadecimal(16)
        let token = AccessToken(
            id: ids.next(), user: user, hash: digest.sha256(Array(secret.utf8)), expiresAt: clock.now + (life ?? most),
            metadata: metadata, isService: isService)
        try await store.addToken(token, audit: [audit(user, "token \(token.id)", "issued")])
        return (Secret(secret), token)
    }

    /// For whom a token speaks.
    /// - Throws: `forbidden` with the reason when it is unknown or over.
    public func grant(token: String) async throws(CoreError) -> Grant {
        let hash = digest.sha256(Array(token.utf8))
        if let known = recall(hash) { return known }
        guard let found = try await store.token(hash: hash) else {
            throw CoreError(.forbidden, "Unable to find a token.", hint: "Log in again: petrel login USER")
        }
        guard found.expiresAt > clock.now else {
            throw CoreError(.forbidden, "Token has expired.", hint: "Log in again: petrel login \(found.user)")
        }
        let grant = Grant(
            identity: Identity(user: found.user, role: options.defaultRole), expiresAt: found.expiresAt)
        remember(hash, grant)
        return grant
    }

    /// Takes a token back.
    /// - Returns: false if there is none such.
    public func revoke(token: String, by user: String) async throws(CoreError) -> Bool {
        let hash = digest.sha256(Array(token.utf8))
        let isGone = try await store.removeToken(hash: hash, audit: [audit(user, "token", "revoked")])
        forget(hash)
        return isGone
    }

    // MARK: API keys

    /// For whom an API key speaks.
    /// - Throws: `forbidden` with the reason when it is unknown or disabled.
    public func grant(apiKey: String) async throws(CoreError) -> Grant {
        let hash = keyHash(apiKey)
        if let known = recall(hash) { return known }
        guard let found = try await store.apiKey(hash), found.hash == hash else {
            throw CoreError(.forbidden, "API key with key_hash=\"\(secretMask)\" not found.")
        }
        guard found.isEnabled else {
            throw CoreError(
                .forbidden, "API key is disabled.",
                hint: "An administrator enables it: petrel apikey enable \(found.id)")
        }
        let grant = Grant(identity: Identity(user: found.user, role: options.defaultRole), expiresAt: nil)
        remember(hash, grant)
        return grant
    }

    /// Makes a key, or takes over the digest of one that another system made.
    /// - Returns: the key as stored and, unless a digest was given, the key itself, which nobody can ever show again.
    /// - Throws: `invalidInput` when a key of this digest or id is known.
    public func makeAPIKey(
        for user: String, metadata: ValueObject, isEnabled: Bool = true, hash: String? = nil, id: String? = nil,
        by maker: String
    ) async throws(CoreError) -> (secret: Secret<String>?, key: APIKey) {
        let secret = hash == nil ? Secret(random.hexadecimal(32)) : nil
        let key = APIKey(
            id: id ?? ids.next(), user: user, hash: hash ?? keyHash(secret?.reveal() ?? ""), metadata: metadata,
            isEnabled: isEnabled, createdAt: clock.now)
        let known = try await store.addAPIKey(key, audit: [audit(maker, "apikey \(key.id) of \(user)", "created")])
        if let known { throw CoreError(.invalidInput, "A key with this hash or id exists: \(known)") }
        return (secret, key)
    }

    /// The key of an id, or the one that is given itself.
    public func apiKey(_ idOrKey: String) async throws(CoreError) -> APIKey? {
        if let found = try await store.apiKey(idOrKey), found.id == idOrKey { return found }
        return try await store.apiKey(keyHash(idOrKey))
    }

    /// Keys in the order in which they were made, and how many there are.
    public func apiKeys(user: String?, limit: Int, offset: Int) async throws(CoreError) -> (keys: [APIKey], total: Int)
    {
        try await store.apiKeys(user: user, limit: limit, offset: offset)
    }

    /// Replaces user, metadata and whether the key is enabled.
    public func change(_ key: APIKey, by user: String) async throws(CoreError) -> Bool {
        let decision = key.isEnabled ? "changed" : "disabled"
        let isChanged = try await store.changeAPIKey(key, audit: [audit(user, "apikey \(key.id)", decision)])
        forget(key.hash)
        return isChanged
    }

    /// Deletes a key.
    public func remove(_ key: APIKey, by user: String) async throws(CoreError) -> Bool {
        let isGone = try await store.removeAPIKey(key.id, audit: [audit(user, "apikey \(key.id)", "deleted")])
        forget(key.hash)
        return isGone
    }

    // MARK: Memory

    private func recall(_ hash: String) -> Grant? {
        let now = clock.now
        return remembered.withLock { memory in
            guard let found = memory[hash], found.until > now else { return nil }
            return found.grant
        }
    }

    private func remember(_ hash: String, _ grant: Grant) {
        let until = min(clock.now + Self.memory, grant.expiresAt ?? clock.now + Self.memory)
        remembered.withLock { memory in
            if memory.count >= Self.mostRemembered { memory.removeAll(keepingCapacity: true) }
            memory[hash] = Remembered(grant: grant, until: until)
        }
    }

    private func forget(_ hash: String) { remembered.withLock { _ = $0.removeValue(forKey: hash) } }

    private func keyHash(_ key: String) -> String { digest.sha512(Array((Self.keyPrefix + key).utf8)) }

    private func audit(_ user: String, _ subject: String, _ decision: String) -> AuditRecord {
        AuditRecord(at: clock.now, kind: .credential, user: user, subject: subject, decision: decision)
    }
}
