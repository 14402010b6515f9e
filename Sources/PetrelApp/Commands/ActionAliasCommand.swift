import ArgumentParser
import PetrelCore

struct ActionAliasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "action-alias", abstract: "Show action aliases.",
        subcommands: [List.self, Get.self, Match.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List action aliases.")

        @Option(name: .shortAndLong, help: "Only those of this pack.")
        var pack: String?
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let columns = options.columns(standard: ["ref", "pack", "description", "enabled"])
            // Without it the API shows a hundred, and people take that for all.
            let query = options.query(columns) + [("limit", "1000")] + (pack.map { [("pack", $0)] } ?? [])
            let listing = try await client.client(console).list("/actionalias", query)
            console.print(console.output(options.output).list(listing.items, columns: columns))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show action aliases with their formats.")

        @Argument(help: "References, such as core.run, or ids.")
        var references: [String]
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            for reference in references {
                let alias = try await client.get("/actionalias/" + URLText.escaped(reference))
                let attributes = options.attributes(standard: ["all"])
                console.print(console.output(options.output).single(alias, attributes: attributes))
            }
        }
    }

    struct Match: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell which alias a message asks for, without running it.")

        @Argument(help: "The message, without the bot's prefix.")
        var message: [String]
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let command: Value = ["command": .string(message.joined(separator: " "))]
            let match = try await client.client(console).post("/actionalias/match", command)
            guard var found = match["actionalias"]?.object else {
                throw AppError(.badAnswer, "the answer names no alias")
            }
            found["display"] = match["display"] ?? .null
            found["representation"] = match["representation"] ?? .null
            let attributes = options.attributes(
                standard: ["ref", "description", "action_ref", "display", "representation"])
            console.print(console.output(options.output).single(.object(found), attributes: attributes))
        }
    }
}
