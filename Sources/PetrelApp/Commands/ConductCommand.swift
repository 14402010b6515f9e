import ArgumentParser
import PetrelCore
import PetrelWorkflow

extension DebugCommand {
    /// Conducts a workflow in memory as fast as it goes, each action ending at once: a figure for `make bench`.
    struct Conduct: ParsableCommand {
        enum Shape: String, ExpressibleByArgument, CaseIterable { case sequence, fork, items }

        static let configuration = CommandConfiguration(
            commandName: "conduct", abstract: "Conduct a workflow in memory and print how long it took.")

        @Option(help: "Tasks in a row, a fork of tasks that join again, or one task with items.")
        var shape = Shape.sequence
        @Option(help: "How many tasks or items.")
        var tasks = 100
        @Option(help: "How often.")
        var rounds = 5

        func run() throws {
            let definition = try WorkflowDefinition(text, file: "bench.yaml")
            let clock = ContinuousClock()
            var times: [Duration] = []
            var stateBytes = 0
            for _ in 0..<rounds {
                let begin = clock.now
                stateBytes = try conduct(definition)
                times.append(clock.now - begin)
            }
            let median = times.sorted()[times.count / 2].inSeconds
            Console.current.print(
                "conduct shape=\(shape.rawValue) tasks=\(tasks) ms=\(Self.shown(median * 1000)) "
                    + "tasks_per_s=\(Int(Double(tasks) / median)) state_bytes=\(stateBytes)")
        }

        private static func shown(_ number: Double) -> String { String(Double(Int(number * 100)) / 100) }

        /// Runs it to its end with the changes of each step taken, as the engine does; the size of the whole state.
        private func conduct(_ definition: WorkflowDefinition) throws -> Int {
            var conductor = Conductor(definition)
            try conductor.request(.running)
            while !conductor.status.isCompleted {
                for request in conductor.nextTasks() {
                    for action in request.actions {
                        try conductor.report(
                            TaskEvent(request.taskID, route: request.route, .running, itemID: action.itemID))
                    }
                    for (place, action) in request.actions.enumerated() {
                        let isLast = place == request.actions.count - 1
                        try conductor.report(
                            TaskEvent(
                                request.taskID, route: request.route, .succeeded, result: ["n": 1],
                                itemID: action.itemID, itemResults: request.isItemized && isLast ? [] : nil))
                        _ = conductor.takeChanges()
                    }
                }
            }
            conductor.renderOutput()
            return JSONWriter.bytes(conductor.state.document).count
        }

        private var text: String {
            let head = "version: 1.0\nvars:\n  - n: 0\ntasks:\n"
            switch shape {
            case .sequence:
                return head
                    + (0..<tasks).map { number in
                        let next = number + 1 < tasks ? "\n        do: t\(number + 1)" : ""
                        return "  t\(number):\n    action: core.noop\n    next:\n      - when: <% succeeded() %>\n"
                            + "        publish: n=<% ctx().n + 1 %>\(next)\n"
                    }.joined()
            case .fork:
                let names = (0..<tasks).map { "t\($0)" }
                let branches = names.map { "  \($0):\n    action: core.noop\n    next:\n      - do: last\n" }
                return head
                    + "  first:\n    action: core.noop\n    next:\n      - do: [\(names.joined(separator: ", "))]\n"
                    + branches.joined() + "  last:\n    join: all\n    action: core.noop\n"
            case .items:
                return head + "  each:\n    with: <% list(range(\(tasks))) %>\n    action: core.noop\n"
            }
        }
    }
}
