import ArgumentParser
import PetrelAdapters
import PetrelCore

struct AdapterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapter", abstract: "Show the connections to chat platforms, and set them up.",
        subcommands: [List.self, Manifest.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the connections: state, last event, last error.")
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let found = try await client.client(console).get("/chat/adapters").array ?? []
            let columns = options.columns(standard: ["name", "platform", "state", "last_event", "error"])
            console.print(console.output(options.output).list(found, columns: columns))
        }
    }

    struct Manifest: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "manifest", abstract: "Print what a platform has to be told about Petrel.",
            discussion: "For Slack: the app manifest, for \"Create New App\", \"From a manifest\".")

        /// Platforms that ask for a manifest.
        enum Platform: String, CaseIterable, ExpressibleByArgument { case slack }

        @Argument(help: "The platform.")
        var platform: Platform

        func run() {
            switch platform {
            case .slack: Console.current.printRaw(SlackManifest.yaml)
            }
        }
    }
}
