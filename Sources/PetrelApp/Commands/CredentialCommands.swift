import ArgumentParser
import FoundationEssentials
import Glibc
import PetrelCore
import PetrelSystem

/// What `auth` and `login` share: a password for a token.
struct PasswordOptions: ParsableArguments {
    @Argument(help: "The user's name.")
    var user: String
    @Option(name: .shortAndLong, help: "The password; it is asked for if it is not given.")
    var password: String?
    @Option(name: [.customShort("l"), .long], help: "Seconds that the token is to live.")
    var ttl: Int?
    // Without a token's flag: -t is that of StackStorm's `auth`, and who asks for a token needs none.
    @OptionGroup var place: ServerOptions

    /// The name and password.
    func login(_ console: Console) throws -> SavedLogin {
        guard let password = try password ?? HiddenInput.line("Password: ", console) else {
            throw AppError(.usage, "no password was given", hint: "Give it with -p, or at the prompt")
        }
        return SavedLogin(user: user, password: Secret(password))
    }

    /// Gets a token.
    func token(_ login: SavedLogin, _ console: Console) async throws -> Value {
        try await APIClient(try place.target(console)).token(for: login, ttl: ttl)
    }
}

struct AuthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", abstract: "Get a token for a user name and password and print it.")

    @Flag(name: [.customShort("t"), .long], help: "Print the token alone.")
    var onlyToken = false
    @OptionGroup var options: PasswordOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let console = Console.current
        let token = try await options.token(options.login(console), console)
        if onlyToken { return console.print(token["token"]?.string ?? "") }
        console.print(console.output(output).single(token, attributes: ["user", "token", "expiry"]))
    }
}

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Get a token for a user name and password and keep it for later commands.",
        discussion: """
            The token is kept in ~/.petrel/token, for you alone, with the server that it is for. With -w the password is kept \
            beside it in plain text, and a token that has ended is replaced without a question.
            """)

    @Flag(name: [.customShort("w"), .long], help: "Keep the password too, in plain text; it is not kept otherwise.")
    var writePassword = false
    @OptionGroup var options: PasswordOptions

    func run() async throws {
        let console = Console.current
        let login = try options.login(console)
        let token = try await options.token(login, console)
        guard let text = token["token"]?.string else { throw AppError(.badAnswer, "the answer holds no token") }
        let target = try options.place.target(console)
        try SavedToken(server: target.apiURL, token: Secret(text), login: writePassword ? login : nil)
            .save(console.environment)
        console.print(
            "Logged in as \(VisibleText.line(options.user)) until \(token["expiry"]?.string ?? "its end").")
    }
}

struct WhoAmICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "whoami", abstract: "Show as whom commands run.")

    @OptionGroup var options: GetOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let user = try await client.client(console).get("/user")
        let attributes = options.attributes(
            standard: ["username", "authentication.method", "authentication.token_expire", "rbac.roles"])
        console.print(console.output(options.output).single(user, attributes: attributes))
    }
}

struct APIKeyCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = UserFilter
        static let word = "API key"
        static let path = "/apikeys"
        static let columns = ["id", "user", "metadata", "enabled"]
        static let reference = "Ids, or keys themselves."
    }

    struct UserFilter: ResourceFilters {
        @Option(name: .shortAndLong, help: "Only those of this user.")
        var user: String?

        var query: [(name: String, value: String)] { user.map { [("user", $0)] } ?? [] }
    }

    static let configuration = CommandConfiguration(
        commandName: "apikey", abstract: "Make, show, switch and delete API keys.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, Create.self, ResourceEnable<Noun>.self,
            ResourceDisable<Noun>.self, ResourceDelete<Noun>.self, Load.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make an API key; it is shown this once.")

        @Option(name: .shortAndLong, help: "The user for whom it speaks; you, if none is given.")
        var user: String?
        @Option(name: .shortAndLong, help: "What to keep beside it, as a JSON object.")
        var metadata: String?
        @Flag(name: [.customShort("k"), .long], help: "Print the key alone.")
        var onlyKey = false
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            var body: ValueObject = [:]
            if let user { body["user"] = .string(user) }
            if let metadata {
                guard let value = try? JSONReader.value(metadata, limits: .requestBody), value.object != nil else {
                    throw AppError(.usage, "\(metadata) is no JSON object", hint: "Write it as '{\"for\": \"ci\"}'")
                }
                body["metadata"] = value
            }
            let key = try await client.client(console).post("/apikeys", .object(body))
            if onlyKey { return console.print(key["key"]?.string ?? "") }
            let attributes = options.attributes(standard: ["id", "user", "key", "metadata", "enabled"])
            console.print(console.output(options.output).single(key, attributes: attributes))
        }
    }

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "load", abstract: "Bring API keys along from another system, by their digests.")

        @Argument(help: "A file with a list of user, key_hash, metadata and enabled.")
        var file: String
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            let value = try ResourceFile.value(file, console)
            for entry in value.array ?? [value] {
                let made = try await client.post("/apikeys", entry)
                console.print("\(made["id"]?.string ?? "") of \(VisibleText.line(made["user"]?.string ?? ""))")
            }
        }
    }
}

/// Reads a line that the terminal does not show.
enum HiddenInput {
    static func line(_ prompt: String, _ console: Console) throws(AppError) -> String? {
        guard console.isInputTerminal else { return console.readLine() }
        Console.write(prompt, to: 2)
        var mode = termios()
        tcgetattr(0, &mode)
        var silent = mode
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &silent)
        defer {
            tcsetattr(0, TCSAFLUSH, &mode)
            console.note("")
        }
        return console.readLine()
    }
}
