import ArgumentParser
import PetrelCore
import PetrelSystem

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run an action and print its result.",
        discussion: """
            Parameters follow the action as name=value; @name=FILE takes the value from a file. Words without "=", and all \
            words behind "--", are the command of actions such as core.local. Ends with 0 if the execution succeeded, \
            with 1 if it ended in any other way.
            """)

    private static let commandWord = "petrel-command-word"

    /// The command line with what stands behind `--` as options, for the parser allows one list of words only.
    static func arranged(_ arguments: [String]) -> [String] {
        guard arguments.first == configuration.commandName, let mark = arguments.firstIndex(of: "--") else {
            return arguments
        }
        return arguments[..<mark] + arguments[(mark + 1)...].flatMap { ["--" + commandWord, $0] }
    }

    @Argument(help: "The action, such as core.local.")
    var action: String
    @Argument(help: "Parameters as name=value.")
    var parameters: [String] = []
    @Option(name: .customLong(Self.commandWord), parsing: .unconditionalSingleValue, help: .hidden)
    var command: [String] = []

    @Flag(name: [.customShort("a"), .customLong("async")], help: "Print the execution and do not wait for its end.")
    var isAsync = false
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

    func run() async throws {
        let console = Console.current
        let client = try client.client(console)
        let started = try await client.post("/executions", body(console, client))
        if isAsync { return announce(started, console) }
        switch try await wait(for: started, client, console) {
        case .interrupted:
            throw ExitCode(130)
        case .over(let execution):
            let display = ExecutionDisplay(key: key, isDetailed: detail, attributes: attr)
            console.print(display.lines(execution, console.output(output)))
            let status = ExecutionText.status(of: execution)
            guard status == .succeeded || status?.isCompleted == false else { throw ExitCode(1) }
        }
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
            console.print("To get the results, execute:\n petrel execution get \(VisibleText.line(id))")
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
            console.note(
                "Not waiting any more; execution \(id) goes on.\n  see:    petrel execution get \(id)\n"
                    + "  cancel: petrel execution cancel \(id)")
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
