public import PetrelCore

/// How a connection to a Mattermost server is set up.
public struct MattermostOptions: Sendable {
    /// The name of the `chat.adapters` entry.
    public var name: AdapterName
    /// The server, such as `https://chat.example.com`, without a slash at the end.
    public var url: String
    /// The bot account's access token.
    public var token: Secret<String>
    /// Where the Mattermost server reaches this adapter's callbacks; nil: there are no buttons, choices are reactions.
    public var callbackURL: String?
    /// The tokens of the slash commands that point to ``callbackURL``.
    public var commandTokens: [Secret<String>]
    /// The slash command that stands for the bot.
    public var slashCommand: String
    /// Whether sends are kept below ten a second; what the server asks for by a 429 is always done.
    public var isPaced: Bool
    /// How far back is fetched what was said while Petrel was away.
    public var historyAge: Duration
    /// Ids of bot accounts that are listened to; all others are not.
    public var heardBots: Set<String>
    /// Whether a changed message is handed on as one of kind `edit`.
    public var handsOnEdits: Bool
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?

    /// A set-up with the usual choices.
    public init(
        name: AdapterName, url: String, token: Secret<String>, callbackURL: String? = nil,
        commandTokens: [Secret<String>] = [], slashCommand: String = "/petrel", isPaced: Bool = true,
        historyAge: Duration = .seconds(15 * 60), heardBots: Set<String> = [], handsOnEdits: Bool = false,
        caFile: String? = nil
    ) {
        self.name = name
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        self.callbackURL = callbackURL
        self.commandTokens = commandTokens
        self.slashCommand = slashCommand
        self.isPaced = isPaced
        self.historyAge = historyAge
        self.heardBots = heardBots
        self.handsOnEdits = handsOnEdits
        self.caFile = caFile
    }

    /// The REST API's address.
    var apiURL: String { url + "/api/v4" }

    /// The websocket's address: https becomes wss, http ws.
    var socketURL: String { "ws" + apiURL.dropFirst(4) + "/websocket" }
}
