/// A person as a chat platform knows them.
public struct ChatPerson: Sendable, Hashable {
    /// The adapter on whose platform ``id`` holds.
    public var adapter: AdapterName
    /// The platform's stable id; never a display name.
    public var id: String
    /// The name to show.
    public var name: String
    /// Whether the platform itself vouches for an administrator: the person at the service's own terminal, or the
    /// holder of the admin token.
    ///
    /// No remote platform can set it.
    public var isOwner: Bool

    /// A person on a platform.
    public init(adapter: AdapterName, id: String, name: String, isOwner: Bool = false) {
        self.adapter = adapter
        self.id = id
        self.name = name
        self.isOwner = isOwner
    }
}

/// What a person may do, from least to most.
public enum Role: String, Sendable, CaseIterable, Comparable {
    /// May do nothing.
    case none
    /// May run the harmless shipped aliases and see help.
    case starter
    /// May run actions and aliases that don't ask for an administrator.
    case `operator`
    /// May do everything.
    case admin

    /// Whether the left role may do less.
    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
    private var rank: Int {
        switch self {
        case .none: 0
        case .starter: 1
        case .operator: 2
        case .admin: 3
        }
    }
}

/// Who asks for something: a user of Petrel, however they came in.
public struct Identity: Sendable, Hashable {
    /// The user name that executions and audit rows carry.
    public var user: String
    /// What they may do, at most.
    public var role: Role
    /// The chat person behind it, when the request came from a chat.
    public var person: ChatPerson?
    /// The most that counts here, whatever roles the user has: set for the token of a running action.
    public var ceiling: Role?
    /// The sensor whose token it is: no role counts then, only what a sensor needs.
    public var sensor: ContentRef?

    /// A user with a role.
    public init(user: String, role: Role, person: ChatPerson? = nil, ceiling: Role? = nil) {
        self.user = user
        self.role = role
        self.person = person
        self.ceiling = ceiling
    }
}

/// The stored mapping of a chat person to a user and a role.
public struct IdentityMapping: Sendable, Hashable {
    /// The adapter on whose platform ``personID`` holds.
    public var adapter: AdapterName
    /// The platform's stable id of the person.
    public var personID: String
    /// The user name that executions and audit rows carry.
    public var user: String
    /// What the person may do through this adapter; other adapters have mappings of their own.
    public var role: Role

    /// A mapping to be stored.
    public init(adapter: AdapterName, personID: String, user: String, role: Role) {
        self.adapter = adapter
        self.personID = personID
        self.user = user
        self.role = role
    }
}
