import PetrelCore
import PetrelExpressions

extension Conductor {
    /// What the expressions of one task see: its context, and the private entries behind `succeeded()` and `result()`.
    struct Scene {
        var values: ValueObject
        /// Whether the text becomes a shell command.
        var isShell = false
    }

    /// - Parameters:
    ///   - key: the task whose status `succeeded()` looks at; nil for none.
    ///   - isCurrent: whether `result()` and its like look at that task, too.
    func scene(
        _ context: ValueObject, _ key: ConductorState.Key?, isCurrent: Bool = true, result: Value? = nil
    ) -> Scene {
        var scene = Scene(values: context)
        scene.values["__state"] = minimalState(key)
        if isCurrent, let key { scene.values["__current_task"] = currentTask(key, result: result) }
        return scene
    }

    /// Evaluates a part of the definition; `item` is what `item()` gives.
    func evaluate(_ template: Template, _ scene: Scene, item: Value? = nil) throws(ExpressionError) -> Value {
        guard template.hasExpressions else { return template.value }
        var values = scene.values
        if template.readsState { values["__state"] = fullState }
        if let item { values["__current_item"] = item }
        var context = ExpressionContext(
            values: values, functions: environment.functions, limits: environment.limits,
            reevaluatesResults: environment.reevaluatesResults)
        context.shellSink = scene.isShell
        return try EmbeddedExpression.evaluate(template.value, in: context)
    }

    /// Evaluates the input of an action; what becomes a shell command is escaped.
    func evaluate(
        input: Template, of action: Value, _ scene: Scene, item: Value? = nil
    ) throws(ExpressionError) -> Value {
        guard let isSink = environment.shellSink, let ref = action.string, let members = input.value.object,
            members.keys.contains(where: { isSink(ref, $0) })
        else { return try evaluate(input, scene, item: item) }
        var safe = scene
        safe.isShell = true
        var result = ValueObject(minimumCapacity: members.count)
        for (name, value) in members {
            let part = try evaluate(Template(value), isSink(ref, name) ? safe : scene, item: item)
            let key = try evaluate(Template(.string(name)), scene, item: item)
            result[key.string ?? key.pythonString] = part
        }
        return .object(result)
    }

    /// The context that a task sees.
    mutating func context(of scopes: [Int]) -> ValueObject { contexts.context(of: scopes, in: state) }

    /// The task as `result()` and its like see it.
    func currentTask(_ key: ConductorState.Key, result: Value? = nil) -> Value {
        var members: ValueObject = ["id": .string(graph.nodes[key.node].name), "route": .integer(key.route)]
        if let result { members["result"] = result }
        return .object(members)
    }

    /// As much of the state as conditions on the current task need.
    func minimalState(_ key: ConductorState.Key?) -> Value {
        guard let key, let run = state.run(key) else {
            return ["tasks": [:], "sequence": [], "routes": [[]]]
        }
        let name = graph.nodes[key.node].name
        let entry: Value = [
            "id": .string(name), "route": .integer(key.route), "status": .string(run.status.rawValue),
        ]
        return .object([
            "tasks": .object(["\(name)__r\(key.route)": 0]), "sequence": [entry],
            "routes": .array(.init(repeating: [], count: key.route + 1)),
        ])
    }

    /// The state in the original's shape, for expressions that ask for other tasks.
    var fullState: Value {
        let sequence = state.sequence.map { run -> Value in
            [
                "id": .string(graph.nodes[run.key.node].name), "route": .integer(run.key.route),
                "status": .string(run.status.rawValue),
            ]
        }
        var tasks = ValueObject()
        for (index, run) in state.sequence.enumerated() {
            tasks["\(graph.nodes[run.key.node].name)__r\(run.key.route)"] = .integer(index)
        }
        let routes = state.routes.map { route in Value.array(route.map { .string(graph.edges[$0].backReference) }) }
        return .object(["tasks": .object(tasks), "sequence": .array(sequence), "routes": .array(routes)])
    }

    /// An error of an expression in the original's words: its class, a colon, the text.
    static func text(of error: ExpressionError) -> String {
        let isJinja =
            error.code == .unresolved
            || !error.message.contains("'<%") && (error.message.contains("{{") || error.message.contains("{%"))
        return (isJinja ? "JinjaEvaluationException: " : "YaqlEvaluationException: ") + error.message
    }
}
