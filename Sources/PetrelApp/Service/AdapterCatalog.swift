import PetrelAdapters
import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelSystem

/// Builds the chat adapters; a new platform is one case here.
struct AdapterCatalog {
    let store: any RoomStore
    let clock: any PetrelClock
    let random: any RandomSource
    /// Whether sends are held back, where the entry itself says nothing.
    let isPaced: Bool
    /// What commands begin with.
    let prefix: String

    /// The adapter of a `chat.adapters` entry, whose required options are there.
    func adapter(_ entry: Settings.Adapter) -> any ChatAdapter {
        switch entry.platform {
        case "slack":
            SlackAdapter(slack(entry), http: HTTPClient(), clock: clock, random: random)
        case "mattermost":
            MattermostAdapter(mattermost(entry), http: HTTPClient(), clock: clock, random: random)
        case "irc": IRCAdapter(irc(entry), clock: clock, random: random)
        case "xmpp": XMPPAdapter(xmpp(entry), clock: clock, random: random)
        default: LocalRoom(name: entry.name, store: store, clock: clock)
        }
    }

    private func slack(_ entry: Settings.Adapter) -> SlackOptions {
        SlackOptions(
            name: entry.name, appToken: entry.secrets["app_token"] ?? Secret(""),
            botToken: entry.secrets["bot_token"] ?? Secret(""),
            apiURL: entry.text("api_url") ?? "https://slack.com/api",
            slashCommand: entry.text("slash_command") ?? "/petrel",
            isPaced: entry.options["pacing"]?.bool ?? isPaced, caFile: entry.text("ca_file"))
    }

    private func mattermost(_ entry: Settings.Adapter) -> MattermostOptions {
        MattermostOptions(
            name: entry.name, url: entry.text("url") ?? "", token: entry.secrets["token"] ?? Secret(""),
            callbackURL: entry.text("callback_url"),
            commandTokens: entry.secrets["command_token"].map { [$0] } ?? [],
            slashCommand: entry.text("slash_command") ?? "/petrel",
            isPaced: entry.options["pacing"]?.bool ?? isPaced, caFile: entry.text("ca_file"))
    }

    private func irc(_ entry: Settings.Adapter) -> IRCOptions {
        IRCOptions(
            name: entry.name, url: entry.text("url") ?? "", nick: entry.text("nick") ?? "petrel",
            account: entry.text("account"), password: entry.secrets["password"] ?? Secret(""),
            channels: entry.texts("channels"),
            identity: entry.text("identity").flatMap(IRCOptions.Identity.init) ?? .account, prefix: prefix,
            isPaced: entry.options["pacing"]?.bool ?? isPaced, caFile: entry.text("ca_file"))
    }

    private func xmpp(_ entry: Settings.Adapter) -> XMPPOptions {
        XMPPOptions(
            name: entry.name, url: entry.text("url") ?? "", address: entry.text("address") ?? "",
            password: entry.secrets["password"] ?? Secret(""), rooms: entry.texts("rooms"),
            nick: entry.text("nick") ?? "petrel", isPaced: entry.options["pacing"]?.bool ?? isPaced,
            caFile: entry.text("ca_file"))
    }
}
