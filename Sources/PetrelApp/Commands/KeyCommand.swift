import ArgumentParser
import Glibc
import PetrelCore
import PetrelSystem

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Show and change the datastore.",
        subcommands: [
            List.self, Get.self, Set.self, Delete.self, DeleteByPrefix.self, Load.self, Increment.self, Generate.self,
        ])

    private static let columns = ["name", "value", "secret", "encrypted", "scope", "user", "expire_timestamp"]
    private static let attributes = columns

    /// A place such as `/keys/NAME?scope=user`.
    private static func place(_ name: String, scope: String, user: String?, decrypt: Bool = false) -> String {
        var query = "scope=" + URLText.escaped(scope)
        if let user { query += "&user=" + URLText.escaped(user) }
        if decrypt { query += "&decrypt=true" }
        return "/keys/\(URLText.escaped(name))?\(query)"
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List entries.")

        @Option(help: "Only those whose name begins so.")
        var prefix: String?
        @Flag(name: .shortAndLong, help: "Show secrets in clear.")
        var decrypt = false
        @Option(name: .shortAndLong, help: "system, user or all.")
        var scope = "all"
        @Option(name: .shortAndLong, help: "Whose entries.")
        var user: String?
        @Option(name: [.customShort("n"), .long], help: "How many.")
        var last = 50
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let query = given(
                ("prefix", prefix), ("user", user), ("decrypt", decrypt ? "true" : "false"), ("scope", scope),
                ("limit", String(last)))
            let found = try await client.client(console).get("/keys", query)
            let columns = options.columns(standard: KeyCommand.columns)
            console.print(console.output(options.output).list(found.array ?? [], columns: columns))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "get", abstract: "Show entries.")

        @Argument(help: "Names.")
        var names: [String]
        @Flag(name: .shortAndLong, help: "Show secrets in clear.")
        var decrypt = false
        @Option(name: .shortAndLong, help: "system or user.")
        var scope = "system"
        @Option(name: .shortAndLong, help: "Whose entries.")
        var user: String?
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            for name in names {
                let found = try await client.get(
                    KeyCommand.place(name, scope: scope, user: user, decrypt: decrypt))
                let attributes = options.attributes(standard: KeyCommand.attributes)
                console.print(console.output(options.output).single(found, attributes: attributes))
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "set", abstract: "Set an entry.")

        @Argument(help: "The name.")
        var name: String
        @Argument(help: "The text; it is asked for if it is not given.")
        var value: String?
        @Flag(name: .shortAndLong, help: "Keep it encrypted.")
        var encrypt = false
        @Flag(help: "The text is encrypted already.")
        var encrypted = false
        @Option(name: [.customShort("l"), .long], help: "Seconds that it lives.")
        var ttl: Int?
        @Option(name: .shortAndLong, help: "system or user.")
        var scope = "system"
        @Option(name: .shortAndLong, help: "Whose entry.")
        var user: String?
        @Option(help: "Set it only if it has this text now.")
        var ifValue: String?
        @Flag(help: "Set it only if it is not there.")
        var ifAbsent = false
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            guard let value = try value ?? HiddenInput.line("Value: ", console) else {
                throw AppError(.usage, "no value was given", hint: "Give it behind the name, or at the prompt")
            }
            var body: ValueObject = ["name": .string(name), "value": .string(value), "scope": .string(scope)]
            if let user { body["user"] = .string(user) }
            if encrypt { body["secret"] = true }
            if encrypted { body["encrypted"] = true }
            if let ttl { body["ttl"] = .integer(ttl) }
            if let ifValue { body["if_value"] = .string(ifValue) }
            if ifAbsent { body["if_absent"] = true }
            let now = try await client.client(console).put("/keys/" + URLText.escaped(name), .object(body))
            let attributes = options.attributes(standard: KeyCommand.attributes)
            console.print(console.output(options.output).single(now, attributes: attributes))
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete entries.")

        @Argument(help: "Names.")
        var names: [String]
        @Option(name: .shortAndLong, help: "system or user.")
        var scope = "system"
        @Option(name: .shortAndLong, help: "Whose entries.")
        var user: String?
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            for name in names {
                _ = try await client.delete(KeyCommand.place(name, scope: scope, user: user))
                console.print("key \(VisibleText.line(name)) was deleted")
            }
        }
    }

    struct DeleteByPrefix: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete_by_prefix", abstract: "Delete entries of the system scope whose names begin so.")

        @Option(name: .shortAndLong, help: "What the names begin with.")
        var prefix: String
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            var count = 0
            while true {
                let found = try await client.get("/keys", [("prefix", prefix), ("limit", "100")]).array ?? []
                if found.isEmpty { break }
                for entry in found {
                    let name = entry["name"]?.string ?? ""
                    _ = try await client.delete(KeyCommand.place(name, scope: "system", user: nil))
                    count += 1
                }
            }
            console.print("\(count) keys were deleted")
        }
    }

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "load", abstract: "Set entries from a file of YAML or JSON.")

        @Argument(help: "A file with a list of name, value, scope, user, secret, encrypted and ttl.")
        var file: String
        @Flag(name: .shortAndLong, help: "Keep values that are no text as JSON.")
        var convert = false
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            let value = try ResourceFile.value(file, console)
            for entry in value.array ?? [value] {
                var body: ValueObject = [:]
                for key in ["name", "value", "scope", "user", "secret", "encrypted", "ttl"] {
                    if let member = entry[key], !member.isNull { body[key] = member }
                }
                guard let name = body["name"]?.string else {
                    throw AppError(.badFile, "an entry has no name", location: Location(file: file))
                }
                if let given = body["value"], given.string == nil {
                    guard convert else {
                        throw AppError(
                            .badFile, "the value of \(name) is no text", hint: "Use --convert to keep it as JSON",
                            location: Location(file: file))
                    }
                    body["value"] = .string(JSONWriter.text(given))
                }
                _ = try await client.put("/keys/" + URLText.escaped(name), .object(body))
                console.print("key \(VisibleText.line(name)) was set")
            }
        }
    }

    struct Increment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "increment", abstract: "Add to an entry that is a whole number.")

        @Argument(help: "The name.")
        var name: String
        @Option(help: "How much.")
        var by = 1
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let now = try await client.client(console).post(
                "/keys/\(URLText.escaped(name))/increment", ["by": .integer(by)])
            console.print(now["value"]?.string ?? "")
        }
    }

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate",
            abstract: "Make a file with a new key for the datastore's secrets, as StackStorm reads it, too.")

        @Argument(help: "The file; it must not be there yet.")
        var file: String

        func run() throws {
            let console = Console.current
            let path = PathText.absolute(file, in: console.workingFolder)
            let text = KeyFile(random: SystemRandom()).fileText.reveal() + "\n"
            guard writePrivateFile(path, Array(text.utf8)) else {
                throw AppError(
                    .badFile, "the file can't be written: \(String(cString: strerror(errno)))",
                    hint: "An existing key is never written over", location: Location(file: file))
            }
            console.print("\(VisibleText.line(path)) holds a new key; name it in datastore.key_file")
        }
    }
}
