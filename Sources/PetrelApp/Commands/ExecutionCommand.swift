import ArgumentParser
import PetrelCore
import PetrelSystem

struct ExecutionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execution", abstract: "Show, follow, cancel, pause, resume and re-run executions.",
        subcommands: [
            List.self, Get.self, Cancel.self, Tail.self, Pause.self, Resume.self, ExecutionReRunCommand.self,
        ])

    enum Order: String, ExpressibleByArgument, CaseIterable { case asc, desc }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List executions, the newest at the end.")

        @Option(name: [.customShort("n"), .long], help: "How many.")
        var last = 50
        @Option(name: .shortAndLong, help: "asc begins with the oldest of all, desc with the newest.")
        var sort = Order.desc
        @Option(help: "Only those of this action.")
        var action: String?
        @Option(help: "Only those with this status.")
        var status: String?
        @Option(help: "Only those of this user.")
        var user: String?
        @OptionGroup var span: TimeSpanFlags
        @Flag(name: [.customShort("l"), .customLong("showall")], help: "Also those that workflows started.")
        var showAll = false
        @OptionGroup var options: ListOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let columns = options.columns(standard: ExecutionText.columns)
            let listing = try await client.client(console).list("/executions/", query(columns))
            var items = sort == .desc ? listing.items.reversed() : listing.items
            if options.output.format == .text {
                items = items.map { ExecutionText.withElapsed($0, now: SystemClock().now) }
            }
            console.print(console.output(options).list(items, columns: columns))
            console.noteRest(of: listing, which: sort == .desc ? "last" : "first", "executions", options.output)
        }

        /// The query that the flags make.
        func query(_ columns: [String]) -> [(name: String, value: String)] {
            return given(
                ("limit", String(last)), ("parent", showAll ? nil : "null"), ("sort_\(sort.rawValue)", "True"),
                ("action", action), ("status", status), ("user", user), ("timestamp_gt", span.after),
                ("timestamp_lt", span.before)) + options.query(columns)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Show executions with their results.")

        @Argument(help: "Ids; \"last\" is the newest.")
        var ids: [String]
        @Flag(name: [.customShort("x"), .long], help: "Leave the result out.")
        var excludeResult = false
        @Flag(name: .shortAndLong, help: "Show all attributes.")
        var detail = false
        @Option(name: .shortAndLong, help: "Print this part of the result alone, such as stdout.")
        var key: String?
        @Flag(help: "Show the tasks of a workflow even with --detail or --attr.")
        var showTasks = false
        @Option(help: "Levels of the tree of tasks; -1 for all.")
        var depth = -1
        @OptionGroup var options: GetOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            let query = excludeResult ? [(name: "exclude_attributes", value: "result")] : []
            for id in ids {
                let execution = try await client.get("/executions/" + URLText.escaped(id), query)
                let output = console.output(options.output)
                // As StackStorm's client: programs get the log of changes, too.
                let isForPrograms = options.attr.isEmpty && options.output.format != .text
                let attributes = isForPrograms ? ExecutionText.attributes + ["log"] : options.attr
                console.print(
                    ExecutionDisplay(key: key, isDetailed: detail, attributes: attributes).lines(execution, output))
                let isPlain = key == nil && options.output.format == .text
                if isPlain, showTasks || !detail && options.attr.isEmpty {
                    console.print(try await TaskTree.lines(of: execution, depth: depth, client, output))
                }
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Ask executions to end.")

        @Argument(help: "Ids.")
        var ids: [String]
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            var hasFailed = false
            for id in ids {
                let answer = try await client.delete("/executions/" + URLText.escaped(id))
                // The API says no with status 200.
                if let fault = answer["faultstring"]?.string {
                    hasFailed = true
                    console.note("\(id): \(VisibleText.line(fault))")
                } else {
                    console.print("\(id): \(answer["status"]?.string ?? "canceling")")
                }
            }
            if hasFailed { throw ExitCode(1) }
        }
    }
}

extension ExecutionCommand {
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tail", abstract: "Print what an execution writes, until it is over.")

        @Argument(help: "An id; \"last\" is the newest.")
        var id = "last"
        @Option(help: "stdout, stderr or all.")
        var type = "all"
        @Flag(help: "Show the time and the type of each line.")
        var includeMetadata = false
        @OptionGroup var client: ClientOptions

        func validate() throws {
            guard ["stdout", "stderr", "all"].contains(type) else {
                throw ValidationError("--type is \(type); it must be stdout, stderr or all.")
            }
        }

        func run() async throws {
            let console = Console.current
            let client = try client.client(console)
            Interruption.watch()
            let execution = try await client.get(
                "/executions/" + URLText.escaped(id), [("exclude_attributes", "result")])
            var tail = OutputTail(
                client: client, clock: SystemClock(), type: type, showsMetadata: includeMetadata)
            tail.isInterrupted = { Interruption.hasHappened }
            guard try await tail.run(execution["id"]?.string ?? id, console) != nil else { throw ExitCode(130) }
        }
    }
}

extension ExecutionCommand {
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "pause", abstract: "Ask workflows to stand still.")

        @Argument(help: "Ids.")
        var ids: [String]
        @OptionGroup var client: ClientOptions

        func run() async throws { try await ExecutionCommand.ask("pausing", of: ids, client) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Ask paused workflows to go on.")

        @Argument(help: "Ids.")
        var ids: [String]
        @OptionGroup var client: ClientOptions

        func run() async throws { try await ExecutionCommand.ask("resuming", of: ids, client) }
    }

    fileprivate static func ask(_ status: String, of ids: [String], _ options: ClientOptions) async throws {
        let console = Console.current
        let client = try options.client(console)
        for id in ids {
            let answer = try await client.put("/executions/" + URLText.escaped(id), ["status": .string(status)])
            console.print("\(id): \(answer["status"]?.string ?? status)")
        }
    }
}

/// Which part of an execution is shown.
struct ExecutionDisplay {
    var key: String?
    var isDetailed: Bool
    var attributes: [String]

    /// The lines of an execution.
    func lines(_ execution: Value, _ output: ResourceOutput, now: Instant = SystemClock().now) -> [String] {
        if let key { return output.bare(ResourceOutput.value(at: key, in: execution["result"] ?? .null) ?? .null) }
        let chosen = isDetailed || attributes.contains("all") ? ["all"] : attributes
        return ExecutionText.lines(
            execution, attributes: chosen.isEmpty ? ExecutionText.attributes : chosen, output, now: now)
    }
}
