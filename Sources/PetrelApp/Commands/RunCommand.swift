import ArgumentParser
import PetrelCore
import PetrelSystem

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run an action and print its result.",
        discussion: """
            Parameters follow the action as name=value; @name=FILE takes the value from a file. Words without "=", and all \
            words behind "--", are the command of actions such as core.local. "petrel run ACTION -h" shows the parameters \
            of an action. Ends with 0 if the execution succeeded, with 1 if it ended in any other way.
            """)

    @Flag(name: [.customShort("a"), .customLong("async")], help: "Print the execution and do not wait for its end.")
    var isAsync = false
    @Flag(help: "Print what the action writes while it runs, in place of its result.")
    var tail = false
    @OptionGroup var options: RunOptions

    func run() async throws { try await options.run(waits: !isAsync, tails: tail) }
}

/// `petrel action execute`: asks for an execution and does not wait.
struct ExecuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execute", abstract: "Run an action and do not wait for its end.")

    @Flag(name: [.customShort("a"), .customLong("async")], help: .hidden)
    var isAsync = false
    @Flag(help: "Print what the action writes while it runs.")
    var tail = false
    @OptionGroup var options: RunOptions

    func run() async throws { try await options.run(waits: tail, tails: tail) }
}

/// What `run` and `action execute` share.
struct RunOptions: ParsableArguments {
    private static let commandWord = "petrel-command-word"
    private static let helpWord = "petrel-action-help"

    /// The command line with what stands behind `--` as options, for the parser allows one list of words only, and with
    /// `-h` behind an action asking for the action's help.
    static func arranged(_ arguments: [String]) -> [String] {
        let heads = [["run"], ["action", "execute"]]
        guard let head = heads.first(where: { arguments.starts(with: $0) }) else { return arguments }
        let mark = arguments.firstIndex(of: "--") ?? arguments.endIndex
        var words = Array(arguments[..<mark])
        if let help = words.firstIndex(where: { $0 == "-h" || $0 == "--help" }), help > head.count {
            words[help] = "--" + helpWord
        }
        return words + arguments[mark...].dropFirst().flatMap { ["--" + commandWord, $0] }
    }

    @Argument(help: "The action, such as core.local.")
    var action: String
    @Argument(help: "Parameters as name=value.")
    var parameters: [String] = []
    @Option(name: .customLong(Self.commandWord), parsing: .unconditionalSingleValue, help: .hidden)
    var command: [String] = []
    @Flag(name: .customLong(Self.helpWord), help: .hidden)
    var asksForHelp = false

    @Flag(name: [.customShort("e"), .long], help: "Hand the environment on as the parameter env.")
    var inheritEnv = false
    @Option(name: .shortAndLong, help: "Run for this user.")
    var user: String?
    @Option(help: "Milliseconds to wait before the start.")
    var delay: Int?
    @Option(help: "Tag of the trace to start.")
    var traceTag: String?
    @Option(help: "Id of the trace to join.")
    var traceID: String?
    @Flag(help: "Make one object of a list of name:value texts.")
    var autoDict = false
    @Option(name: .shortAndLong, help: "Print this part of the result alone, such as stdout.")
    var key: String?
    @Flag(name: .shortAndLong, help: "Show all attributes.")
    var detail = false
    @Option(parsing: .upToNextOption, help: "Attributes to show.")
    var attr: [String] = []
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions

    /// Asks for the execution and shows what becomes of it.
    func run(waits: Bool, tails: Bool) async throws {
        let console = Console.current
        let client = try client.client(console)
        if asksForHelp { return console.print(try await help(client, console)) }
        let started = try await client.post("/executions", body(console, client))
        if tails { return try await tail(started, client, console) }
        if !waits { return announce(started, console) }
        switch try await wait(for: started, client, console) {
        case .interrupted:
            throw ExitCode(130)
        case .over(let execution):
            let display = ExecutionDisplay(key: key, isDetailed: detail, attributes: attr)
            console.print(display.lines(execution, console.output(output)))
            try Self.check(execution)
        }
    }

    /// Fails with 1 unless the execution succeeded, or stands still.
    private static func check(_ execution: Value) throws {
        let status = ExecutionText.status(of: execution)
        guard status == .succeeded || status?.isCompleted == false else { throw ExitCode(1) }
    }

    private func help(_ client: APIClient, _ console: Console) async throws -> [String] {
        let shown = try await client.get("/actions/views/overview/" + URLText.escaped(action))
        return ActionHelp(shown, style: console.style).lines
    }

    private func tail(_ started: Value, _ client: APIClient, _ console: Console) async throws {
        Interruption.watch()
        var tail = OutputTail(client: client, clock: SystemClock(), type: "all", showsMetadata: false)
        tail.isInterrupted = { Interruption.hasHappened }
        guard let ended = try await tail.run(started["id"]?.string ?? "", console) else { throw ExitCode(130) }
        try Self.check(ended)
    }

    private func body(_ console: Console, _ client: APIClient) async throws -> Value {
        let view = try await client.get("/actions/views/parameters/" + URLText.escaped(action))
        let reader = RunParameters(
            action: action, schema: view["parameters"] ?? .null, makesObjects: autoDict
        ) { path throws(AppError) in
            let full = PathText.absolute(path, in: console.workingFolder)
            return try LocalFile.text(full, maxBytes: Limits.requestBody.maxBytes)
        }
        var given = try reader.parameters(parameters, command: command)
        if inheritEnv { given["env"] = InheritedEnvironment.value(console.environment) }
        var body: ValueObject = ["action": .string(action), "parameters": .object(given), "user": Value(user)]
        if let delay { body["delay"] = .integer(delay) }
        let trace = [("trace_tag", traceTag), ("id_", traceID)].compactMap { name, text in
            text.map { (name, Value.string($0)) }
        }
        if !trace.isEmpty {
            body["context"] = ["trace_context": .object(ValueObject(trace, uniquingKeysWith: { _, last in last }))]
        }
        return .object(body)
    }

    private func announce(_ execution: Value, _ console: Console) {
        if output.format == .text, attr.isEmpty, !detail {
            let id = execution["id"]?.string ?? ""
            let (program, shown) = (Petrel.programName, VisibleText.line(id))
            console.print(
                "To get the results, execute:\n \(program) execution get \(shown)\n\n"
                    + "To view output in real-time, execute:\n \(program) execution tail \(shown)")
        } else {
            let display = ExecutionDisplay(key: nil, isDetailed: detail, attributes: attr)
            console.print(display.lines(execution, console.output(output)))
        }
    }

    private func wait(for started: Value, _ client: APIClient, _ console: Console) async throws -> ExecutionWait.End {
        Interruption.watch()
        let spinner = Spinner(console)
        var wait = ExecutionWait(client: client, clock: SystemClock())
        wait.isInterrupted = { Interruption.hasHappened }
        wait.progress = { status, elapsed in spinner.show("\(action) \(VisibleText.line(status))", elapsed) }
        defer { spinner.clear() }
        let end = try await wait.run(started)
        if case .interrupted = end {
            spinner.clear()
            let id = VisibleText.line(started["id"]?.string ?? "")
            let program = Petrel.programName
            console.note(
                """
                Not waiting any more; execution \(id) goes on.
                  see:    \(program) execution get \(id)
                  cancel: \(program) execution cancel \(id)
                """)
        }
        return end
    }
}

/// One line on standard error that shows that something goes on; nothing at all when that is no terminal.
struct Spinner {
    private let console: Console
    private static let signs = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

    /// A spinner that shows nothing yet.
    init(_ console: Console) { self.console = console }

    /// Shows a text and the time.
    func show(_ text: String, _ elapsed: Duration) {
        guard console.isErrorTerminal else { return }
        Console.write("\r" + Spinner.line(text, elapsed) + "\u{1B}[K", to: 2)
    }

    /// Takes the line away.
    func clear() {
        guard console.isErrorTerminal else { return }
        Console.write("\r\u{1B}[K", to: 2)
    }

    /// The line at a time.
    static func line(_ text: String, _ elapsed: Duration) -> String {
        let turn = Int(max(0, elapsed.inSeconds) * 10) % signs.count
        return "\(signs[turn]) \(DisplayWidth.cut(text, to: 60)) \(PromptRendering.text(elapsed))"
    }
}
