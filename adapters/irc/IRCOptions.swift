public import PetrelCore

/// How a connection to an IRC network is set up.
public struct IRCOptions: Sendable {
    /// Who a person on IRC is.
    public enum Identity: String, Sendable, CaseIterable {
        /// The services account that somebody is logged in to, as the server says with each message; who is logged in to
        /// none is not listened to.
        case account
        /// The nick. Whoever takes it is that person: for networks only on which nobody can take another's.
        case nick
    }

    /// The name of the `chat.adapters` entry.
    public var name: AdapterName
    /// The server's websocket, wss; ws on this machine alone.
    public var url: String
    /// The nick that the bot takes.
    public var nick: String
    /// The services account that the bot logs in to; nil: it logs in to none.
    public var account: String?
    /// That account's password.
    public var password: Secret<String>
    /// The channels that the bot is in, such as `#ops`; with a blank and the key where one is needed.
    public var channels: [String]
    /// What people are known by.
    public var identity: Identity
    /// What commands begin with; whoever gives one without being logged in is told why nothing happens.
    public var prefix: String
    /// Whether lines are kept to one a second after the first few, as networks without a promise want it.
    public var isPaced: Bool
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?

    /// A set-up with the usual choices.
    public init(
        name: AdapterName, url: String, nick: String = "petrel", account: String? = nil,
        password: Secret<String> = Secret(""), channels: [String] = [], identity: Identity = .account,
        prefix: String = "!", isPaced: Bool = true, caFile: String? = nil
    ) {
        self.name = name
        self.url = url
        self.nick = nick
        self.account = account
        self.password = password
        self.channels = channels
        self.identity = identity
        self.prefix = prefix
        self.isPaced = isPaced
        self.caFile = caFile
    }
}
