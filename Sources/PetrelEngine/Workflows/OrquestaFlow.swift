import PetrelCore
import PetrelWorkflow

/// An Orquesta workflow: the conductor, and the task executions that StackStorm's records name.
struct OrquestaFlow: WorkflowFlow {
    /// Most task executions of one workflow: a loop without an action would else never end.
    static let mostTaskRuns = 100_000
    /// Most tasks without an action that are done in one step.
    private static let mostIdleTasks = 500

    private(set) var conductor: Conductor
    private(set) var tasks = TaskTable()
    /// Whether somebody asked it to pause: then the answer to an inquiry does not make it go on.
    private(set) var isHeld = false
    private(set) var hasMore = false
    /// What the executions of some tasks tell of their end.
    var notices: TaskNotices?
    private var runs = 0
    private let workflowID: String
    private let memory: WorkflowMemory

    /// A new run, or one whose conductor was restored.
    init(_ conductor: Conductor, workflowID: String, memory: WorkflowMemory) {
        self.conductor = conductor
        self.workflowID = workflowID
        self.memory = memory
    }

    /// A run that was stored.
    init(
        _ definition: WorkflowDefinition, _ environment: WorkflowEnvironment, record: WorkflowRecord,
        memory: WorkflowMemory
    ) throws(WorkflowError) {
        var state = try ConductorState(document: record.snapshot?["conductor"] ?? Self.emptyState)
        var tasks = TaskTable()
        tasks.apply(record.snapshot?["tasks"])
        isHeld = record.snapshot?["held"]?.bool ?? false
        for change in record.changes {
            if let conductor = change["conductor"] { try state.apply(conductor) }
            tasks.apply(change["tasks"])
            if let held = change["held"]?.bool { isHeld = held }
        }
        self.tasks = tasks
        conductor = try Conductor(definition, state: state, environment: environment)
        workflowID = record.origin.id
        self.memory = memory
        runs = tasks.entries.count
    }

    private static let emptyState: Value = [
        "status": "null", "serial": 0, "from": [0, 0, 0, 0, 0, 0],
    ]

    var status: WorkflowStatus { conductor.status }
    var result: Value { conductor.result }
    var weight: Int { tasks.entries.count + tasks.itemsTotal / 8 }
    var storesWhole: Bool { false }

    // MARK: Events

    mutating func begin(at now: Instant) {
        // A run whose inputs can't be evaluated has failed already.
        try? conductor.request(.running)
    }

    mutating func hear(_ wish: WorkflowWish, at now: Instant) {
        switch wish {
        case .pause:
            isHeld = true
            try? conductor.request(.pausing)
        case .resume:
            isHeld = false
            try? conductor.request(.resuming)
        case .cancel: try? conductor.request(.canceling)
        }
    }

    mutating func hear(_ child: Execution, itemResults: [Value]?, at now: Instant) {
        guard let place = Place(child), let status = WorkflowStatus(rawValue: child.status.rawValue) else { return }
        resumeIfWaiting(for: child)
        note(child, place, at: now)
        memory.noteCurrent(place.key)
        let event = TaskEvent(
            place.key.task, route: place.key.route, status, result: child.result, itemID: child.item,
            itemResults: itemResults)
        do throws(WorkflowError) {
            let taskStatus = try conductor.report(event)
            guard var entry = tasks[place.key], entry.id == place.id else { return }
            entry.status = taskStatus.rawValue
            if taskStatus.isCompleted { entry.endedAt = now }
            tasks.set(entry, place.key)
            memory.note(entry, place.key)
        } catch { fail(error.message, place.key) }
    }

    /// What paused for an inquiry, or with a workflow below it, goes on with that; not what somebody paused.
    private mutating func resumeIfWaiting(for child: Execution) {
        let isAnswer = child.runner == InquirerRunner.typeName && child.status.isCompleted
        guard isAnswer || child.status == .running, !isHeld, status == .paused || status == .pausing else { return }
        try? conductor.request(.resuming)
    }

    /// Counts an item, and keeps a result for the function `task`.
    private mutating func note(_ child: Execution, _ place: Place, at now: Instant) {
        guard var entry = tasks[place.key], entry.id == place.id else { return }
        if entry.itemsCount != nil, child.status.isCompleted {
            entry.open -= 1
            entry.ended += 1
            if child.status != .succeeded { entry.hasFailed = true }
        }
        entry.status = child.status.rawValue
        if child.status.isCompleted, entry.itemsCount == nil { entry.endedAt = now }
        tasks.set(entry, place.key)
        memory.note(
            entry, place.key,
            result: TaskResult(item: child.item, status: child.status, result: child.result ?? .null))
    }

    func needsItemResults(with child: Execution) -> Bool {
        guard child.status.isCompleted, let place = Place(child), let entry = tasks[place.key], entry.id == place.id,
            let count = entry.itemsCount, entry.open <= 1
        else { return false }
        return entry.ended + 1 >= count || entry.hasFailed || child.status != .succeeded || !status.isRunning
    }

    // MARK: What comes next

    mutating func plan(limit: Int, at now: Instant, ids: any IDSource) -> [ChildPlan] {
        var plans: [ChildPlan] = []
        var idle = 0
        hasMore = false
        while true {
            let requests = conductor.nextTasks()
            if requests.isEmpty { break }
            guard plans.count < limit, idle < Self.mostIdleTasks else {
                hasMore = true
                break
            }
            runs += requests.count
            guard runs <= Self.mostTaskRuns else {
                fail("The workflow started more than \(Self.mostTaskRuns) tasks.", nil)
                break
            }
            for request in requests where plans.count < limit {
                guard begin(request, limit - plans.count, &plans, &idle, at: now, ids: ids) else { return plans }
            }
        }
        pauseIfOnlyWaiting()
        return plans
    }

    /// Reports what is started as running, and does at once what needs no action; false if that failed the workflow.
    private mutating func begin(
        _ request: TaskRequest, _ limit: Int, _ plans: inout [ChildPlan], _ idle: inout Int, at now: Instant,
        ids: any IDSource
    ) -> Bool {
        let key = TaskTable.Key(task: request.taskID, route: request.route)
        do throws(WorkflowError) {
            let isIdle = request.actions.isEmpty || request.actions.first?.action == .null
            var entry = self.entry(for: request, key, at: now, ids: ids)
            if isIdle, !(request.isItemized && !request.actions.isEmpty) {
                idle += 1
                entry.status = WorkflowStatus.succeeded.rawValue
                entry.endedAt = now
                tasks.set(entry, key)
                memory.note(entry, key)
                memory.noteCurrent(key)
                try conductor.report(TaskEvent(key.task, route: key.route, .running))
                // An empty list has an empty list as its result, and a task without an action has none.
                try conductor.report(
                    TaskEvent(
                        key.task, route: key.route, .succeeded, result: request.isItemized ? ["items": []] : nil,
                        itemResults: request.isItemized ? [] : nil))
                return true
            }
            for action in request.actions.prefix(limit) {
                try conductor.report(TaskEvent(key.task, route: key.route, .running, itemID: action.itemID))
                if entry.itemsCount != nil { entry.open += 1 }
                plans.append(plan(action, request, entry))
            }
            tasks.set(entry, key)
            memory.note(entry, key)
            return true
        } catch {
            fail(error.message, key)
            return false
        }
    }

    /// The record of the task: the one at work for a list that goes on, else a new one.
    private func entry(
        for request: TaskRequest, _ key: TaskTable.Key, at now: Instant, ids: any IDSource
    ) -> TaskTable.Entry {
        if request.isItemized, let known = tasks[key], known.endedAt == nil { return known }
        return TaskTable.Entry(
            id: ids.next(), startedAt: now, status: WorkflowStatus.running.rawValue, itemsCount: request.itemsCount)
    }

    private func plan(_ action: ActionRequest, _ request: TaskRequest, _ entry: TaskTable.Entry) -> ChildPlan {
        var orquesta: ValueObject = [
            "workflow_execution_id": .string(workflowID), "task_execution_id": .string(entry.id),
            "task_name": .string(request.taskID), "task_id": .string(request.taskID),
            "task_route": .integer(request.route),
        ]
        if let item = action.itemID { orquesta["item_id"] = .integer(item) }
        var context: ValueObject = ["orquesta": .object(orquesta)]
        if let notices, notices.tasks.contains(request.taskID) { context["notify"] = .object(notices.sections) }
        let delay: Duration = request.delay.map { .seconds(max(0, min($0, 366 * 86_400))) } ?? .zero
        // With a limit, only the first items wait: the later ones follow those.
        let isLater = (action.itemID ?? 0) >= (request.concurrency ?? Int.max)
        return ChildPlan(
            task: request.taskID, route: request.route, item: action.itemID, action: action.action,
            input: action.input, delay: isLater ? .zero : delay,
            isLiteral: conductor.definition.tasks[request.taskID]?.actionRef == action.action.string,
            context: context)
    }

    /// Somebody resumed it while all that is left waits for an answer: it stands still again.
    private mutating func pauseIfOnlyWaiting() {
        guard status == .resuming else { return }
        let statuses = conductor.sequence.map(\.status)
        guard !statuses.contains(where: \.isActive), statuses.contains(where: { $0 == .pending || $0 == .paused })
        else { return }
        try? conductor.request(.paused)
    }

    mutating func started(_ plan: ChildPlan, as child: Execution, at now: Instant) {}

    mutating func refused(_ plan: ChildPlan, _ error: EngineError, at now: Instant) {
        fail("\(error.pythonClass): \(error.message)", TaskTable.Key(task: plan.task, route: plan.route))
    }

    private mutating func fail(_ message: String, _ key: TaskTable.Key?) {
        conductor.note(LogEntry(message, taskID: key?.task, route: key?.route))
        try? conductor.request(.failed)
    }

    mutating func finish() { conductor.renderOutput() }

    // MARK: State

    mutating func takeChanges() -> Value {
        ["conductor": conductor.takeChanges(), "tasks": tasks.takeChanges(), "held": .bool(isHeld)]
    }

    mutating func takeSnapshot() -> Value {
        _ = conductor.takeChanges()
        return ["conductor": conductor.state.document, "tasks": tasks.takeSnapshot(), "held": .bool(isHeld)]
    }

    // MARK: Rerun

    /// Takes the workflow up again from some of its tasks, on every route that each ran on.
    mutating func rerun(_ names: [String], resetting reset: Set<String>) throws(WorkflowError) {
        var requests: [RerunRequest] = []
        for name in names {
            let routes = Set(conductor.sequence.filter { $0.taskID == name }.map(\.route)).sorted()
            let isReset = reset.contains(name)
            requests += (routes.isEmpty ? [0] : routes).map { RerunRequest(name, route: $0, resetsItems: isReset) }
        }
        try conductor.rerun(requests)
        isHeld = false
        for request in requests {
            let key = TaskTable.Key(task: request.taskID, route: request.route)
            guard var entry = tasks[key], entry.itemsCount != nil else { continue }
            // Items that succeeded are kept: the record goes on, unless all run again.
            entry.endedAt = nil
            entry.hasFailed = false
            entry.open = 0
            entry.ended = 0
            tasks.set(entry, key)
        }
    }

    /// The items of a task that count as done when it is run again.
    mutating func keepItems(_ count: Int, of task: String) {
        for key in tasks.entries.keys where key.task == task {
            guard var entry = tasks[key] else { continue }
            entry.ended = count
            tasks.set(entry, key)
        }
    }
}

/// What the executions of some tasks tell of their end: what the workflow's own execution would.
struct TaskNotices: Sendable {
    var tasks: Set<String>
    var sections: ValueObject

    /// Nil when nothing is to be told.
    init?(_ execution: Execution, tasks: Value?) {
        self.tasks = Set((tasks?.array ?? []).compactMap(\.string))
        sections = Notice.sections(of: execution)
        if self.tasks.isEmpty || sections.isEmpty { return nil }
    }
}

/// Which execution of which task a child carries out.
struct Place {
    let key: TaskTable.Key
    let id: String

    init?(_ child: Execution) {
        guard let orquesta = child.context["orquesta"], let task = orquesta["task_id"]?.string,
            let route = orquesta["task_route"]?.integer, let id = orquesta["task_execution_id"]?.string
        else { return nil }
        key = TaskTable.Key(task: task, route: route)
        self.id = id
    }
}

extension EngineError {
    /// The class under which StackStorm's records show such an error.
    var pythonClass: String {
        switch code {
        case .unknownAction: "InvalidActionReferencedException"
        case .invalidParameter where message.hasPrefix("Failed to render"): "ParamException"
        case .invalidParameter: "ValidationError"
        case .disabledAction, .unknownRunner: "ValueError"
        case .forbidden: "AccessDeniedError"
        default: "ActionExecutionException"
        }
    }
}
