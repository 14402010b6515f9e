import ArgumentParser

struct RoleCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Flag(name: .shortAndLong, help: "Only Petrel's own roles.")
            var system = false

            var query: [(name: String, value: String)] { system ? [("system", "true")] : [] }
        }
        static let word = "role"
        static let path = "/rbac/roles"
        static let columns = ["id", "name", "system", "description"]
        static let reference = "Names, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Show roles; they are made in files, see docs/access.md.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}

struct RoleAssignmentCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(name: .shortAndLong, help: "Only those of this role.")
            var role: String?
            @Option(name: .shortAndLong, help: "Only this user's.")
            var user: String?
            @Option(name: .shortAndLong, help: "Only those from this file.")
            var source: String?
            @Flag(help: "Only those by groups.")
            var remote = false

            var query: [(name: String, value: String)] {
                given(
                    ("role", role), ("user", user), ("source", source), ("remote", remote ? "true" : nil))
            }
        }
        static let word = "role assignment"
        static let path = "/rbac/role_assignments"
        static let columns = ["id", "role", "user", "source", "is_remote", "description"]
        static let reference = "Ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "role-assignment", abstract: "Show who has which role.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}
