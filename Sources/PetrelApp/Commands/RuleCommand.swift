import ArgumentParser
import PetrelCore

struct RuleCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(name: .shortAndLong, help: "Only those of this pack.")
            var pack: String?
            @Option(name: [.customShort("c"), .long], help: "Only those that run this action.")
            var action: String?
            @Option(name: [.customShort("g"), .long], help: "Only those of this trigger.")
            var trigger: String?
            @Flag(help: "Only enabled ones.")
            var enabled = false
            @Flag(help: "Only disabled ones.")
            var disabled = false

            var query: [(name: String, value: String)] {
                given(
                    ("pack", pack), ("action", action), ("trigger", trigger),
                    ("enabled", enabled ? "True" : disabled ? "False" : nil))
            }
        }
        static let word = "rule"
        static let path = "/rules"
        static let columns = ["ref", "pack", "description", "enabled"]
        static let reference = "References, such as examples.mirror, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "rule", abstract: "Make, show, switch, try and delete rules.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, ResourceCreate<Noun>.self, ResourceUpdate<Noun>.self,
            ResourceEnable<Noun>.self, ResourceDisable<Noun>.self, ResourceDelete<Noun>.self, RuleTest.self,
        ])
}
