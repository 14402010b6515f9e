import PetrelCore

/// A chat platform that `chat.adapters` may name, with the keys of its entries besides name and platform.
struct ChatPlatform: Sendable {
    var name: String
    var options: [Setting] = []
    /// Options without which a connection can't be made.
    var required: [String] = []
    /// Whether one entry is all that makes sense.
    var isSingle = false
}

/// All settings, and all chat platforms that can be set up.
struct SettingsCatalog: Sendable {
    var settings: [Setting]
    var platforms: [ChatPlatform]

    /// The settings of the service.
    static let petrel = SettingsCatalog(
        settings: [dataDir] + http + auth + access + store + content + chat + engine + templates + runners
            + rules + retention + log,
        platforms: [ChatPlatform(name: "local", isSingle: true), slack, mattermost, irc, xmpp])

    /// The setting of a name, or nil.
    func setting(_ path: String) -> Setting? { settings.first { $0.path == path } }

    /// Whether settings stand below this name.
    func isSection(_ path: String) -> Bool { settings.contains { $0.path.hasPrefix(path + ".") } }

    /// The keys that may stand in a section; nil for the top.
    func keys(in section: String?) -> [String] {
        let depth = section.map { $0.split(separator: ".").count } ?? 0
        var keys: [String] = []
        for setting in settings where section.map({ setting.path.hasPrefix($0 + ".") }) ?? true {
            let key = setting.keys[depth]
            if !keys.contains(key) { keys.append(key) }
        }
        return keys
    }
}

extension SettingsCatalog {
    private static let dataDir = Setting(
        path: "data_dir", kind: .path, standard: "./petrel-data",
        summary: "Folder of all that Petrel keeps: database, large results, running commands, the admin token.")

    private static let http = [
        Setting(
            path: "http.host", kind: .text, standard: "127.0.0.1",
            summary: "Address on which the API listens; 0.0.0.0 is every address of this machine."),
        Setting(
            path: "http.port", kind: .integer(0...65_535), standard: 9101,
            summary: "Port of the API; 0 takes a free one."),
        Setting(
            path: "http.tls_certificate", kind: .optionalPath, standard: "",
            summary: "File with the certificate and those between it and the root, PEM; with it the port speaks HTTPS."),
        Setting(
            path: "http.tls_key", kind: .optionalPath, standard: "",
            summary: "File with the private key of the certificate, PEM."),
        Setting(
            path: "http.allow_origins", kind: .words, standard: [],
            summary: "Origins of web pages that may use the API from a browser; * is every one."),
        Setting(
            path: "http.public_url", kind: .text, standard: "",
            summary: "The service's address as people and actions reach it, where a proxy stands before it."),
        Setting(
            path: "http.max_body_bytes", kind: .integer(1024...(256 << 20)), standard: 2_097_152,
            summary: "Largest request body in bytes."),
    ]

    private static let auth = [
        Setting(
            path: "auth.mode", kind: .choice(["standalone", "proxy"]), standard: "standalone",
            summary: "Who checks passwords: standalone is Petrel itself, proxy a web server before it."),
        Setting(
            path: "auth.enabled", kind: .flag, standard: true,
            summary: "Whether the API asks for a token; a first start writes one to admin-token in the data folder."),
        Setting(
            path: "auth.backend", kind: .choice(["htpasswd", "pam"]), standard: "htpasswd",
            summary: "Where passwords are looked up: in a file as the program htpasswd writes it, or by this machine."),
        Setting(
            path: "auth.htpasswd", kind: .optionalPath, standard: "",
            summary: "The file of user names and password hashes; empty is htpasswd in the data folder."),
        Setting(
            path: "auth.pam_service", kind: .text, standard: "login",
            summary: "The PAM service by whose rules passwords are checked."),
        Setting(
            path: "auth.token_ttl_seconds", kind: .integer(60...(366 * 86_400)), standard: 86_400,
            summary: "Seconds that a token lives, and the most that a client may ask for."),
        Setting(
            path: "auth.service_users", kind: .words, standard: [],
            summary: "Users, such as another bot, who may get tokens that speak for others."),
        Setting(
            path: "auth.proxies", kind: .words, standard: [],
            summary: "In mode proxy: addresses of the web servers that may vouch for users by X-Forwarded-User."),
    ]

    private static let access = [
        Setting(
            path: "access.chat_default_role", kind: .choice(Role.allCases.map(\.rawValue)), standard: "starter",
            summary: "Role of a chat person who is mapped to none; starter may run the harmless shipped aliases."),
        Setting(
            path: "access.user_default_role", kind: .choice(Role.allCases.map(\.rawValue)), standard: "operator",
            summary: "Role of a user who logged in or has an API key and whom no assignment in rbac/ names."),
    ]

    private static let store = [
        Setting(
            path: "store.durability", kind: .choice(["full", "relaxed"]), standard: "full",
            summary: "What survives: with full a loss of power, with relaxed a crash of the process only.")
    ]

    private static let content = [
        Setting(
            path: "packs.paths", kind: .paths, standard: [],
            summary: "Folders of packs besides the built-in ones and packs in the data folder.", needsRestart: false),
        Setting(
            path: "aliases.paths", kind: .paths, standard: ["aliases"],
            summary: "Folders of action aliases, each with a folder for a pack; one that is not there is left out.",
            needsRestart: false),
    ]

    private static let chat = [
        Setting(
            path: "chat.name", kind: .text, standard: "petrel",
            summary: "Name of the bot; a message that begins with it is a command."),
        Setting(
            path: "chat.prefix", kind: .text, standard: "!",
            summary: "What a command begins with; a mention or a direct message needs neither this nor the name."),
        Setting(
            path: "chat.pacing", kind: .flag, standard: true,
            summary: "Whether posts are held back below the platforms' known limits; what they ask for is always done."),
        Setting(
            path: "chat.policy", kind: .optionalPath, standard: "",
            summary: "File that says who may use which aliases in which channels; empty leaves it to roles alone.",
            needsRestart: false),
        Setting(
            path: "chat.adapters", kind: .adapters, standard: [["name": "local", "platform": "local"]],
            summary: "Connections to chat platforms; two workspaces of one platform are two entries."),
    ]

    private static let slack = ChatPlatform(
        name: "slack",
        options: [
            Setting(
                path: "app_token", kind: .text, standard: "", summary: "The app's token xapp-… for Socket Mode.",
                isSecret: true),
            Setting(
                path: "bot_token", kind: .text, standard: "", summary: "The bot's token xoxb-… for the Web API.",
                isSecret: true),
            Setting(
                path: "api_url", kind: .text, standard: "https://slack.com/api", summary: "Where the Web API is."),
        ] + [slashCommand] + common, required: ["app_token", "bot_token"])

    private static let mattermost = ChatPlatform(
        name: "mattermost",
        options: [
            Setting(path: "url", kind: .text, standard: "", summary: "The server, such as https://chat.example.com."),
            Setting(path: "token", kind: .text, standard: "", summary: "The bot account's token.", isSecret: true),
            Setting(
                path: "callback_url", kind: .text, standard: "",
                summary: "Petrel's address for slash commands and buttons, as the server reaches it."),
            Setting(
                path: "command_token", kind: .text, standard: "",
                summary: "The token of the slash command that points there.", isSecret: true),
        ] + [slashCommand] + common, required: ["url", "token"])

    private static let irc = ChatPlatform(
        name: "irc",
        options: [
            Setting(path: "url", kind: .text, standard: "", summary: "The server's websocket, wss://…"),
            Setting(path: "nick", kind: .text, standard: "petrel", summary: "The nick that the bot takes."),
            Setting(
                path: "account", kind: .text, standard: "", summary: "The services account that the bot logs in to."),
            Setting(path: "password", kind: .text, standard: "", summary: "That account's password.", isSecret: true),
            Setting(path: "channels", kind: .words, standard: [], summary: "The channels that the bot is in."),
            Setting(
                path: "identity", kind: .choice(["account", "nick"]), standard: "account",
                summary: "What people are known by: their services account, or the nick, which anybody can take."),
        ] + common, required: ["url"])

    private static let xmpp = ChatPlatform(
        name: "xmpp",
        options: [
            Setting(path: "url", kind: .text, standard: "", summary: "The server's websocket, wss://…/xmpp-websocket."),
            Setting(path: "address", kind: .text, standard: "", summary: "The bot's address, petrel@example.com."),
            Setting(path: "password", kind: .text, standard: "", summary: "Its password.", isSecret: true),
            Setting(path: "rooms", kind: .words, standard: [], summary: "The rooms that the bot is in."),
            Setting(path: "nick", kind: .text, standard: "petrel", summary: "The nick that the bot takes in rooms."),
        ] + common, required: ["url", "address", "password"])

    private static let slashCommand = Setting(
        path: "slash_command", kind: .text, standard: "/petrel",
        summary: "The slash command that stands for Petrel.")

    /// What every connection to a platform can be told.
    private static let common = [
        Setting(path: "pacing", kind: .flag, standard: true, summary: "As chat.pacing, for this connection."),
        Setting(path: "ca_file", kind: .optionalPath, standard: "", summary: "File of certificates to trust, PEM."),
    ]

    private static let engine = [
        Setting(
            path: "engine.max_running", kind: .integer(1...10_000), standard: 60,
            summary: "Most executions that run at once; more of them wait."),
        Setting(
            path: "engine.system_user", kind: .text, standard: "",
            summary: "User of this machine under which commands run; empty is the user of the service itself."),
        Setting(
            path: "engine.max_output_bytes", kind: .integer(1024...(1 << 30)), standard: 10_485_760,
            summary: "Most bytes that are kept of each output of a command; the rest is cut."),
        Setting(
            path: "engine.shutdown_grace_seconds", kind: .integer(0...86_400), standard: 5,
            summary: "Seconds that a stopping service waits for executions; those left are taken up at the next start."),
        Setting(
            path: "engine.validate_output_schema", kind: .flag, standard: false,
            summary: "Whether an execution fails whose result does not follow the output_schema of its action."),
    ]

    private static let runners = [
        Setting(
            path: "datastore.key_file", kind: .optionalPath, standard: "",
            summary: "The key of the datastore's secrets, as StackStorm keeps it; empty is one in the data folder."),
        Setting(
            path: "http_request.refuse_private", kind: .flag, standard: false,
            summary: "Whether http-request actions reach neither private networks nor this machine."),
        Setting(
            path: "local.shell", kind: .optionalPath, standard: "",
            summary: "The POSIX shell that reads commands on this machine; empty is bash, or sh where there is none."),
        Setting(
            path: "python.binary", kind: .text, standard: "python3",
            summary: "The Python of packs that have no virtual environment in virtualenvs in the data folder."),
        Setting(
            path: "python.max_workers", kind: .integer(0...100), standard: 4,
            summary: "Most Pythons, one for each virtual environment, kept ready to fork actions; 0 starts each anew."),
        Setting(
            path: "ssh.user", kind: .text, standard: "",
            summary: "User on other machines where an action names none; empty is engine.system_user."),
        Setting(
            path: "ssh.key_file", kind: .optionalPath, standard: "",
            summary: "Private key for other machines where an action gives neither key nor password."),
        Setting(
            path: "ssh.config_file", kind: .optionalPath, standard: "",
            summary: "Configuration of the SSH client; empty is none."),
        Setting(
            path: "ssh.host_key_check", kind: .choice(["yes", "accept-new", "no"]), standard: "yes",
            summary: "Whether other machines must be in known_hosts: yes, or also those never seen before, or no."),
        Setting(
            path: "ssh.connect_timeout_seconds", kind: .integer(1...3600), standard: 60,
            summary: "Seconds that connecting to another machine may take."),
        Setting(
            path: "ssh.max_parallel", kind: .integer(1...1000), standard: 50,
            summary: "Most machines that one execution works on at once."),
        Setting(
            path: "ssh.allow_partial_failure", kind: .flag, standard: false,
            summary: "Whether an execution on several machines succeeds when one of them does."),
        Setting(
            path: "ssh.persist_seconds", kind: .integer(0...3600), standard: 60,
            summary: "Seconds that a connection to another machine is kept for further executions; 0 shares none."),
    ]

    private static let rules = [
        Setting(
            path: "rules.validate_payloads", kind: .flag, standard: true,
            summary: "Whether payloads are held against the schemas of trigger types that packs declare."),
        Setting(
            path: "rules.longest_chain", kind: .integer(0...1_000_000), standard: 100,
            summary: "How many events may lead to one another before rules act no more; 0 for any number."),
        Setting(
            path: "sensors.enabled", kind: .flag, standard: true,
            summary: "Whether the sensors of packs run, each in a process of its own."),
        Setting(
            path: "timers.local_timezone", kind: .text, standard: "",
            summary: "Time zone of timers that name none; empty is this machine's."),
        Setting(
            path: "timers.misfire", kind: .choice(Misfire.allCases.map(\.rawValue)), standard: "once",
            summary: "What timers do about times that they missed while the service was down."),
        Setting(
            path: "webhooks.signed", kind: .words, standard: [],
            summary: "Webhooks that take signed requests: URL SCHEME FILE, see docs/events.md."),
    ]

    private static let templates = [
        Setting(
            path: "templates.reevaluate_results", kind: .flag, standard: false,
            summary: "Whether workflows evaluate a result that looks like an expression again; data is code then."),
        Setting(
            path: "templates.render_api_parameters", kind: .flag, standard: true,
            summary: "Whether templates in parameters that the API or the command line give are rendered."),
    ]

    private static let retention = [
        Setting(
            path: "retention.events_days", kind: .integer(0...36_500), standard: 30,
            summary: "Days after which trigger instances, rule enforcements and traces are forgotten; 0 keeps them."),
        Setting(
            path: "retention.executions_days", kind: .integer(0...36_500), standard: 180,
            summary: "Days after which ended executions, their results and posts are forgotten; 0 keeps them."),
        Setting(
            path: "retention.audit_days", kind: .integer(0...36_500), standard: 730,
            summary: "Days after which rows of the audit trail are forgotten; 0 keeps them."),
    ]

    private static let log = [
        Setting(
            path: "log.format", kind: .choice(["text", "json", "logfmt"]), standard: "text",
            summary: "How log lines look: for people, or for programs."),
        Setting(
            path: "log.level", kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            standard: "info", summary: "Least important messages that are logged."),
    ]
}
