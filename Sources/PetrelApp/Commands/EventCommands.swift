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
            @Option(
                name: [.customLong("tg", withSingleDash: true), .customLong("timestamp-gt")], help: "Only later ones.")
            var after: String?
            @Option(
                name: [.customLong("tl", withSingleDash: true), .customLong("timestamp-lt")], help: "Only earlier ones."
            )
            var before: String?

            var query: [(name: String, value: String)] {
                let given: [(String, String?)] = [
                    ("trigger_instance", triggerInstance), ("execution", execution), ("rule_ref", rule),
                    ("enforced_at_gt", after), ("enforced_at_lt", before),
                ]
                return given.compactMap { pair in pair.1.map { (pair.0, $0) } }
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
            @Option(
                name: [.customLong("tg", withSingleDash: true), .customLong("timestamp-gt")], help: "Only later ones.")
            var after: String?
            @Option(
                name: [.customLong("tl", withSingleDash: true), .customLong("timestamp-lt")], help: "Only earlier ones."
            )
            var before: String?

            var query: [(name: String, value: String)] {
                let given: [(String, String?)] = [
                    ("trigger", trigger), ("status", status), ("timestamp_gt", after), ("timestamp_lt", before),
                ]
                return given.compactMap { pair in pair.1.map { (pair.0, $0) } }
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

            var query: [(name: String, value: String)] { timerType.map { [("timer_type", $0)] } ?? [] }
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

struct TraceCommand: ParsableCommand {
    enum Noun: ResourceNoun {
        struct Filters: ResourceFilters {
            @Option(name: [.customShort("c"), .long], help: "Only those with this tag.")
            var traceTag: String?
            @Option(name: .shortAndLong, help: "Only the one with this execution.")
            var execution: String?
            @Option(name: .shortAndLong, help: "Only those with this rule.")
            var rule: String?
            @Option(name: [.customShort("g"), .long], help: "Only the one with this trigger instance.")
            var triggerInstance: String?

            var query: [(name: String, value: String)] {
                let given: [(String, String?)] = [
                    ("trace_tag", traceTag), ("execution", execution), ("rule", rule),
                    ("trigger_instance", triggerInstance),
                ]
                return given.compactMap { pair in pair.1.map { (pair.0, $0) } }
            }
        }
        static let word = "trace"
        static let path = "/traces"
        static let columns = ["id", "trace_tag", "start_timestamp"]
        static let reference = "Ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Show what led to what: events, rules and executions.",
        subcommands: [ResourceList<Noun>.self, ResourceGet<Noun>.self])
}
