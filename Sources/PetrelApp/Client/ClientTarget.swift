import FoundationEssentials
import PetrelCore

/// What a client says about itself to the service.
enum Credential: Sendable {
    /// Sent as `X-Auth-Token`.
    case token(Secret<String>)
    /// Sent as `St2-Api-Key`.
    case apiKey(Secret<String>)
    /// A user name and a password, `name:password`.
    case basic(Secret<String>)

    /// The header that carries it.
    var header: (name: String, value: String) {
        switch self {
        case .token(let token): ("X-Auth-Token", token.reveal())
        case .apiKey(let key): ("St2-Api-Key", key.reveal())
        case .basic(let pair): ("Authorization", "Basic " + Data(pair.reveal().utf8).base64EncodedString())
        }
    }
}

/// What the flags of a client command said.
struct ClientFlags: Sendable {
    var server: String?
    var token: String?
    var apiKey: String?
    var dataDir: String?
    var config: String?
}

/// Which service a client command talks to, and as whom.
struct ClientTarget: Sendable {
    /// The URL that the API's routes follow, such as `http://127.0.0.1:9101/v1`.
    var apiURL: String
    var credential: Credential?
    /// By what to have another token when the saved one has ended, where `petrel login -w` kept it.
    var savedLogin: SavedLogin?
    /// The environment whose home folder holds the saved token.
    var environment: [String: String] = [:]
    /// The data folder of a service on this machine; it need not exist.
    var dataDir: String
    /// The name and the command prefix of the bot, as far as known here.
    var chatName = "petrel"
    var chatPrefix = "!"

    /// Finds both from flags, environment, settings and the service's data folder, in this order.
    /// - Throws: ``AppErrors`` when the settings that were named are wrong or an address makes no sense.
    static func find(_ flags: ClientFlags, environment: [String: String], workingFolder: String) throws(AppErrors)
        -> ClientTarget
    {
        var loaded: LoadedSettings?
        if flags.config != nil || environment.text("PETREL_CONFIG") != nil {
            loaded = try LoadedSettings.load(
                config: flags.config, dataDir: flags.dataDir, environment: environment, workingFolder: workingFolder)
        }
        let named = flags.dataDir ?? environment.text("PETREL_DATA_DIR")
        let dataDir = loaded?.settings.dataDir ?? PathText.absolute(named ?? "petrel-data", in: workingFolder)
        let written = loaded == nil ? Self.written(in: dataDir, isNamed: named != nil) : nil
        let url = address(flags, environment) ?? written ?? address(of: loaded?.settings.http)
        guard let apiURL = apiURL(url) else {
            throw AppErrors([
                AppError(.usage, "\"\(url)\" is no address of a service", hint: "Write it as http://HOST:PORT")
            ])
        }
        var target = ClientTarget(apiURL: apiURL, dataDir: dataDir)
        if let chat = loaded?.settings.chat { (target.chatName, target.chatPrefix) = (chat.name, chat.prefix) }
        // The token that happens to lie in the working folder is not for a server elsewhere.
        let mayReadToken = named != nil || loaded != nil || isLoopback(apiURL)
        target.credential = credential(flags, environment)
        if target.credential == nil, let saved = SavedToken.find(server: apiURL, environment) {
            target.credential = .token(saved.token)
            target.savedLogin = saved.login
            target.environment = environment
        }
        if target.credential == nil, mayReadToken, let token = try? SecretFile.text(dataDir + "/admin-token") {
            target.credential = .token(token)
        }
        return target
    }

    private static func address(_ flags: ClientFlags, _ environment: [String: String]) -> String? {
        if let server = flags.server { return server }
        if let server = environment.text("PETREL_SERVER") ?? environment.text("ST2_API_URL") { return server }
        return environment.text("ST2_BASE_URL").map { hasPort($0) ? $0 : $0.droppingSlashes + ":9101" }
    }

    /// The address that a running service leaves in its data folder.
    ///
    /// The folder that happens to be in the working folder must not send credentials elsewhere.
    private static func written(in dataDir: String, isNamed: Bool) -> String? {
        guard let url = try? SecretFile.text(dataDir + "/url").reveal(), isNamed || isLoopback(url) else { return nil }
        return url
    }

    private static func address(of http: Settings.HTTP?) -> String {
        guard let http else { return "http://127.0.0.1:9101" }
        let host = ["0.0.0.0": "127.0.0.1", "::": "::1"][http.host] ?? http.host
        return "http://" + (host.contains(":") ? "[\(host)]" : host) + ":\(http.port)"
    }

    /// The URL with the version at its end; nil if it is none.
    private static func apiURL(_ text: String) -> String? {
        let full = text.contains("://") ? text : "http://" + text
        guard full.hasPrefix("http://") || full.hasPrefix("https://"), !full.contains("?"), !full.contains("#"),
            !host(of: full).isEmpty
        else { return nil }
        let url = full.droppingSlashes
        return url.hasSuffix("/v1") ? url : url + "/v1"
    }

    /// What was given in so many words.
    private static func credential(_ flags: ClientFlags, _ environment: [String: String]) -> Credential? {
        if let token = flags.token { return .token(Secret(token)) }
        if let key = flags.apiKey { return .apiKey(Secret(key)) }
        if let token = environment.text("PETREL_TOKEN") ?? environment.text("ST2_AUTH_TOKEN") {
            return .token(Secret(token))
        }
        return environment.text("ST2_API_KEY").map { .apiKey(Secret($0)) }
    }

    private static func authority(of url: String) -> Substring {
        let rest = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        return rest.prefix { $0 != "/" }
    }

    private static func host(of url: String) -> Substring {
        let authority = authority(of: url)
        if authority.hasPrefix("[") { return authority.dropFirst().prefix { $0 != "]" } }
        return authority.prefix { $0 != ":" }
    }

    private static func hasPort(_ url: String) -> Bool {
        let authority = authority(of: url)
        return (authority.hasPrefix("[") ? authority.drop { $0 != "]" } : authority).contains(":")
    }

    private static func isLoopback(_ url: String) -> Bool {
        let host = host(of: url)
        return host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}

extension [String: String] {
    /// The value of a variable; nil when it is not set or empty.
    func text(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}

extension String {
    fileprivate var droppingSlashes: String {
        var text = self
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
