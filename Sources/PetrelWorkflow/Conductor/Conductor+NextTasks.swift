import PetrelCore
import PetrelExpressions

extension Conductor {
    /// The tasks that are to be started now, by name and route.
    ///
    /// A task is offered until its first event is reported. If one can't be rendered, every such failure is among the
    /// ``errors``, the workflow is failed and nothing is offered.
    public mutating func nextTasks() -> [TaskRequest] {
        let offered = offeredTasks()
        guard !offered.isEmpty else { return [] }
        var requests: [TaskRequest] = []
        var faults: [LogEntry] = []
        for staged in offered {
            do {
                if let request = try request(for: staged) { requests.append(request) }
            } catch {
                faults.append(
                    LogEntry(
                        error.text, taskID: graph.nodes[staged.key.node].name, route: staged.key.route))
            }
        }
        guard faults.isEmpty else {
            for fault in faults { note(fault) }
            fail()
            return []
        }
        return requests
    }

    private func offeredTasks() -> [ConductorState.Staged] {
        let ready = state.staged.values.filter { $0.isReady && !$0.isCompleted }
        let offered: [ConductorState.Staged]
        if state.status.isRunning {
            offered = ready
        } else if state.status == .failed {
            offered = ready.filter(\.runsOnFail)
        } else {
            return []
        }
        guard offered.count > 1 else { return offered }
        return offered.sorted {
            $0.key.node == $1.key.node
                ? $0.key.route < $1.key.route
                : precedes(graph.nodes[$0.key.node].name, graph.nodes[$1.key.node].name)
        }
    }

    /// What went wrong while a task was rendered, in the original's words.
    private struct Fault: Error {
        let text: String
    }

    private func rendered(
        _ template: Template, _ scene: Scene, item: Value? = nil
    ) throws(Fault) -> Value {
        guard template.hasExpressions else { return template.value }
        do { return try evaluate(template, scene, item: item) } catch { throw Fault(text: Self.text(of: error)) }
    }

    /// The action and its input; what of the input becomes a shell command is escaped.
    private func action(
        of task: TaskDefinition, _ scene: Scene, item: Int? = nil, _ value: Value? = nil
    ) throws(Fault) -> ActionRequest {
        let action =
            try task.action.map { template throws(Fault) in try rendered(template, scene, item: value) } ?? .null
        guard task.input.hasExpressions else {
            return ActionRequest(action: action, input: task.input.value, itemID: item)
        }
        do {
            let input = try evaluate(input: task.input, of: action, scene, item: value)
            return ActionRequest(action: action, input: input, itemID: item)
        } catch { throw Fault(text: Self.text(of: error)) }
    }

    private mutating func request(for staged: ConductorState.Staged) throws(Fault) -> TaskRequest? {
        let node = graph.nodes[staged.key.node]
        guard let task = node.task else { return nil }
        let context = context(of: staged.scopes)
        let scene = task.hasExpressions ? scene(context, staged.key) : Scene(values: context)
        if task.items != nil { return try itemizedRequest(task, staged, context, scene) }
        return TaskRequest(
            taskID: node.name, route: staged.key.route, actions: [try action(of: task, scene)],
            delay: try delay(of: task, staged, scene), itemsCount: nil, concurrency: nil, context: context)
    }

    private func delay(
        of task: TaskDefinition, _ staged: ConductorState.Staged, _ scene: Scene
    ) throws(Fault) -> Int? {
        if let delay = staged.retryDelay { return delay }
        guard let template = task.delay else { return nil }
        switch try rendered(template, scene) {
        case .integer(let seconds): return seconds
        case .bool(let truth): return truth ? 1 : 0
        default: throw Fault(text: "TypeError: The value of task delay is not type of integer.")
        }
    }

    private mutating func itemizedRequest(
        _ task: TaskDefinition, _ staged: ConductorState.Staged, _ context: ValueObject, _ scene: Scene
    ) throws(Fault) -> TaskRequest? {
        let isFirst = itemLists[staged.key]?.scopes != staged.scopes
        let list = try itemList(of: task, staged, scene)
        let delay = try delay(of: task, staged, scene)
        var items = staged.items ?? ConductorState.Items(.init(repeating: .unset, count: list.items.count))
        let active = WorkflowStatus.allCases.reduce(0) { $0 + ($1.isActive ? items.counts[$1] : 0) }
        let free = list.concurrency.map { max(0, $0 - active) } ?? Int.max
        var actions: [ActionRequest] = []
        for index in items.waiting(free) where index < list.items.count {
            actions.append(try action(of: task, scene, item: index, list.items[index]))
        }
        if isFirst, actions.count < list.items.count {
            // The original renders all items each time, so that a bad one fails the task before any of them starts.
            for (index, item) in list.items.enumerated() where index >= actions.count {
                _ = try action(of: task, scene, item: index, item)
            }
        }
        if staged.items == nil { changes.staged.insert(staged.key) }
        state.staged[staged.key]?.items = items
        if actions.isEmpty, !list.items.isEmpty { return nil }
        return TaskRequest(
            taskID: task.name, route: staged.key.route, actions: actions, delay: delay, itemsCount: list.items.count,
            concurrency: list.concurrency, context: context)
    }

    private mutating func itemList(
        of task: TaskDefinition, _ staged: ConductorState.Staged, _ scene: Scene
    ) throws(Fault) -> ItemList {
        if let known = itemLists[staged.key], known.scopes == staged.scopes { return known }
        guard let definition = task.items else { return ItemList(scopes: staged.scopes, items: []) }
        guard case .array(let values) = try rendered(definition.expression, scene) else {
            let text = definition.expression.value.string ?? ""
            throw Fault(text: "TypeError: The value of \"\(text)\" is not type of list.")
        }
        var list = ItemList(scopes: staged.scopes, items: values.map { Self.item($0, definition.names) })
        if let template = definition.concurrency {
            switch try rendered(template, scene) {
            case .integer(let limit): list.concurrency = max(1, limit)
            case .bool: list.concurrency = 1
            case .null: break
            case let other:
                let type = other.pythonTypeName
                throw Fault(text: "TypeError: '<=' not supported between instances of '\(type)' and 'int'")
            }
        }
        itemLists[staged.key] = list
        return list
    }

    /// The item under the names that `with` gives its parts.
    private static func item(_ value: Value, _ names: [String]) -> Value {
        if names.isEmpty { return value }
        if case .array(let parts) = value {
            return .object(ValueObject(zip(names, parts).map { ($0, $1) }, uniquingKeysWith: { _, last in last }))
        }
        return names.count == 1 ? .object([names[0]: value]) : value
    }
}

extension Value {
    fileprivate var pythonTypeName: String {
        switch self {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer, .bigInteger: "int"
        case .double: "float"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }
}
