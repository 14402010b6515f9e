import ArgumentParser
import PetrelCore

struct ActionAliasCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = PackFilter
        static let word = "action alias"
        static let path = "/actionalias"
        static let columns = ["ref", "pack", "description", "enabled"]
        static let reference = "References, such as core.run, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "action-alias", abstract: "Show, make, change, try and run action aliases.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, ResourceCreate<Noun>.self, ResourceUpdate<Noun>.self,
            ResourceDelete<Noun>.self, ResourceEnable<Noun>.self, ResourceDisable<Noun>.self, Match.self, Execute.self,
        ])

    struct Execute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "execute", abstract: "Run the action that a message asks for, as a chat would.")

        @Argument(help: "The message, without the bot's prefix.")
        var message: [String]
        @Option(name: .shortAndLong, help: "The user who asks.")
        var user = ""
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let answer = try await client.client(console).post(
                "/aliasexecution/match_and_execute",
                [
                    "command": .string(message.joined(separator: " ")), "user": .string(user),
                    "source_channel": "cli",
                ])
            for result in answer["results"]?.array ?? [] {
                let alias = result["actionalias"]?["ref"]?.string ?? ""
                let id = result["execution"]?["id"]?.string ?? ""
                console.print("Matching Action-alias: '\(VisibleText.line(alias))'")
                console.print(
                    "To get the results, execute:\n \(Petrel.programName) execution get \(VisibleText.line(id))")
            }
        }
    }

    struct Match: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "match", abstract: "Tell which alias a message asks for, without running it.")

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
