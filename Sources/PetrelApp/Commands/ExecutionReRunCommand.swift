import ArgumentParser
import PetrelCore
import PetrelSystem

/// `petrel execution re-run`.
struct ExecutionReRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "re-run", abstract: "Run an execution again, or take a workflow up again from some of its tasks.",
        discussion: """
            Parameters given as name=value replace those of the first run. With --tasks the workflow goes on from these \
            tasks; lists in them run again as a whole unless --no-reset names the task.
            """)

    @Argument(help: "The execution's id.")
    var id: String
    @Argument(help: "Parameters as name=value.")
    var parameters: [String] = []
    @Option(parsing: .upToNextOption, help: "Tasks of a workflow to run again.")
    var tasks: [String] = []
    @Option(parsing: .upToNextOption, help: "Of these tasks only the items that failed run again.")
    var noReset: [String] = []
    @Flag(name: [.customShort("a"), .customLong("async")], help: "Do not wait for the end.")
    var isAsync = false
    @Option(help: "Milliseconds to wait before the start.")
    var delay: Int?
    @Option(parsing: .upToNextOption, help: "Attributes to show.")
    var attr: [String] = []
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let console = Console.current
        let client = try client.client(console)
        let old = try await client.get("/executions/" + URLText.escaped(id))
        let action = old["action"]?["ref"]?.string ?? ""
        let started = try await client.post(
            "/executions/" + URLText.escaped(id) + "/re_run", body(action, old, console))
        guard !isAsync else { return show(started, console) }
        switch try await ExecutionWait(client: client, clock: SystemClock()).run(started) {
        case .interrupted: throw ExitCode(130)
        case .over(let execution):
            show(execution, console)
            let status = ExecutionText.status(of: execution)
            guard status == .succeeded || status?.isCompleted == false else { throw ExitCode(1) }
        }
    }

    private func body(_ action: String, _ old: Value, _ console: Console) throws -> Value {
        let reader = RunParameters(
            action: action, schema: old["action"]?["parameters"] ?? .null, makesObjects: false
        ) { path throws(AppError) in
            try LocalFile.text(
                PathText.absolute(path, in: console.workingFolder), maxBytes: Limits.requestBody.maxBytes)
        }
        let unknown = noReset.filter { !tasks.contains($0) }
        guard unknown.isEmpty else {
            throw AppError(
                .usage, "--no-reset names \(unknown.joined(separator: ", ")), which --tasks does not",
                hint: "Name the tasks in both")
        }
        var body: ValueObject = [
            "parameters": .object(try reader.parameters(parameters, command: [])),
            "tasks": .array(tasks.map(Value.string)),
            "reset": .array(tasks.filter { !noReset.contains($0) }.map(Value.string)),
        ]
        if let delay { body["delay"] = .integer(delay) }
        return .object(body)
    }

    private func show(_ execution: Value, _ console: Console) {
        console.print(
            ExecutionDisplay(key: nil, isDetailed: false, attributes: attr).lines(
                execution, console.output(output)))
    }
}
