/// Whose keys are meant: those of all, or those of one user.
public enum KeyScope: Sendable, Hashable {
    /// Read by everybody, changed by administrators.
    case system
    /// One user's own.
    case user(String)

    /// The scope as StackStorm writes it.
    public var name: String {
        switch self {
        case .system: "st2kv.system"
        case .user: "st2kv.user"
        }
    }

    /// The user whose keys they are; nil for those of all.
    public var user: String? {
        if case .user(let user) = self { user } else { nil }
    }
}

/// The name of a key within its scope.
public struct KeyName: Sendable, Hashable, CustomStringConvertible {
    /// Whose key it is.
    public var scope: KeyScope
    /// The name; it may have dots in it.
    public var name: String

    /// A name from its parts.
    public init(_ scope: KeyScope, _ name: String) {
        self.scope = scope
        self.name = name
    }

    /// As StackStorm stores it: `user:name` in the user scope.
    public var storedName: String { scope.user.map { $0 + ":" + name } ?? name }
    /// Scope and stored name.
    public var description: String { "\(scope.name):\(storedName)" }
}

/// One entry of the datastore.
public struct KeyValue: Sendable, Hashable {
    /// The id by which the API knows it; it stays when the value changes.
    public var id: String
    /// Its name.
    public var key: KeyName
    /// The text; that of a secret is encrypted.
    public var value: String
    /// Whether the value is encrypted.
    public var isSecret: Bool
    /// From then on it is as if it were not there.
    public var expiresAt: Instant?
    /// What its maker wrote beside it.
    public var summary: String?

    /// An entry from its parts.
    public init(
        id: String, key: KeyName, value: String, isSecret: Bool = false, expiresAt: Instant? = nil,
        summary: String? = nil
    ) {
        self.id = id
        self.key = key
        self.value = value
        self.isSecret = isSecret
        self.expiresAt = expiresAt
        self.summary = summary
    }
}

/// What happened to an entry of the datastore.
public struct KeyChange: Sendable, Hashable {
    /// The entry before; nil for one that is new.
    public var old: KeyValue?
    /// The entry now; nil for one that was deleted.
    public var new: KeyValue?

    /// A change from its two sides.
    public init(old: KeyValue?, new: KeyValue?) {
        self.old = old
        self.new = new
    }
}
