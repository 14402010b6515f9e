public import PetrelCore

/// How a connection to an XMPP server is set up.
public struct XMPPOptions: Sendable {
    /// The name of the `chat.adapters` entry.
    public var name: AdapterName
    /// The server's websocket, wss; ws on this machine alone.
    public var url: String
    /// The bot's address, such as `petrel@example.com`.
    public var address: String
    /// Its password.
    public var password: Secret<String>
    /// The rooms that the bot is in, such as `ops@rooms.example.com`.
    public var rooms: [String]
    /// The nick that the bot takes in them.
    public var nick: String
    /// Whether posts are kept to a few a second.
    public var isPaced: Bool
    /// How far back is fetched what was said while Petrel was away.
    public var historyAge: Duration
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?

    /// A set-up with the usual choices.
    public init(
        name: AdapterName, url: String, address: String, password: Secret<String>, rooms: [String] = [],
        nick: String = "petrel", isPaced: Bool = true, historyAge: Duration = .seconds(15 * 60), caFile: String? = nil
    ) {
        self.name = name
        self.url = url
        self.address = address.lowercased()
        self.password = password
        self.rooms = rooms.map { $0.lowercased() }
        self.nick = nick
        self.isPaced = isPaced
        self.historyAge = historyAge
        self.caFile = caFile
    }

    /// The server's name.
    var domain: String { String(address.drop { $0 != "@" }.dropFirst()) }

    /// What stands before the server's name.
    var user: String { String(address.prefix { $0 != "@" }) }
}
