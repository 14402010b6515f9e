import ArgumentParser
import PetrelCore

struct ActionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "action", abstract: "Show actions.", subcommands: [List.self, Get.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List actions.")

        @Option(name: .shortAndLong, help: "Only those of this pack.")
        var pack: String?
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let columns = options.columns(standard: ["ref", "pack", "description"])
            let query = options.query(columns) + (pack.map { [("pack", $0)] } ?? [])
            let listing = try await client.client(console).list("/actions", query)
            console.print(console.output(options.output).list(listing.items, columns: columns))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show actions with their parameters.")

        @Argument(help: "References, such as core.local, or ids.")
        var references: [String]
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            for reference in references {
                let action = try await client.get("/actions/" + URLText.escaped(reference))
                let attributes = options.attributes(standard: ["all"])
                console.print(console.output(options.output).single(action, attributes: attributes))
            }
        }
    }
}
