import ArgumentParser
import PetrelCore
import PetrelWorkflow

/// Looks at workflow files on this machine, for which no service is needed, and at running workflows.
struct WorkflowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow", abstract: "Check and draw Orquesta workflows.",
        subcommands: [Inspect.self, Graph.self])

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect",
            abstract: "Tell what is wrong with a workflow, and what may surprise. Ends with 1 if something is wrong.")

        @Argument(help: "The file of the workflow.")
        var file: String
        @OptionGroup var output: OutputOptions

        func run() throws {
            let console = Console.current
            let inspection = WorkflowInspection(try WorkflowCommand.definition(file, console))
            if output.format == .text {
                for finding in inspection.findings + inspection.warnings { console.print(finding.lines) }
                if inspection.isClean { console.print("\(file) can be run.") }
            } else {
                console.print(console.output(output).bare(.array(inspection.entries)))
            }
            if !inspection.isClean { throw ExitCode(1) }
        }
    }

    struct Graph: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "graph",
            abstract: "Draw a workflow, as DOT or SVG text; one that runs or ran with the state of each task.")

        @Argument(help: "The file of the workflow, or the id of its execution.")
        var file: String
        @Flag(help: "SVG in place of DOT.")
        var svg = false
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let console = Console.current
            if let id = ExecutionID(file) {
                let format = [(name: "format", value: svg ? "svg" : "dot")]
                console.print(try await client.client(console).text("/executions/\(id)/graph", format))
                return
            }
            let text = WorkflowGraphText(try WorkflowCommand.definition(file, console))
            console.print(svg ? text.svg : text.dot)
        }
    }

    static func definition(_ file: String, _ console: Console) throws -> WorkflowDefinition {
        let path = PathText.absolute(file, in: console.workingFolder)
        return try WorkflowDefinition(LocalFile.text(path, maxBytes: Limits.contentFile.maxBytes), file: file)
    }
}

extension WorkflowFinding {
    /// Place, message and advice, as the terminal shows errors.
    fileprivate var lines: [String] {
        let head = "\(location): \(category.rawValue): \(VisibleText.line(message))"
        return [head] + (suggestion.map { ["  try: \(VisibleText.line($0))"] } ?? [])
    }
}
