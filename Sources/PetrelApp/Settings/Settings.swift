import PetrelCore

/// The settings of the service, checked and typed.
struct Settings: Sendable {
    /// What survives what.
    enum Durability: String, Sendable { case full, relaxed }

    struct HTTP: Sendable {
        var host: String
        var port: Int
        var maxBodyBytes: Int
        /// Files of a certificate and its key; nil for plain HTTP.
        var tls: (certificate: String, key: String)?
        var allowedOrigins: [String]
        /// Without a slash at the end; nil: the address that the service listens on.
        var publicURL: String?
    }
    struct Retention: Sendable {
        /// nil: kept.
        var executions: Duration?
        var audit: Duration?
        var events: Duration?
    }
    struct Rules: Sendable {
        var validatesPayloads: Bool
        var runsSensors: Bool
        /// nil: this machine's.
        var timeZone: String?
        var misfire: Misfire
        /// Each `URL SCHEME FILE`.
        var signedWebhooks: [String]
        var longestChain: Int
    }
    struct Auth: Sendable {
        /// Addresses that vouch for users; empty where passwords are checked here.
        var proxies: Set<String>
        var isEnabled: Bool
        var backend: String
        /// nil: the one in the data folder.
        var htpasswd: String?
        var pamService: String
        var tokenLife: Duration
        var serviceUsers: Set<String>
    }
    struct Chat: Sendable {
        var name: String
        var prefix: String
        /// Whether sends are held back below the platforms' limits.
        var isPaced: Bool
        /// The file of the chat policy; nil for none.
        var policy: String?
        var adapters: [Adapter]
    }
    /// One entry of `chat.adapters`.
    struct Adapter: Sendable {
        var name: AdapterName
        var platform: String
        var options: [String: Value] = [:]
        var secrets: [String: Secret<String>] = [:]

        /// A text that was given; nil when it is absent or empty.
        func text(_ key: String) -> String? { options[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }

        /// A list that was given; empty when it is absent.
        func texts(_ key: String) -> [String] { options[key]?.array?.compactMap(\.string) ?? [] }
    }
    struct Templates: Sendable {
        /// Whether a workflow evaluates a result that looks like an expression once more.
        var reevaluatesResults: Bool
        var rendersAPIParameters: Bool
    }
    struct Engine: Sendable {
        var maxRunning: Int
        /// nil: the user of the service itself.
        var systemUser: String?
        var maxOutputBytes: Int
        var shutdownGrace: Duration
        var validatesOutput: Bool
    }
    struct Python: Sendable {
        var binary: String
        /// Zero: each action starts a Python of its own.
        var maxWorkers: Int
    }
    struct SSH: Sendable {
        /// nil: the user of commands on this machine.
        var user: String?
        var keyFile: String?
        var configFile: String?
        var hostKeyCheck: String
        var connectSeconds: Int
        var maxParallel: Int
        var allowsPartialFailure: Bool
        /// Zero: no connection is shared.
        var persistSeconds: Int
    }

    /// Absolute, as all paths here.
    var dataDir: String
    var http: HTTP
    var auth: Auth
    var chatDefaultRole: Role
    var userDefaultRole: Role
    var durability: Durability
    var packPaths: [String]
    var aliasPaths: [String]
    var chat: Chat
    var engine: Engine
    /// nil: bash, where there is one.
    var localShell: String?
    var python: Python
    var ssh: SSH
    /// nil: the one in the data folder.
    var datastoreKeyFile: String?
    var refusesPrivateAddresses: Bool
    var templates: Templates
    var retention: Retention
    var rules: Rules
    /// A level's name in swift-log.
    var logLevel: String
    /// `text`, `json` or `logfmt`.
    var logFormat: String
}

extension Settings {
    /// The settings that values make which were checked against the catalogue.
    init(_ values: SettingValues, adapters: [Adapter]) {
        dataDir = values.text("data_dir")
        http = HTTP(
            host: values.text("http.host"), port: values.integer("http.port"),
            maxBodyBytes: values.integer("http.max_body_bytes"),
            tls: values.text("http.tls_certificate").isEmpty
                ? nil : (values.text("http.tls_certificate"), values.text("http.tls_key")),
            allowedOrigins: values.texts("http.allow_origins"), publicURL: Self.publicURL(values))
        retention = Retention(
            executions: Self.days(values.integer("retention.executions_days")),
            audit: Self.days(values.integer("retention.audit_days")),
            events: Self.days(values.integer("retention.events_days")))
        let timeZone = values.text("timers.local_timezone")
        rules = Rules(
            validatesPayloads: values.flag("rules.validate_payloads"), runsSensors: values.flag("sensors.enabled"),
            timeZone: timeZone.isEmpty ? nil : timeZone,
            misfire: Misfire(rawValue: values.text("timers.misfire")) ?? .once,
            signedWebhooks: values.texts("webhooks.signed"), longestChain: values.integer("rules.longest_chain"))
        logFormat = values.text("log.format")
        let htpasswd = values.text("auth.htpasswd")
        auth = Auth(
            proxies: values.text("auth.mode") == "proxy" ? Set(values.texts("auth.proxies") + [""]) : [],
            isEnabled: values.flag("auth.enabled"), backend: values.text("auth.backend"),
            htpasswd: htpasswd.isEmpty ? nil : htpasswd, pamService: values.text("auth.pam_service"),
            tokenLife: .seconds(values.integer("auth.token_ttl_seconds")),
            serviceUsers: Set(values.texts("auth.service_users")))
        userDefaultRole = Role(rawValue: values.text("access.user_default_role")) ?? .none
        chatDefaultRole = Role(rawValue: values.text("access.chat_default_role")) ?? .none
        durability = Durability(rawValue: values.text("store.durability")) ?? .full
        packPaths = values.texts("packs.paths")
        aliasPaths = values.texts("aliases.paths")
        let policy = values.text("chat.policy")
        chat = Chat(
            name: values.text("chat.name"), prefix: values.text("chat.prefix"), isPaced: values.flag("chat.pacing"),
            policy: policy.isEmpty ? nil : policy, adapters: adapters)
        let user = values.text("engine.system_user")
        engine = Engine(
            maxRunning: values.integer("engine.max_running"), systemUser: user.isEmpty ? nil : user,
            maxOutputBytes: values.integer("engine.max_output_bytes"),
            shutdownGrace: .seconds(values.integer("engine.shutdown_grace_seconds")),
            validatesOutput: values.flag("engine.validate_output_schema"))
        templates = Templates(
            reevaluatesResults: values.flag("templates.reevaluate_results"),
            rendersAPIParameters: values.flag("templates.render_api_parameters"))
        localShell = Self.optional(values.text("local.shell"))
        python = Python(
            binary: values.text("python.binary"), maxWorkers: values.integer("python.max_workers"))
        ssh = SSH(
            user: Self.optional(values.text("ssh.user")), keyFile: Self.optional(values.text("ssh.key_file")),
            configFile: Self.optional(values.text("ssh.config_file")), hostKeyCheck: values.text("ssh.host_key_check"),
            connectSeconds: values.integer("ssh.connect_timeout_seconds"),
            maxParallel: values.integer("ssh.max_parallel"),
            allowsPartialFailure: values.flag("ssh.allow_partial_failure"),
            persistSeconds: values.integer("ssh.persist_seconds"))
        datastoreKeyFile = Self.optional(values.text("datastore.key_file"))
        refusesPrivateAddresses = values.flag("http_request.refuse_private")
        logLevel = values.text("log.level")
    }

    private static func optional(_ text: String) -> String? { text.isEmpty ? nil : text }

    private static func days(_ count: Int) -> Duration? { count == 0 ? nil : .seconds(count * 86_400) }

    private static func publicURL(_ values: SettingValues) -> String? {
        let url = values.text("http.public_url")
        return url.isEmpty ? nil : url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}
