public import PetrelCore

/// How a connection to a Slack workspace is set up.
public struct SlackOptions: Sendable {
    /// The name of the `chat.adapters` entry.
    public var name: AdapterName
    /// `xapp-…`, with the scope `connections:write`.
    public var appToken: Secret<String>
    /// `xoxb-…`.
    public var botToken: Secret<String>
    /// Where the Web API is, without a slash at the end.
    public var apiURL: String
    /// The slash command that stands for the bot.
    public var slashCommand: String
    /// Whether sends are kept below Slack's limits; what Slack asks for by a 429 is always done.
    public var isPaced: Bool
    /// How far back is fetched what was said while Petrel was away.
    public var historyAge: Duration
    /// Ids (`B…`) of bots that are listened to; all others are not.
    public var heardBots: Set<String>
    /// Whether a changed message is handed on as one of kind `edit`.
    public var handsOnEdits: Bool
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?

    /// A set-up with the usual choices.
    public init(
        name: AdapterName, appToken: Secret<String>, botToken: Secret<String>,
        apiURL: String = "https://slack.com/api", slashCommand: String = "/petrel", isPaced: Bool = true,
        historyAge: Duration = .seconds(15 * 60), heardBots: Set<String> = [], handsOnEdits: Bool = false,
        caFile: String? = nil
    ) {
        self.name = name
        self.appToken = appToken
        self.botToken = botToken
        self.apiURL = apiURL.hasSuffix("/") ? String(apiURL.dropLast()) : apiURL
        self.slashCommand = slashCommand
        self.isPaced = isPaced
        self.historyAge = historyAge
        self.heardBots = heardBots
        self.handsOnEdits = handsOnEdits
        self.caFile = caFile
    }
}
