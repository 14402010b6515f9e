import ArgumentParser
import PetrelCore

struct RuleEnforcementCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(help: "Only those for this trigger instance.")
            var triggerInstance: String?
            @Option(help: "Only the one that started this execution.")
            var execution: String?
            @Option(help: "Only this rule's.")
            var rule: String?
            @OptionGroup var span: TimeSpanFlags

            var query: [(name: String, value: String)] {
                given(
                    ("trigger_instance", triggerInstance), ("execution", execution), ("rule_ref", rule),
                    ("enforced_at_gt", span.after), ("enforced_at_lt", span.before))
            }
        }
        static let word = "rule enforcement"
        static let path = "/ruleenforcements"
        static let columns = ["id", "rule.ref", "trigger_instance_id", "execution_id", "enforced_at"]
        static let reference = "Ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "rule-enforcement", abstract: "Show what rules did.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}

struct TriggerCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = PackFilter
        static let word = "trigger"
        static let path = "/triggertypes"
        static let columns = ["ref", "pack", "description"]
        static let reference = "References, such as core.st2.webhook, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "trigger", abstract: "Make, show and delete trigger types.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, ResourceCreate<Noun>.self, ResourceUpdate<Noun>.self,
            ResourceDelete<Noun>.self, Specs.self,
        ])

    struct Specs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "getspecs", abstract: "Show the triggers of a type, with their parameters.")

        @Argument(help: "The type's reference.")
        var reference: String
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let columns = options.columns(standard: ["id", "ref", "type", "parameters"])
            let found = try await client.client(console).list("/triggers").items
            let chosen = found.filter { $0["type"]?.string == reference }
            console.print(console.output(options.output).list(chosen, columns: columns))
        }
    }
}

struct TriggerInstanceCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(help: "Only those of this trigger.")
            var trigger: String?
            @Option(help: "Only those of this status.")
            var status: String?
            @OptionGroup var span: TimeSpanFlags

            var query: [(name: String, value: String)] {
                given(
                    ("trigger", trigger), ("status", status), ("timestamp_gt", span.after),
                    ("timestamp_lt", span.before))
            }
        }
        static let word = "trigger instance"
        static let path = "/triggerinstances"
        static let columns = ["id", "trigger", "occurrence_time", "status"]
        static let reference = "Ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "trigger-instance", abstract: "Show events, and send them again.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self, EmitAgain.self])

    struct EmitAgain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "re-emit", abstract: "Send trigger instances again, to the rules as they are now.")

        @Argument(help: "Ids.")
        var ids: [String]
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            for id in ids {
                let path = "/triggerinstances/\(URLText.escaped(id))/re_emit"
                let answer = try await client.post(path, .null)
                console.print(VisibleText.line(answer["message"]?.string ?? ""))
            }
        }
    }
}

struct SensorCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = PackFilter
        static let word = "sensor"
        static let path = "/sensortypes"
        static let columns = ["ref", "pack", "description", "enabled"]
        static let reference = "References, such as linux.FileWatchSensor, or ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "sensor", abstract: "Show sensors, and switch them on and off.",
        subcommands: [
            ResourceList<Noun>.self, ResourceGet<Noun>.self, ResourceEnable<Noun>.self, ResourceDisable<Noun>.self,
        ])
}

struct TimerCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(name: [.customLong("ty", withSingleDash: true), .long], help: "Only those of this trigger type.")
            var timerType: String?

            var query: [(name: String, value: String)] { given(("timer_type", timerType)) }
        }
        static let word = "timer"
        static let path = "/timers"
        static let columns = ["id", "ref", "type", "parameters"]
    }

    static let configuration = CommandConfiguration(
        commandName: "timer", abstract: "Show the timers of rules.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}

struct WebhookCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        typealias Filters = NoFilters
        static let word = "webhook"
        static let path = "/webhooks"
        static let columns = ["parameters.url", "type", "description"]
        static let reference = "URLs, without /webhooks/."
    }

    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Show the webhooks of rules.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}
