import ArgumentParser

struct ActionCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = PackFilter
        static let word = "action"
        static let path = "/actions"
        static let columns = ["ref", "pack", "description"]
    }

    static let configuration = CommandConfiguration(
        commandName: "action", abstract: "Show actions.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}

struct RunnerCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = NoFilters
        static let word = "runner"
        static let path = "/runnertypes"
        static let columns = ["name", "description"]
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
        commandName: "pack", abstract: "Show packs.", subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}
