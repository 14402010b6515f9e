import PetrelCore
import PetrelExpressions

// Which variables are set where they are read. A path through the workflow is described by the set of variables that
// are known on it; a task that can be reached on several paths is checked with each of these sets.
extension WorkflowInspector {
    private static let maxPathsPerTask = 64

    mutating func checkContext(_ known: [String]) {
        var start = Set(known)
        checkAssignments(definition.input, .top("input"), &start)
        checkAssignments(definition.vars, .top("vars"), &start)
        let everywhere = checkTasks(from: start)
        var output = everywhere
        checkAssignments(definition.output, .top("output"), &output)
    }

    private mutating func checkAssignments(_ assignments: [Assignment], _ part: Part, _ known: inout Set<String>) {
        for (index, assignment) in assignments.enumerated() {
            check(assignment.template.value, known, part.entry(index))
            known.insert(assignment.name)
        }
    }

    private mutating func check(_ value: Value, _ known: Set<String>, _ part: Part) {
        for variable in EmbeddedExpression.variables(in: value) {
            if variable.name.hasPrefix("__") {
                add(
                    .context,
                    "Variable \"\(variable.name)\" that is prefixed with double underscores is considered a private "
                        + "variable and cannot be referenced.", part, expression: variable.statement,
                    language: variable.language)
            }
            if !known.contains(variable.name) {
                add(
                    .context, "Variable \"\(variable.name)\" is referenced before assignment.", part,
                    expression: variable.statement, language: variable.language,
                    suggestion: "Set it under input, vars or in a publish on every way to this place")
            }
        }
    }

    /// Walks the tasks breadth first and returns all that is published anywhere.
    private mutating func checkTasks(from start: Set<String>) -> Set<String> {
        let graph = definition.graph
        let unions = unions(from: start)
        var paths = [Set<Set<String>>](repeating: [], count: graph.nodes.count)
        var queue = graph.starts.map { ($0, start) }
        var next = 0
        while next < queue.count {
            var (index, known) = queue[next]
            next += 1
            guard let task = graph.nodes[index].task else { continue }
            if graph.nodes[index].barrier != nil { known = unions[index] }
            guard paths[index].count < Self.maxPathsPerTask, paths[index].insert(known).inserted else { continue }
            checkTask(task, known)
            for number in graph.nodes[index].outgoing {
                let edge = graph.edges[number]
                queue.append((edge.target, known.union(task.transitions[edge.transition].publish.map(\.name))))
            }
        }
        return unions.reduce(into: start) { $0.formUnion($1) }
    }

    /// For each node, what is known on any way to it.
    private func unions(from start: Set<String>) -> [Set<String>] {
        let graph = definition.graph
        var unions = [Set<String>?](repeating: nil, count: graph.nodes.count)
        for index in graph.starts { unions[index] = start }
        var pending = graph.starts
        while let index = pending.popLast() {
            let known = unions[index] ?? []
            for number in graph.nodes[index].outgoing {
                let edge = graph.edges[number]
                let published = graph.nodes[index].task?.transitions[edge.transition].publish.map(\.name) ?? []
                let reached = known.union(published)
                if let before = unions[edge.target], reached.isSubset(of: before) { continue }
                unions[edge.target] = (unions[edge.target] ?? []).union(reached)
                pending.append(edge.target)
            }
        }
        return unions.map { $0 ?? [] }
    }

    private mutating func checkTask(_ task: TaskDefinition, _ known: Set<String>) {
        let part = Part.task(task.name)
        if let delay = task.delay { check(delay.value, known, part.property("delay")) }
        if let items = task.items {
            check(.string(items.text), known, part.property("with").property("items"))
            if let concurrency = items.concurrency {
                check(concurrency.value, known, part.property("with").property("concurrency"))
            }
        }
        if let action = task.action { check(action.value, known, part.property("action")) }
        check(task.input.value, known, part.property("input"))
        for (index, transition) in task.transitions.enumerated() {
            let part = part.transition(index)
            if let condition = transition.condition { check(condition.value, known, part.property("when")) }
            var known = known
            checkAssignments(transition.publish, part.property("publish"), &known)
        }
    }
}
