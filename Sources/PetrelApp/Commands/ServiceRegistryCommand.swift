import ArgumentParser
import PetrelCore

struct ServiceRegistryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service-registry", abstract: "Show the services that this one stands for.",
        subcommands: [Group.self, Member.self])

    struct Group: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "group", abstract: "Show groups.", subcommands: [List.self])

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "list", abstract: "List the names of services.")
            @OptionGroup var options: ListOptions
            @OptionGroup var client: ClientOptions

            func run() async throws {
                let console = Console.current
                let answer = try await client.client(console).get("/service_registry/groups")
                let groups = (answer["groups"]?.array ?? []).map { Value.object(["group_id": $0]) }
                let columns = options.columns(standard: ["group_id"])
                console.print(console.output(options).list(groups, columns: columns))
            }
        }
    }

    struct Member: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "member", abstract: "Show members.", subcommands: [List.self])

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "list", abstract: "List the processes of services.")
            @Option(help: "Only those of this group.")
            var groupID: String?
            @OptionGroup var options: ListOptions
            @OptionGroup var client: ClientOptions

            func run() async throws {
                let console = Console.current
                let client = try client.client(console)
                let all = try await client.get("/service_registry/groups")["groups"]?.array ?? []
                let columns = options.columns(standard: ["group_id", "member_id", "capabilities"])
                let groups = groupID.map { [$0] } ?? all.compactMap(\.string)
                var members: [Value] = []
                for group in groups {
                    let answer = try await client.get("/service_registry/groups/\(URLText.escaped(group))/members")
                    members += answer["members"]?.array ?? []
                }
                console.print(console.output(options).list(members, columns: columns))
            }
        }
    }
}
