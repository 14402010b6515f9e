import ArgumentParser
import PetrelCore

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
            @Option(name: .shortAndLong, help: "asc begins with the oldest of all, desc with the newest.")
            var sort: ExecutionCommand.Order?

            func validate() throws {
                guard [traceTag, execution, rule, triggerInstance].compactMap(\.self).count < 2 else {
                    throw ValidationError("-c, -e, -r and -g can't be used together.")
                }
            }

            var query: [(name: String, value: String)] {
                given(
                    ("trace_tag", traceTag), ("execution", execution), ("rule", rule),
                    ("trigger_instance", triggerInstance), ("sort_\((sort ?? .desc).rawValue)", "True"))
            }
        }
        static let word = "trace"
        static let path = "/traces"
        static let columns = ["id", "uid", "trace_tag", "start_timestamp"]
        static let reference = "Ids."
    }

    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Show what led to what: events, rules and executions.",
        subcommands: [ResourceList<Noun>.self, Get.self])

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Show what belongs to a trace, and what led to it.")

        @Argument(help: "The trace's id.")
        var id: String
        @OptionGroup var choice: TraceChoice
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let found = try await client.client(console).get("/traces/" + URLText.escaped(id))
            let trace = choice.applied(to: found)
            let output = console.output(options.output)
            guard options.output.format == .text, options.attr.isEmpty else {
                return console.print(output.single(trace, attributes: options.attributes(standard: ["all"])))
            }
            console.print(output.single(trace, attributes: ["id", "trace_tag", "start_timestamp"]))
            console.print(output.list(TraceChoice.rows(of: trace), columns: TraceChoice.columns))
        }
    }
}

/// Which parts of a trace are shown.
struct TraceChoice: ParsableArguments {
    @Option(name: .shortAndLong, help: "Only what led to this execution.")
    var execution: String?
    @Option(name: .shortAndLong, help: "Only what led to this rule.")
    var rule: String?
    @Option(name: [.customShort("g"), .long], help: "Only what led to this trigger instance.")
    var triggerInstance: String?
    @Flag(help: "Show executions.")
    var showExecutions = false
    @Flag(help: "Show rules.")
    var showRules = false
    @Flag(help: "Show trigger instances.")
    var showTriggerInstances = false
    @Flag(name: [.customShort("n"), .long], help: "Leave out trigger instances for which no rule did anything.")
    var hideNoopTriggers = false

    /// What a table of parts shows.
    static let columns = ["id", "type", "ref", "updated_at", "caused_by"]

    private static let instances = "trigger_instances"
    private static let rules = "rules"
    private static let executions = "action_executions"
    private static let words = [instances: "trigger-instance", rules: "rule", executions: "execution"]
    /// The list in which a cause of a type stands.
    private static let lists = ["trigger_instance": instances, "rule": rules, "action_execution": executions]

    /// The trace with the chosen parts only.
    func applied(to trace: Value) -> Value {
        var members = trace.object ?? [:]
        if let start { members = Self.chain(to: start.id, in: start.list, of: members) }
        if hideNoopTriggers {
            let busy = Set(Self.items(members, Self.rules).compactMap { $0["caused_by"]?["id"]?.string })
            members[Self.instances] = .array(
                Self.items(members, Self.instances).filter { busy.contains($0["object_id"]?.string ?? "") })
        }
        let shown = [
            (Self.executions, showExecutions), (Self.rules, showRules), (Self.instances, showTriggerInstances),
        ]
        if shown.contains(where: \.1) {
            for (list, isShown) in shown where !isShown { members[list] = nil }
        }
        return .object(members)
    }

    /// The parts of a trace by time, as a table shows them.
    static func rows(of trace: Value) -> [Value] {
        let members = trace.object ?? [:]
        let rows = [instances, rules, executions].flatMap { list in
            items(members, list).map { item -> Value in
                let cause = item["caused_by"]
                let text = cause?["type"]?.string.map { "\($0) \(cause?["id"]?.string ?? "")" } ?? ""
                return [
                    "id": item["object_id"] ?? .null, "type": .string(words[list] ?? list), "ref": item["ref"] ?? .null,
                    "updated_at": item["updated_at"] ?? .null, "caused_by": .string(text),
                ]
            }
        }
        let ordered = rows.enumerated().sorted { left, right in
            let (first, second) = (left.element["updated_at"]?.string ?? "", right.element["updated_at"]?.string ?? "")
            return first == second ? left.offset < right.offset : first < second
        }
        return ordered.map(\.element)
    }

    private var start: (id: String, list: String)? {
        if let execution { return (execution, Self.executions) }
        if let rule { return (rule, Self.rules) }
        return triggerInstance.map { ($0, Self.instances) }
    }

    /// What led to one part, one from the other.
    private static func chain(to id: String, in list: String, of members: ValueObject) -> ValueObject {
        var kept: [String: [Value]] = [:]
        var (id, list) = (id, list)
        // Bounded, for a trace that leads back to itself.
        for _ in 0..<10_000 {
            // A rule is named with the instance for which it acted, where an execution names it.
            let parts = id.split(separator: ":", maxSplits: 1).map(String.init)
            let item = items(members, list).first { item in
                item["object_id"]?.string == parts.first
                    && (parts.count < 2 || item["caused_by"]?["id"]?.string == parts[1])
            }
            guard let item else { break }
            kept[list, default: []].insert(item, at: 0)
            guard let type = item["caused_by"]?["type"]?.string, let next = lists[type],
                let cause = item["caused_by"]?["id"]?.string
            else { break }
            (id, list) = (cause, next)
        }
        var members = members
        for name in lists.values { members[name] = .array(kept[name] ?? []) }
        return members
    }

    private static func items(_ members: ValueObject, _ list: String) -> [Value] { members[list]?.array ?? [] }
}
