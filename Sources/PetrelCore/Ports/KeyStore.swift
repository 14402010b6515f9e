/// Which entries of the datastore a listing wants.
public struct KeyQuery: Sendable {
    /// Whose keys.
    public var scope: KeyScope
    /// What the name begins with; nil for any.
    public var prefix: String?
    /// The name itself; nil for any.
    public var name: String?
    /// Only the entry of this id; nil for any.
    public var id: String?
    /// Most entries; -1 for all.
    public var limit: Int
    /// Entries to leave out first.
    public var offset: Int

    /// A query for the first hundred.
    public init(
        scope: KeyScope, prefix: String? = nil, name: String? = nil, id: String? = nil, limit: Int = 100,
        offset: Int = 0
    ) {
        self.scope = scope
        self.prefix = prefix
        self.name = name
        self.id = id
        self.limit = limit
        self.offset = offset
    }
}

/// The events that a change gives rise to, stored in its transaction as pending.
///
/// Called within the transaction: it must be quick and ask nobody.
public typealias KeyNews = @Sendable (KeyChange) -> [TriggerInstance]

/// What must be true of an entry for it to be changed.
public enum KeyCondition: Sendable, Hashable {
    /// There is none.
    case absent
    /// It is no secret and has this value.
    case value(String)
}

/// What came of a change that named a condition.
public enum KeyAnswer: Sendable, Hashable {
    case changed(KeyChange)
    /// The condition did not hold; the entry that is there.
    case refused(KeyValue?)
}

/// The datastore: names and texts.
///
/// Checked by `StoreConformance`. An entry whose time is over is never seen again.
public protocol KeyStore: Sendable {
    /// The entry of a name, at once: a template can't wait.
    func keyNow(_ key: KeyName, at: Instant) throws(CoreError) -> KeyValue?
    /// The entry of a name.
    func key(_ key: KeyName, at: Instant) async throws(CoreError) -> KeyValue?
    /// Entries by name.
    func keys(_ query: KeyQuery, at: Instant) async throws(CoreError) -> [KeyValue]
    /// Stores an entry as a whole, if the condition holds; the id of a known one is kept. Flushed.
    func setKey(
        _ entry: KeyValue, if condition: KeyCondition?, at: Instant, audit: [AuditRecord], news: @escaping KeyNews
    ) async throws(CoreError) -> KeyAnswer
    /// Adds to an entry that is a whole number, or makes one that is not there. Flushed.
    /// - Parameter id: the id of one that is made.
    /// - Throws: `invalidInput` when it is no number, too large, or a secret.
    func increment(
        _ key: KeyName, by amount: Int, id: String, at: Instant, audit: [AuditRecord], news: @escaping KeyNews
    ) async throws(CoreError) -> KeyChange
    /// Deletes an entry. Flushed.
    /// - Returns: what it was; nil if there was none.
    func removeKey(_ key: KeyName, at: Instant, audit: [AuditRecord], news: @escaping KeyNews) async throws(CoreError)
        -> KeyValue?
    /// Forgets entries whose time was over before then. Written.
    func forgetKeys(expiredBefore: Instant) async throws(CoreError)
}

extension KeyStore {
    /// Stores an entry that nobody is told of.
    public func setKey(_ entry: KeyValue, if condition: KeyCondition?, at: Instant, audit: [AuditRecord])
        async throws(CoreError) -> KeyAnswer
    {
        try await setKey(entry, if: condition, at: at, audit: audit) { _ in [] }
    }

    /// Adds to an entry, and nobody is told of it.
    public func increment(_ key: KeyName, by amount: Int, id: String, at: Instant, audit: [AuditRecord])
        async throws(CoreError) -> KeyChange
    {
        try await increment(key, by: amount, id: id, at: at, audit: audit) { _ in [] }
    }

    /// Deletes an entry, and nobody is told of it.
    public func removeKey(_ key: KeyName, at: Instant, audit: [AuditRecord]) async throws(CoreError) -> KeyValue? {
        try await removeKey(key, at: at, audit: audit) { _ in [] }
    }
}

/// The port through which values are encrypted, so that no module above the edges needs a crypto library.
public protocol TextCipher: Sendable {
    /// The text as upper-case hexadecimal digits of its ciphertext.
    func encrypted(_ text: String) throws(CoreError) -> String
    /// The text of a ciphertext.
    /// - Throws: `invalidInput` when it is none, was changed, or needs another key.
    func decrypted(_ ciphertext: String) throws(CoreError) -> String
}
