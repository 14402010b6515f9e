import PetrelCore

/// Prints what an execution writes, and what becomes of a workflow's tasks, as it comes, until it is over.
struct OutputTail {
    let client: APIClient
    let clock: any PetrelClock
    /// `stdout`, `stderr` or `all`.
    let type: String
    /// Whether each piece is shown with its time and type.
    let showsMetadata: Bool
    var isInterrupted: () -> Bool = { false }

    private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(1))

    /// - Returns: the execution at its end; nil when the person does not want to wait any more.
    func run(_ id: String, _ console: Console) async throws(AppError) -> Value? {
        let path = "/executions/" + URLText.escaped(id)
        let types = type == "all" ? ["stdout", "stderr"] : [type]
        var read: [String: Int] = [:]
        var progress = TaskProgress()
        var pause = Self.pauses.first
        while true {
            // Asked for before the output, so that what was written up to the end is read after it.
            let execution = try await client.get(path, [("exclude_attributes", "result")])
            let isOver = ExecutionText.status(of: execution)?.isCompleted != false
            var hasMore = false
            for type in types {
                let text = Array(try await client.text(path + "/output", [("output_type", type)]).utf8)
                let new = text.dropFirst(read[type] ?? 0)
                read[type] = max(read[type] ?? 0, text.count)
                if !new.isEmpty {
                    hasMore = true
                    show(String(decoding: new, as: UTF8.self), type, console)
                }
            }
            if let runner = execution["action"]?["runner_type"]?.string, RunnerType.isWorkflow(runner) {
                let lines = progress.lines(of: try await children(path))
                if !lines.isEmpty { hasMore = true }
                for line in lines { console.print(VisibleText.lines(line).joined(separator: " ")) }
                if isOver, let status = execution["status"]?.string {
                    console.print("Execution \(id) has completed (status=\(status)).")
                }
            }
            if isOver { return execution }
            pause = hasMore ? Self.pauses.first : min(pause * 2, Self.pauses.longest)
            if isInterrupted() { return nil }
            try? await clock.sleep(for: pause)
            if isInterrupted() { return nil }
        }
    }

    private func children(_ path: String) async throws(AppError) -> [Value] {
        try await client.get(path + "/children", [("depth", "1"), ("exclude_attributes", "result,parameters")]).array
            ?? []
    }

    private func show(_ text: String, _ type: String, _ console: Console) {
        guard showsMetadata else { return console.printRaw(console.isOutputTerminal ? visible(text) : text) }
        for line in VisibleText.lines(text) { console.print("[\(clock.now)][\(type)] \(line)") }
    }

    /// Nothing that a command writes may rule the terminal of whoever looks on.
    private func visible(_ text: String) -> String {
        let lines = VisibleText.lines(text).joined(separator: "\n")
        return text.hasSuffix("\n") && !lines.hasSuffix("\n") ? lines + "\n" : lines
    }
}
