import ArgumentParser
import PetrelCore
import PetrelSystem

struct ActionCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = PackFilter
        static let word = "action"
        static let path = "/actions"
        static let columns = ["ref", "pack", "description"]
    }

    static let configuration = CommandConfiguration(
        commandName: "action", abstract: "Show, make, change, copy and run actions.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, ResourceCreate<Noun>.self, ResourceUpdate<Noun>.self,
            Delete.self, Clone.self, ResourceEnable<Noun>.self, ResourceDisable<Noun>.self, ExecuteCommand.self,
        ])

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete actions.")

        @Argument(help: "References, such as shop.deploy, or ids.")
        var references: [String]
        @Flag(name: .shortAndLong, help: "Delete the files that they run, too.")
        var removeFiles = false
        @Flag(name: .shortAndLong, help: "Do not ask.")
        var yes = false
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            for reference in references {
                if removeFiles, !yes {
                    console.printRaw("Delete \(VisibleText.line(reference)) and the file that it runs? [y/N] ")
                    guard ["y", "yes"].contains(console.readLine()?.lowercased() ?? "") else {
                        console.print("\(VisibleText.line(reference)) stays")
                        continue
                    }
                }
                let body: Value = ["remove_files": .bool(removeFiles)]
                _ = try await client.delete("/actions/" + URLText.escaped(reference), body)
                console.print("action \(VisibleText.line(reference)) was deleted")
            }
        }
    }

    struct Clone: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "clone", abstract: "Copy an action, with the file that it runs, to a name or pack of your own."
        )

        @Argument(help: "The action that is copied, such as core.local.")
        var source: String
        @Argument(help: "The pack of the copy.")
        var pack: String
        @Argument(help: "The name of the copy.")
        var name: String
        @Flag(name: .shortAndLong, help: "Replace an action that has the name already.")
        var force = false
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let copy = try await client.client(console).post(
                "/actions/" + URLText.escaped(source) + "/clone",
                ["dest_pack": .string(pack), "dest_action": .string(name), "overwrite": .bool(force)])
            console.print(
                console.output(options.output).single(copy, attributes: options.attributes(standard: Noun.attributes)))
        }
    }
}

struct RunnerCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = NoFilters
        static let word = "runner"
        static let path = "/runnertypes"
        static let columns = ["id", "name", "description"]
        static let reference = "Names, such as local-shell-cmd, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "runner", abstract: "Show the types of runners that carry out actions.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}

struct PackCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = NoFilters
        static let word = "pack"
        static let path = "/packs"
        static let columns = ["ref", "name", "description", "version", "author"]
        static let reference = "References, such as core, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Show packs, and have them read anew.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self, Register.self, VirtualEnvironment.self])

    struct VirtualEnvironment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "venv", abstract: "Make the virtual environments of packs, as their requirements.txt says.",
            discussion: "Runs packs.setup_virtualenv on the service's machine and prints what pip says.")

        @Argument(help: "Packs.")
        var packs: [String]
        @Flag(help: "Keep an environment that is there, and add what it lacks.")
        var update = false
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            let started = try await client.post(
                "/executions",
                [
                    "action": "packs.setup_virtualenv",
                    "parameters": ["packs": .array(packs.map(Value.string)), "update": .bool(update)],
                ])
            Interruption.watch()
            var wait = ExecutionWait(client: client, clock: SystemClock())
            wait.isInterrupted = { Interruption.hasHappened }
            guard case .over(let ended) = try await wait.run(started) else { throw ExitCode(130) }
            let result = ended["result"]
            for key in ["stdout", "error"] {
                if let text = result?[key]?.string, !text.isEmpty { console.print([text]) }
            }
            guard ExecutionText.status(of: ended) == .succeeded else {
                Console.write((result?["stderr"]?.string ?? "it did not succeed") + "\n", to: 2)
                throw ExitCode(1)
            }
            console.print([result?["result"]?.string ?? ""])
        }
    }

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "register",
            abstract: "Have packs read anew from their folders; the service does so by itself when a file changes.")

        @Argument(help: "Packs; all, if none is named.")
        var packs: [String] = []
        @Option(help: "Kinds of content to count, with commas between: actions,aliases.")
        var types: String?
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            var body: ValueObject = [:]
            if !packs.isEmpty { body["packs"] = .array(packs.map(Value.string)) }
            if let types { body["types"] = .array(types.split(separator: ",").map { .string(String($0)) }) }
            let counts = try await client.client(console).post("/packs/register", .object(body))
            console.print(
                console.output(options.output).single(counts, attributes: options.attributes(standard: ["all"])))
        }
    }
}
