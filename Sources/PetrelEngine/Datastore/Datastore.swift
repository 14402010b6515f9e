public import PetrelCore
public import PetrelExpressions

/// The datastore with its secrets: reads for templates, changes for the API.
public struct Datastore: Sendable {
    /// What somebody sets.
    public struct Entry: Sendable {
        /// Its name.
        public var key: KeyName
        /// The text; a ciphertext if ``isEncrypted``.
        public var value: String
        /// Whether it is to be stored encrypted.
        public var isSecret: Bool
        /// Whether it is encrypted already.
        public var isEncrypted: Bool
        /// How long it lives; nil for as long as nobody deletes it.
        public var life: Duration?
        /// What is kept beside it.
        public var summary: String?

        /// An entry from its parts.
        public init(
            key: KeyName, value: String, isSecret: Bool = false, isEncrypted: Bool = false, life: Duration? = nil,
            summary: String? = nil
        ) {
            self.key = key
            self.value = value
            self.isSecret = isSecret
            self.isEncrypted = isEncrypted
            self.life = life
            self.summary = summary
        }
    }

    private let store: any KeyStore
    private let audit: any AuditStore
    private let cipher: (any TextCipher)?
    private let catalog: LiveEventCatalog?
    private let events: EventHub
    private let clock: any PetrelClock
    private let ids: any IDSource

    /// A datastore over its store.
    /// - Parameters:
    ///   - cipher: nil where there is no key: then there are no secrets.
    ///   - catalog: whose rules are told of changes; nil where there are none.
    public init(
        store: any Storage, cipher: (any TextCipher)?, catalog: LiveEventCatalog? = nil, events: EventHub,
        clock: any PetrelClock, ids: any IDSource
    ) {
        self.catalog = catalog
        self.store = store
        audit = store
        self.cipher = cipher
        self.events = events
        self.clock = clock
        self.ids = ids
    }

    // MARK: Templates

    /// What templates see as `st2kv` when they are rendered for a user.
    public func lookup(user: String) -> any LookupRoot { KeyRoot(store: store, user: user, clock: clock) }

    /// What the filter `decrypt_kv` does.
    public func decrypt(_ value: Value) throws(ExpressionError) -> Value {
        guard let text = value.string else {
            throw ExpressionError(.failed, "decrypt_kv takes the text of a key, not \(value.typeName)")
        }
        do throws(CoreError) { return .string(try decrypted(text)) } catch {
            throw ExpressionError(.failed, error.message, hint: error.hint)
        }
    }

    // MARK: API

    /// The entry of a name.
    public func entry(_ key: KeyName) async throws(CoreError) -> KeyValue? { try await store.key(key, at: clock.now) }

    /// Entries by name.
    public func entries(_ query: KeyQuery) async throws(CoreError) -> [KeyValue] {
        try await store.keys(query, at: clock.now)
    }

    /// The text of an entry in clear.
    public func plainText(of entry: KeyValue) throws(CoreError) -> String {
        entry.isSecret ? try decrypted(entry.value) : entry.value
    }

    /// Records that somebody saw secrets in clear.
    public func recordDecryption(of names: [String], by user: String) async throws(CoreError) {
        guard !names.isEmpty else { return }
        try await audit.record(names.map { row($0, "decrypted", user) })
    }

    /// Sets an entry as a whole, if the condition holds.
    public func set(
        _ entry: Entry, if condition: KeyCondition? = nil, by user: String, cause: EventCause? = nil
    ) async throws(CoreError) -> KeyAnswer {
        try check(entry.key)
        let value = try storedText(of: entry)
        let now = clock.now
        let new = KeyValue(
            id: ids.next(), key: entry.key, value: value, isSecret: entry.isSecret || entry.isEncrypted,
            expiresAt: entry.life.map { now + $0 }, summary: entry.summary)
        let news = news(cause)
        let answer = try await store.setKey(
            new, if: condition, at: now, audit: [row(entry.key.description, "set", user)], news: news.instances)
        news.publish()
        return answer
    }

    /// Adds to an entry that is a whole number, or makes one that is not there.
    public func increment(_ key: KeyName, by amount: Int, user: String, cause: EventCause? = nil)
        async throws(CoreError) -> KeyValue?
    {
        try check(key)
        let news = news(cause)
        let change = try await store.increment(
            key, by: amount, id: ids.next(), at: clock.now, audit: [row(key.description, "incremented", user)],
            news: news.instances)
        news.publish()
        return change.new
    }

    /// Deletes an entry.
    /// - Returns: false if there was none.
    public func remove(_ key: KeyName, by user: String, cause: EventCause? = nil) async throws(CoreError) -> Bool {
        let news = news(cause)
        let removed = try await store.removeKey(
            key, at: clock.now, audit: [row(key.description, "deleted", user)], news: news.instances)
        news.publish()
        return removed != nil
    }

    /// What rules are told of a change that begins now.
    private func news(_ cause: EventCause?) -> DatastoreNews {
        DatastoreNews(catalog: catalog?.current, cause: cause, events: events, clock: clock, ids: ids)
    }

    // MARK: Details

    private static let maxNameBytes = 1024
    private static let maxValueBytes = 1 << 20

    private func check(_ key: KeyName) throws(CoreError) {
        guard !key.name.isEmpty, key.name.utf8.count <= Self.maxNameBytes,
            key.name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw CoreError(
                .invalidInput, "A key's name has 1 to \(Self.maxNameBytes) bytes and no control characters.")
        }
    }

    private func storedText(of entry: Entry) throws(CoreError) -> String {
        guard entry.value.utf8.count <= Self.maxValueBytes else {
            throw CoreError(.invalidInput, "The value of a key has at most \(Self.maxValueBytes) bytes.")
        }
        guard entry.isSecret || entry.isEncrypted else { return entry.value }
        guard let cipher else { throw missingKey(entry.key.name) }
        guard entry.isEncrypted else { return try cipher.encrypted(entry.value) }
        do throws(CoreError) { _ = try cipher.decrypted(entry.value) } catch {
            throw CoreError(
                .invalidInput,
                "Failed to verify the integrity of the provided value for key \"\(entry.key.name)\". \(error.message)",
                hint: "Encrypt it with the key of this Petrel")
        }
        return entry.value
    }

    private func decrypted(_ text: String) throws(CoreError) -> String {
        guard let cipher else { throw missingKey(nil) }
        return try cipher.decrypted(text)
    }

    private func missingKey(_ name: String?) -> CoreError {
        CoreError(
            .invalidInput,
            "Crypto key not found. Unable to encrypt / decrypt value" + (name.map { " for key \($0)" } ?? "") + ".",
            hint: "Make one with petrel key generate FILE and name it in datastore.key_file")
    }

    private func row(_ subject: String, _ decision: String, _ user: String) -> AuditRecord {
        AuditRecord(at: clock.now, kind: .key, user: user, subject: "key \(subject)", decision: decision)
    }
}

/// `st2kv` in templates: `st2kv.system.NAME` and `st2kv.user.NAME`.
private struct KeyRoot: LookupRoot {
    let store: any KeyStore
    let user: String
    let clock: any PetrelClock

    func value(at path: [String]) throws(ExpressionError) -> Value? {
        let name = path.dropFirst().joined(separator: ".")
        guard !name.isEmpty else { return nil }
        let scope: KeyScope
        switch path.first {
        case "system": scope = .system
        case "user": scope = .user(user)
        default: return nil
        }
        do throws(CoreError) {
            return try store.keyNow(KeyName(scope, name), at: clock.now).map { .string($0.value) }
        } catch {
            throw ExpressionError(.failed, "the datastore can't be read: \(error.message)")
        }
    }
}
