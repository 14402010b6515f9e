import ArgumentParser

struct PolicyCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(name: .shortAndLong, help: "Only those of this pack.")
            var pack: String?
            @Option(name: .shortAndLong, help: "Only those about this action.")
            var resourceRef: String?
            @Option(help: "Only those of this kind.")
            var policyType: String?

            var query: [(name: String, value: String)] {
                given(
                    ("pack", pack), ("resource_ref", resourceRef), ("policy_type", policyType))
            }
        }
        static let word = "policy"
        static let path = "/policies"
        static let columns = ["ref", "resource_ref", "policy_type", "enabled"]
        static let reference = "References, such as demo.limit, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Show and change policies.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, ResourceCreate<Noun>.self, ResourceUpdate<Noun>.self,
            ResourceEnable<Noun>.self, ResourceDisable<Noun>.self, ResourceDelete<Noun>.self,
        ])
}

struct PolicyTypeCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(name: .shortAndLong, help: "Only those about this type of resource.")
            var resourceType: String?

            var query: [(name: String, value: String)] { resourceType.map { [("resource_type", $0)] } ?? [] }
        }
        static let word = "policy type"
        static let path = "/policytypes"
        static let columns = ["ref", "resource_type", "name", "description"]
        static let reference = "References, such as action.concurrency, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "policy-type", abstract: "Show kinds of policies.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}
