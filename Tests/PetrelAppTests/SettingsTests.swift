import FoundationEssentials
import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Settings")
struct SettingsTests {
    private func reader(_ yaml: String = "", environment: [String: String] = [:], catalog: SettingsCatalog = .petrel)
        -> SettingsReader
    {
        var reader = SettingsReader(catalog: catalog, workingFolder: "/here")
        reader.read(Array(yaml.utf8), file: "p.yaml")
        reader.read(environment: environment)
        reader.finish()
        return reader
    }
    private func problems(_ yaml: String, environment: [String: String] = [:]) -> [String] {
        reader(yaml, environment: environment).problems.map { $0.description }
    }

    @Test("without file and environment every setting has its default")
    func standard() throws {
        let settings = try LoadedSettings.load(environment: [:], workingFolder: "/w").settings
        #expect(settings.dataDir == "/w/petrel-data")
        #expect(settings.http.host == "127.0.0.1")
        #expect(settings.http.port == 9101)
        #expect(settings.auth.isEnabled)
        #expect(settings.chatDefaultRole == .starter)
        #expect(settings.durability == .full)
        #expect(settings.packPaths == [])
        #expect(settings.aliasPaths == ["/w/aliases"])
        #expect(settings.chat.name == "petrel")
        #expect(settings.chat.prefix == "!")
        #expect(settings.chat.adapters.map(\.name) == ["local"])
        #expect(settings.engine.maxRunning == 60)
        #expect(settings.engine.systemUser == nil)
        #expect(settings.engine.maxOutputBytes == 10 << 20)
        #expect(settings.engine.shutdownGrace == .seconds(5))
        #expect(settings.logLevel == "info")
    }

    @Test("by default what looks like an expression in a result stays data")
    func templates() throws {
        #expect(!reader().values.flag("templates.reevaluate_results"))
    }

    @Test("every default is a value that its setting allows, and every name is declared once")
    func catalog() {
        let settings = SettingsCatalog.petrel.settings
        #expect(settings.allSatisfy { $0.kind.allows($0.standard) })
        #expect(Set(settings.map(\.path)).count == settings.count)
        #expect(Set(settings.map(\.environmentName)).count == settings.count)
        #expect(settings.allSatisfy { $0.summary.hasSuffix(".") && $0.summary.count < 110 })
    }

    @Test("the file wins over defaults, the environment over the file, a flag over the environment")
    func precedence() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("p.yaml", "http: {port: 1, host: a}\ndata_dir: d\n")
        let environment = ["PETREL_HTTP_PORT": "2", "PETREL_DATA_DIR": "e", "PETREL_CONFIG": file]
        let loaded = try LoadedSettings.load(dataDir: "f", environment: environment, workingFolder: "/w")
        #expect(loaded.settings.http.port == 2)
        #expect(loaded.settings.http.host == "a")
        #expect(loaded.settings.dataDir == "/w/f")
        #expect(loaded.file == file)
        #expect(loaded.values["http.host"]?.origin == .file(Location(file: file, line: 1, column: 17)))
        #expect(loaded.values["http.port"]?.origin == .environment("PETREL_HTTP_PORT"))
        #expect(loaded.values["data_dir"]?.origin == .flag("--data-dir"))
        #expect(loaded.values["log.level"]?.origin == .standard)
    }

    @Test("relative paths of the file and of defaults are seen from the file's folder, others from the working folder")
    func paths() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("p.yaml", "packs: {paths: [./a, /b]}\n")
        let loaded = try LoadedSettings.load(
            config: file, environment: ["PETREL_ALIASES_PATHS": "x, y"], workingFolder: "/w")
        #expect(loaded.settings.packPaths == [folder.path + "/a", "/b"])
        #expect(loaded.settings.dataDir == folder.path + "/petrel-data")
        #expect(loaded.settings.aliasPaths == ["/w/x", "/w/y"])
    }

    @Test("there is no file that nobody named, and one that was named must be there")
    func absentFile() {
        let error = #expect(throws: AppErrors.self) {
            try LoadedSettings.load(config: "absent.yaml", environment: [:], workingFolder: "/nowhere")
        }
        #expect(error?.problems.map(\.code) == [.badFile])
        #expect(error?.problems.first?.message == "/nowhere/absent.yaml can't be read: No such file or directory")
    }

    @Test(
        "what is wrong is told with its place and what may have been meant",
        arguments: [
            ("http:\n  prot: 1\n", "p.yaml:2:3: there is no setting \"http.prot\". Did you mean \"http.port\"?"),
            ("htpt: {}\n", "p.yaml:1:1: there is no setting \"htpt\". Did you mean \"http\"?"),
            (
                "max_running: 1\n",
                "p.yaml:1:1: there is no setting \"max_running\". Did you mean \"engine.max_running\"?"
            ),
            ("http.port: 1\n", "p.yaml:1:1: there is no setting \"http.port\". Write it as http: {port: …}"),
            ("log: {zzz: 1}\n", "p.yaml:1:7: there is no setting \"log.zzz\". Known here: format, level"),
            (
                "http: 5\n",
                "p.yaml:1:1: \"http\" must hold keys and values, not integer. Known here: host, port, tls_certificate, tls_key, allow_origins, public_url, max_body_bytes"
            ),
            (
                "http: {port: \"9101\"}\n",
                "p.yaml:1:8: \"http.port\" must be a whole number from 0 to 65535, not \"9101\". Leave the quotes out"
            ),
            ("http: {port: 70000}\n", "p.yaml:1:8: \"http.port\" must be a whole number from 0 to 65535, not 70000"),
            ("http: {host: 1}\n", "p.yaml:1:8: \"http.host\" must be text, not 1. Put it in quotes"),
            (
                "auth: {enabled: 'no'}\n",
                "p.yaml:1:8: \"auth.enabled\" must be true or false, not \"no\". Write true or false without quotes"
            ),
            (
                "store: {durability: ful}\n",
                "p.yaml:1:9: \"store.durability\" must be one of full, relaxed, not \"ful\". Did you mean full?"
            ),
            ("auth: {mode: ldap}\n", "p.yaml:1:8: \"auth.mode\" must be one of standalone, proxy, not \"ldap\""),
            (
                "packs: {paths: a}\n",
                "p.yaml:1:9: \"packs.paths\" must be a list of paths, not \"a\". Write it as a list: [a]"
            ),
            ("data_dir: ''\n", "p.yaml:1:1: \"data_dir\" must be a path, not \"\""),
            (
                "- a\n",
                "p.yaml:1:1: the file must hold keys and values, not array. Known here: data_dir, http, auth, access, store, packs, aliases, chat, engine, templates, datastore, http_request, local, python, ssh, rules, sensors, timers, webhooks, retention, log"
            ),
            (
                "chat: {adapters: x}\n",
                "p.yaml:1:8: \"chat.adapters\" must be a list of entries such as {name: local, platform: local}, not string"
            ),
            (
                "chat:\n  adapters:\n  - {name: s, platform: slak}\n",
                "p.yaml:3:15: \"chat.adapters[0].platform\" can't be \"slak\". Platforms of this version: local, slack, "
                    + "mattermost, irc, xmpp"
            ),
            (
                "chat:\n  adapters:\n  - {name: s, platform: slack, app_token: x}\n",
                "p.yaml:3:5: \"chat.adapters[0].bot_token\" is missing. Name a file that holds it alone: bot_token_file"
            ),
            (
                "chat: {adapters: [{name: m, platform: mattermost, token: x, url: u, token_file: y}]}\n",
                "p.yaml:1:69: \"chat.adapters[0].token\" and \"chat.adapters[0].token_file\" are both given. Keep one"
            ),
            (
                "chat: {adapters: [{name: s}]}\n",
                "p.yaml:1:19: \"chat.adapters[0].platform\" is missing. Platforms of this version: local, slack, mattermost, "
                    + "irc, xmpp"
            ),
            (
                "chat: {adapters: [{name: i, platform: irc, url: u, identity: face}]}\n",
                "p.yaml:1:52: \"chat.adapters[0].identity\" must be one of account, nick, not \"face\""
            ),
            (
                "chat: {adapters: [{name: x, platform: xmpp, url: u, address: a@b}]}\n",
                "p.yaml:1:19: \"chat.adapters[0].password\" is missing. Name a file that holds it alone: password_file"
            ),
            (
                "chat: {adapters: [{platform: local}]}\n",
                "p.yaml:1:19: \"chat.adapters[0].name\" is missing. Use up to 40 lower-case letters, digits, - and _"
            ),
            (
                "chat: {adapters: [{name: A b, platform: local}]}\n",
                "p.yaml:1:20: \"chat.adapters[0].name\" can't be \"A b\". Use up to 40 lower-case letters, digits, - and _"
            ),
            (
                "chat: {adapters: [{name: l, platform: local, x: 1}]}\n",
                "p.yaml:1:46: there is no setting \"chat.adapters[0].x\". Known here: name, platform"
            ),
            (
                "chat: {adapters: [{name: l, platform: local}, {name: m, platform: local}]}\n",
                "p.yaml:1:47: there are two adapters of the platform \"local\". Keep one"
            ),
            (
                "chat: {adapters: [{name: l, platform: local}, {name: l, platform: local}]}\n",
                "p.yaml:1:48: two adapters are named \"l\". Give each its own name"
            ),
            (
                "chat: {adapters: [7]}\n",
                "p.yaml:1:19: \"chat.adapters[0]\" must hold keys and values, not integer. Such as {name: local, platform: local}"
            ),
        ])
    func mistakes(yaml: String, expected: String) { #expect(problems(yaml) == [expected]) }

    @Test("all mistakes are told together, those of the environment too")
    func together() {
        let found = problems(
            "a1: 1\nhttp: {port: x}\n", environment: ["PETREL_LOG_LEVEL": "loud", "PETREL_AUTH_ENABLED": "maybe"])
        #expect(found.count == 4)
        #expect(
            found.contains(
                "environment variable PETREL_AUTH_ENABLED: \"auth.enabled\" must be true or false, not \"maybe\""))
    }

    @Test("text that is no YAML is told with its place")
    func noYAML() {
        let found = reader("http: {port: 1\n").problems
        #expect(found.count == 1)
        #expect(found.first?.location?.line != nil)
    }

    @Test(
        "the environment says everything in text",
        arguments: [
            ("PETREL_HTTP_PORT", "80", "http.port", 80), ("PETREL_AUTH_ENABLED", "off", "auth.enabled", false),
            ("PETREL_AUTH_ENABLED", "1", "auth.enabled", true), ("PETREL_CHAT_NAME", "123", "chat.name", "123"),
            ("PETREL_PACKS_PATHS", "a,/b", "packs.paths", ["/here/a", "/b"]),
            ("PETREL_PACKS_PATHS", "[\"a, b\"]", "packs.paths", ["/here/a, b"]),
            ("PETREL_HTTP_HOST", "", "http.host", "127.0.0.1"),
        ] as [(String, String, String, Value)])
    func environment(name: String, text: String, path: String, expected: Value) {
        let reader = reader(environment: [name: text])
        #expect(reader.problems.isEmpty)
        #expect(reader.values[path]?.reveal() == expected)
    }

    @Test("adapters can come from the environment as YAML")
    func adaptersFromEnvironment() {
        let reader = reader(environment: ["PETREL_CHAT_ADAPTERS": "[{name: here, platform: local}]"])
        #expect(reader.adapters.adapters.map(\.name) == ["here"])
    }

    @Test("a variable that looks like a setting and is none is worth a warning, not an error")
    func strangeVariables() {
        let reader = reader(environment: ["PETREL_HTTP_PROT": "1", "PETREL_TOKEN": "x", "PETREL_SERVICE_HOST": "k8s"])
        #expect(reader.problems.isEmpty)
        #expect(
            reader.warnings.map(\.description)
                == ["the environment variable PETREL_HTTP_PROT belongs to no setting. Did you mean PETREL_HTTP_PORT?"])
    }

    @Test("a key that is given twice is worth a warning")
    func twice() { #expect(reader("log: {level: info}\nlog: {level: debug}\n").warnings.count == 1) }

    @Test("an empty value and an empty section leave the default")
    func empty() {
        let reader = reader("http:\nlog:\n  level:\n")
        #expect(reader.problems.isEmpty)
        #expect(reader.values["log.level"]?.origin == .standard)
    }

    @Test("the sample equals conf/petrel.yaml and sets every setting to its default")
    func sample() throws {
        let path = PathText.folder(of: PathText.folder(of: PathText.folder(of: #filePath))) + "/conf/petrel.yaml"
        let text = SettingsSample.text(.petrel)
        #expect(try LocalFile.text(path, maxBytes: 1 << 20) == text, "run: petrel config sample > conf/petrel.yaml")
        let sampled = reader(text)
        #expect(sampled.problems.isEmpty && sampled.warnings.isEmpty)
        let standard = reader()
        for setting in SettingsCatalog.petrel.settings {
            #expect(sampled.values[setting.path]?.reveal() == standard.values[setting.path]?.reveal())
            #expect(sampled.values[setting.path]?.origin != .standard)
        }
    }

    @Test("an explanation says value, origin, default, type and variable")
    func explanation() throws {
        let loaded = try LoadedSettings.load(environment: ["PETREL_HTTP_PORT": "80"], workingFolder: "/w")
        #expect(
            SettingExplanation.text("http.port", in: loaded) == """
                http.port
                  Port of the API; 0 takes a free one.
                  value       80
                  from        environment variable PETREL_HTTP_PORT
                  default     9101
                  must be     a whole number from 0 to 65535
                  environment PETREL_HTTP_PORT
                  a change    needs a restart

                """)
        #expect(SettingExplanation.text("http", in: loaded)?.contains("http.host\n") == true)
        #expect(SettingExplanation.text("htp", in: loaded) == nil)
        #expect(SettingExplanation.unknown("port").hint == "Did you mean \"http.port\"?")
        #expect(SettingExplanation.unknown("http.prt").hint == "Did you mean \"http.port\"?")
    }
}

@Suite("Secret settings")
struct SecretSettingTests {
    private static let token = Setting(path: "token", kind: .text, standard: "", summary: "A token.", isSecret: true)
    private let catalog = SettingsCatalog(
        settings: [
            Setting(path: "api.token", kind: .text, standard: "", summary: "A token.", isSecret: true),
            Setting(path: "chat.adapters", kind: .adapters, standard: [], summary: "Adapters."),
        ],
        platforms: [
            ChatPlatform(
                name: "talk", options: [token, Setting(path: "url", kind: .text, standard: "", summary: "U.")])
        ])

    @Test("a secret comes from the file that is named, without the line end")
    func secretFile() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("t", " hush\n")
        let file = try folder.write("p.yaml", "api: {token_file: t}\n")
        var reader = SettingsReader(catalog: catalog, workingFolder: "/w")
        reader.read(file: file)
        #expect(reader.problems.isEmpty)
        #expect(reader.values["api.token"]?.reveal() == "hush")
        #expect(reader.values["api.token"]?.origin == .secretFile(folder.path + "/t"))
        reader.read(environment: ["PETREL_API_TOKEN_FILE": folder.path + "/absent"])
        #expect(reader.problems.map(\.code) == [.badFile])
        reader.read(environment: ["PETREL_API_TOKEN": "other"])
        #expect(reader.values["api.token"]?.reveal() == "other")
    }

    @Test("a secret is never shown")
    func stars() throws {
        var reader = SettingsReader(catalog: catalog, workingFolder: "/w")
        reader.read(Array("api: {token: hush}\n".utf8), file: "p")
        let value = try #require(reader.values["api.token"])
        #expect(value.shown == "********")
        #expect(!"\(value)".contains("hush") && !String(reflecting: reader.values).contains("hush"))
        var wrong = SettingsReader(catalog: catalog, workingFolder: "/w")
        wrong.read(
            Array("api: {token: [hush]}\nchat: {adapters: [{name: a, platform: talk, token: [hush]}]}\n".utf8),
            file: "p")
        #expect(wrong.problems.count == 2)
        #expect(!wrong.problems.description.contains("hush"))
        #expect(!SettingsSample.text(catalog).contains("token: "))
    }

    @Test("a secret and its file can't both be given, and an empty file is no secret")
    func both() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("t", "hush")
        _ = try folder.write("e", "\n")
        var reader = SettingsReader(catalog: catalog, workingFolder: folder.path)
        reader.read(Array("api: {token: a, token_file: t}\n".utf8), file: "p")
        #expect(reader.problems.map(\.message) == ["\"api.token\" and \"api.token_file\" are both given"])
        var empty = SettingsReader(catalog: catalog, workingFolder: folder.path)
        empty.read(Array("api: {token_file: e}\n".utf8), file: "p")
        #expect(empty.problems.map(\.hint) == ["Write the secret into it"])
    }

    @Test("adapters have options and secrets of their platform")
    func adapters() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("t", "hush\n")
        var reader = SettingsReader(catalog: catalog, workingFolder: folder.path)
        let yaml =
            "chat: {adapters: [{name: a, platform: talk, token_file: t, url: u}, {name: b, platform: talk, tokn: x}]}"
        reader.read(Array(yaml.utf8), file: "p")
        #expect(reader.adapters.adapters.first?.secrets["token"]?.reveal() == "hush")
        #expect(reader.adapters.adapters.first?.options == ["url": "u"])
        #expect(reader.problems.map(\.hint) == ["Did you mean \"token\"?"])
    }
}

@Suite("Suggestions")
struct SuggestionTests {
    @Test(
        "only a word that is near enough is suggested",
        arguments: [
            ("prot", "port"), ("host", "host"), ("hots", "host"), ("durabilty", "durability"), ("zzz", nil), ("", nil),
            ("completely_else", nil),
        ] as [(String, String?)])
    func nearest(word: String, expected: String?) {
        #expect(Suggestion.nearest(to: word, in: ["host", "port", "durability"]) == expected)
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/petrel-app-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and gives its path.
    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(atPath: PathText.folder(of: file), withIntermediateDirectories: true)
        try LocalFile.write(Array(text.utf8), to: file)
        return file
    }
}
