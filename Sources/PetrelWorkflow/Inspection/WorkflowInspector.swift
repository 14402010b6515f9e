import PetrelCore
import PetrelExpressions

/// Carries out the checks of a ``WorkflowInspection``.
struct WorkflowInspector {
    let definition: WorkflowDefinition
    private(set) var findings: [WorkflowFinding] = []

    init(definition: WorkflowDefinition) { self.definition = definition }

    /// A part of the definition: how the original names it, which rule is its own, and how to find it.
    struct Part {
        var spec: String
        var schema: String
        var path: [String]

        static let whole = Part(spec: "", schema: "", path: [])
        static let tasks = Part(spec: "tasks", schema: "properties.tasks", path: ["tasks"])

        static func top(_ name: String) -> Part { Part(spec: name, schema: "properties.\(name)", path: [name]) }

        static func task(_ name: String) -> Part {
            Part(
                spec: "tasks.\(name)", schema: "properties.tasks.patternProperties.^\\w+$", path: ["tasks", name])
        }

        func property(_ name: String) -> Part {
            Part(spec: "\(spec).\(name)", schema: "\(schema).properties.\(name)", path: path + [name])
        }

        func transition(_ index: Int) -> Part {
            Part(
                spec: "\(spec).next[\(index)]", schema: "\(schema).properties.next.items",
                path: path + ["next", String(index)])
        }

        /// An entry of a list, which has no rule of its own.
        func entry(_ index: Int) -> Part {
            Part(spec: "\(spec)[\(index)]", schema: schema, path: path + [String(index)])
        }
    }

    mutating func add(
        _ category: WorkflowFinding.Category, _ message: String, _ part: Part, expression: String? = nil,
        language: ExpressionLanguage? = nil, suggestion: String? = nil
    ) {
        findings.append(
            WorkflowFinding(
                category: category, message: message, specPath: part.spec, schemaPath: part.schema, language: language,
                expression: expression, location: definition.document.location(of: part.path), suggestion: suggestion))
    }

    // MARK: Syntax

    mutating func checkSyntax() {
        var source = definition.document.value
        // A `with` that is a text is short for its items.
        if case .object(var root) = source, case .object(var tasks)? = root["tasks"] {
            for (name, task) in tasks {
                if case .object(var members) = task, case .string(let items)? = members["with"] {
                    members["with"] = ["items": .string(items)]
                    tasks[name] = .object(members)
                }
            }
            root["tasks"] = .object(tasks)
            source = .object(root)
        }
        for violation in DefinitionRule.workflow.violations(source) {
            let part = Part(spec: violation.specPath, schema: violation.schemaPath, path: violation.path)
            add(.syntax, violation.message, part, suggestion: Self.suggestion(violation.schemaPath))
        }
    }

    private static func suggestion(_ schemaPath: String) -> String? {
        let keyword = schemaPath.split(separator: ".").last ?? ""
        switch keyword {
        case "additionalProperties": return "Check the spelling and the indentation of these keys"
        case "required": return "Add it"
        case "pattern": return "Write an expression, or `name in <% … %>`, in quotes if it has commas inside braces"
        default: return nil
        }
    }

    // MARK: Semantics

    mutating func checkSemantics() {
        let graph = definition.graph
        for (name, task) in definition.tasks {
            if EngineCommand.isReserved(name) {
                add(
                    .semantics, "The task name \"\(name)\" is reserved with special function.", .task(name),
                    suggestion: "Give the task another name")
            }
            if task.isItemized, task.action == nil {
                add(.semantics, "The action property is required for with items task.", .task(name))
            }
        }
        if graph.starts.isEmpty, !definition.tasks.isEmpty {
            add(
                .semantics,
                "Unable to identify any tasks to start the workflow. If the workflow has a loop, please add a task "
                    + "that serves as an entry point (or lead) into the loop.", .tasks)
        }
        for node in graph.nodes {
            guard let task = node.task else { continue }
            for (index, transition) in task.transitions.enumerated() {
                for target in transition.targets
                where definition.tasks[target] == nil && !EngineCommand.isReserved(target) {
                    let part = Part.task(node.name).transition(index).property("do")
                    add(.semantics, "The task \"\(target)\" is not defined.", part, suggestion: nearest(to: target))
                }
            }
            if node.barrier != nil, node.sources.contains(where: { graph.nodes[$0].splits != node.splits }) {
                add(
                    .semantics,
                    "The join task \"\(node.name)\" is unreachable. A join task is determined to be unreachable if "
                        + "there are nested forks from multi-referenced tasks that join on the said task. This is "
                        + "ambiguous to the workflow engine because it does not know at which level should the join "
                        + "occurs.",
                    .task(node.name), suggestion: "Give each branch its own copy of the task that several tasks lead to"
                )
            }
        }
    }

    private func nearest(to name: String) -> String? {
        let lowered = name.lowercased()
        let similar =
            definition.tasks.keys.first { $0.lowercased() == lowered }
            ?? definition.tasks.keys.first { abs($0.count - name.count) < 3 && $0.hasPrefix(name.prefix(3)) }
        return similar.map { "Did you mean \"\($0)\"?" }
    }

    // MARK: Expressions

    mutating func checkExpressions() {
        for name in ["name", "description", "input", "vars", "output"] {
            if let value = definition.document.value[name] { checkExpressions(value, .top(name)) }
        }
        for (name, task) in definition.tasks {
            for (part, value) in Self.parts(of: task, .task(name)) { checkExpressions(value, part) }
            if let retry = task.retry {
                let part = Part.task(name).property("retry")
                if let condition = retry.condition { checkExpressions(condition.value, part.property("when")) }
                checkExpressions(retry.count.value, part.property("count"))
                if let delay = retry.delay { checkExpressions(delay.value, part.property("delay")) }
            }
        }
    }

    /// The parts of a task that can have expressions, as far as they have the form that they must have.
    private static func parts(of task: TaskDefinition, _ part: Part) -> [(Part, Value)] {
        var parts: [(Part, Value)] = []
        if let delay = task.delay { parts.append((part.property("delay"), delay.value)) }
        if let items = task.items {
            let with = part.property("with")
            parts.append((with.property("items"), .string(items.text)))
            if let concurrency = items.concurrency { parts.append((with.property("concurrency"), concurrency.value)) }
        }
        if let action = task.action { parts.append((part.property("action"), action.value)) }
        if !task.input.value.isNull { parts.append((part.property("input"), task.input.value)) }
        for (index, transition) in task.transitions.enumerated() {
            let part = part.transition(index)
            if let condition = transition.condition { parts.append((part.property("when"), condition.value)) }
            if !transition.publish.isEmpty {
                let values = transition.publish.map { Value.object([$0.name: $0.template.value]) }
                parts.append((part.property("publish"), .array(values)))
            }
        }
        return parts
    }

    private mutating func checkExpressions(_ value: Value, _ part: Part) {
        for problem in EmbeddedExpression.problems(in: value) {
            add(
                .expressions, Self.parserText(problem.error.message), part, expression: problem.expression,
                language: problem.language, suggestion: problem.error.hint)
        }
    }

    /// The parser's own words, without the sentence that an evaluation puts around them.
    private static func parserText(_ message: String) -> String { message }

    // MARK: Content

    mutating func checkContent(_ actions: any KnownActions) {
        for (name, task) in definition.tasks {
            guard let ref = task.actionRef, !EmbeddedExpression.hasExpressions(ref) else { continue }
            let part = Part.task(name)
            guard ref.contains(".") else {
                add(
                    .content, "The action reference \"\(ref)\" is not formatted correctly.", part.property("action"),
                    suggestion: "Write PACK.ACTION")
                continue
            }
            guard let parameters = actions.parameters(of: ref) else {
                add(
                    .content, "The action \"\(ref)\" is not registered in the database.", part.property("action"),
                    suggestion: "Check its spelling and that its pack is installed")
                continue
            }
            checkInput(task.input.value, ref, parameters, part.property("input"))
        }
    }

    private mutating func checkInput(
        _ input: Value, _ ref: String, _ parameters: [WorkflowActionParameter], _ part: Part
    ) {
        let given: ValueObject
        switch input {
        case .null: given = [:]
        case .object(let members): given = members
        default: return
        }
        for parameter in parameters where parameter.isRequired && !parameter.hasDefault && given[parameter.name] == nil
        {
            add(.content, "Action \"\(ref)\" is missing required input \"\(parameter.name)\".", part)
        }
        for name in given.keys where !parameters.contains(where: { $0.name == name }) {
            let member = Part(
                spec: "\(part.spec).\(name)", schema: "\(part.schema).patternProperties.^\\w+$",
                path: part.path + [name])
            add(
                .content, "Action \"\(ref)\" has unexpected input \"\(name)\".", member,
                suggestion: "The action takes \(parameters.map(\.name).joined(separator: ", "))")
        }
    }
}
