public import PetrelCore
import PetrelExpressions

extension Conductor {
    /// Takes in what became of an action, and returns the status of its task.
    ///
    /// - Throws: ``WorkflowError`` if the task does not exist, was neither offered nor started, or has a retry that
    ///   is no
    ///   number; nothing has changed then.
    @discardableResult
    public mutating func report(_ event: TaskEvent) throws(WorkflowError) -> WorkflowStatus {
        guard let node = graph.node(named: event.taskID) else {
            throw WorkflowError(.unknownTask, "Task \"\(event.taskID)\" does not exist.")
        }
        let key = ConductorState.Key(node: node, route: event.route)
        let index = try startedRun(key, event.status)
        return take(.action(event), key, index)
    }

    /// What a run is told.
    enum RunEvent {
        case action(TaskEvent)
        case command(EngineCommand)
    }

    private func notStarted(_ key: ConductorState.Key) -> WorkflowError {
        WorkflowError(
            .notStarted, "Task \"\(graph.nodes[key.node].name)\" is not staged or has not started yet.",
            hint: "Only what was offered can be reported")
    }

    /// The run that an event is for: a new one if there is none yet, or if the last one ended and the task was
    /// offered again.
    private mutating func startedRun(_ key: ConductorState.Key, _ status: WorkflowStatus) throws(WorkflowError) -> Int {
        let staged = state.staged[key]
        if let index = state.latest[key] {
            guard let staged, !staged.isCompleted, status.isStarting, state.sequence[index].status.isCompleted else {
                return index
            }
            return try addRun(staged)
        }
        guard let staged else { throw notStarted(key) }
        return try addRun(staged)
    }

    @discardableResult
    mutating func addRun(_ staged: ConductorState.Staged) throws(WorkflowError) -> Int {
        let node = graph.nodes[staged.key.node]
        let retry = try retry(node, staged)
        state.sequence.append(
            ConductorState.Run(
                key: staged.key, scopes: staged.scopes, arrivals: staged.arrivals, status: .unset,
                taken: .init(repeating: nil, count: node.outgoing.count), retry: retry))
        state.counts.add(.unset)
        state.latest[staged.key] = state.sequence.count - 1
        changes.runs.insert(state.sequence.count - 1)
        return state.sequence.count - 1
    }

    private mutating func retry(
        _ node: WorkflowGraph.Node, _ staged: ConductorState.Staged
    ) throws(WorkflowError) -> ConductorState.Retry? {
        guard let retry = node.retry else { return nil }
        let count = try number(retry.count, "count", node, staged)
        let delay = try retry.delay.map { template throws(WorkflowError) in try number(template, "delay", node, staged)
        }
        return ConductorState.Retry(count: count, delay: delay)
    }

    private mutating func number(
        _ template: Template, _ what: String, _ node: WorkflowGraph.Node, _ staged: ConductorState.Staged
    ) throws(WorkflowError) -> Int {
        let value: Value
        do { value = try evaluate(template, scene(context(of: staged.scopes), staged.key, isCurrent: false)) } catch {
            throw WorkflowError(.badRetry, Self.text(of: error), hint: error.hint)
        }
        switch value {
        case .integer(let number): return number
        case .bool(let truth): return truth ? 1 : 0
        default:
            throw WorkflowError(
                .badRetry, "The retry \(what) for task \"\(node.name)\" is not an integer.",
                hint: "Give a number, or an expression that has one")
        }
    }

    /// Moves a run on, and everything that follows from it: its transitions, the workflow, commands.
    @discardableResult
    private mutating func take(_ event: RunEvent, _ key: ConductorState.Key, _ index: Int) -> WorkflowStatus {
        changes.runs.insert(index)
        let before = state.sequence[index].status
        let name = runEvent(event, key)
        if state.staged[key].map({ ($0.items?.statuses.isEmpty ?? true) }) == true { unstage(key) }
        if case .action(let action) = event, action.status == .failed { noteFailure(action) }
        if case .command(.fail) = event { note(LogEntry(Self.failureText, taskID: EngineCommand.fail.rawValue)) }
        if let next = StateMachine.task.next(before, name) ?? afterPause(before, name) { set(run: index, to: next) }

        var commands: [ConductorState.Key] = []
        let status = state.sequence[index].status
        if status.isCompleted, status != before {
            let result = result(of: event, key)
            if !retries(index, result) {
                settleItems(key, status)
                commands = follow(index, result)
            }
        }
        moveWorkflow(index)
        for command in commands { carryOut(command) }
        let isEnd = graph.nodes[key.node].outgoing.isEmpty && state.sequence[index].status.isCompleted
        if state.status.isCompleted || isEnd { state.sequence[index].isTerminal = true }
        return state.sequence[index].status
    }

    private static let failureText = "Execution failed. See result for details."

    private mutating func noteFailure(_ event: TaskEvent) {
        note(LogEntry(Self.failureText, taskID: event.taskID, result: event.result))
    }

    /// The name of the event in the task's state machine; the status of an item is noted on the way.
    private mutating func runEvent(_ event: RunEvent, _ key: ConductorState.Key) -> String {
        switch event {
        case .command(let command): return "task_\(command.rawValue)_requested"
        case .action(let action):
            let name = "action_" + action.status.rawValue
            guard let item = action.itemID, let items = state.staged[key]?.items, items.statuses.indices.contains(item)
            else { return name }
            state.staged[key]?.items?.set(item, to: action.status)
            changes.items[key, default: []].insert(item)
            switch action.status {
            case .resuming, .pending, .paused, .succeeded, .failed, .timeout, .abandoned, .canceled:
                return name + itemsSuffix(items.statuses[item], state.staged[key]?.items, action.status)
            default: return name
            }
        }
    }

    /// How the other items stand.
    private func itemsSuffix(
        _ before: WorkflowStatus, _ items: ConductorState.Items?, _ own: WorkflowStatus
    ) -> String {
        guard var others = items?.counts else { return "" }
        others.remove(own)
        if others.has(.active) { return "_task_active_items_incomplete" }
        if others.has(StatusSet(.pending, .paused)) { return "_task_dormant_items_paused" }
        if others[.canceled] > 0 { return "_task_dormant_items_canceled" }
        if others.has(.failures) { return "_task_dormant_items_failed" }
        let isDone = others.total == WorkflowStatus.allCases.reduce(0) { $0 + ($1.isCompleted ? others[$1] : 0) }
        return isDone ? "_task_dormant_items_completed" : "_task_dormant_items_incomplete"
    }

    /// Where an item leads whose inquiry was answered, or whose workflow went on, while its task counts as paused.
    ///
    /// The original has no such transition: there the task stays paused for ever.
    private func afterPause(_ status: WorkflowStatus, _ event: String) -> WorkflowStatus? {
        guard status == .paused || status == .resuming, event.contains("_items_") else { return nil }
        let isStill = state.status == .paused || state.status == .pausing
        return StateMachine.task.next(isStill ? .pausing : .running, event)
    }

    private func result(of event: RunEvent, _ key: ConductorState.Key) -> Value? {
        guard case .action(let action) = event else { return nil }
        if graph.nodes[key.node].task?.isItemized == true, let results = action.itemResults { return .array(results) }
        return action.result
    }

    /// The items of a failed task are kept, so that a rerun can start with those that failed.
    private mutating func settleItems(_ key: ConductorState.Key, _ status: WorkflowStatus) {
        guard let staged = state.staged[key], staged.items != nil else { return }
        itemLists[key] = nil
        if status.isFailure {
            state.staged[key]?.isCompleted = true
            changes.staged.insert(key)
        } else {
            unstage(key)
        }
    }

    // MARK: Retries

    /// Stages a run that ended for another try, if it has one left.
    private mutating func retries(_ index: Int, _ result: Value?) -> Bool {
        let run = state.sequence[index]
        guard let retry = run.retry, let definition = graph.nodes[run.key.node].retry, state.status.isActive,
            retry.tally < retry.count, StateMachine.task.next(run.status, "task_retry_requested") != nil
        else { return false }
        if let condition = definition.condition {
            guard let value = try? holds(condition, run, result), value else { return false }
        } else if !run.status.isFailure {
            return false
        }
        set(run: index, to: .retrying)
        state.sequence[index].retry?.tally += 1
        unstage(run.key)
        stage(run.key, scopes: run.scopes, arrivals: run.arrivals, retryDelay: retry.delay ?? 0)
        return true
    }

    mutating func holds(
        _ condition: Template, _ run: ConductorState.Run, _ result: Value?
    ) throws(ExpressionError) -> Bool {
        if let known = condition.condition { return known.holds(for: run.status) }
        guard condition.hasExpressions else { return condition.value.isTruthy }
        return try evaluate(condition, scene(context(of: run.scopes), run.key, result: result ?? .null)).isTruthy
    }

    // MARK: The workflow

    private mutating func moveWorkflow(_ index: Int) {
        guard let event = workflowEvent(of: state.sequence[index]),
            let next = StateMachine.workflow.next(state.status, event)
        else { return }
        let isNew = next != state.status
        set(workflow: next)
        if isNew, next == .canceling { cancelWaitingItems() }
    }

    /// Tells tasks whose items still wait that no more are offered, as a request to cancel does.
    ///
    /// The original does not when the cancel comes from a task, and then waits for those items for ever.
    private mutating func cancelWaitingItems() {
        hear(.canceling)
        if !isActive { set(workflow: .canceled) }
    }

    private func workflowEvent(of run: ConductorState.Run) -> String? {
        var status = run.status
        let goesOn = status.isFailure && isRemediated(run)
        // The original knows no event for a task that timed out or was abandoned before it ran, and refuses it.
        if status.isFailure { status = .failed }
        let name = goesOn ? "task_remediated" : "task_" + status.rawValue
        switch status {
        case .pending, .paused, .canceled, .retrying: return name + activity
        case .failed where !goesOn: return name + activity
        case .failed, .succeeded: return name + activity + progress(run)
        default: return name
        }
    }

    private var activity: String { isActive ? "_workflow_active" : "_workflow_dormant" }

    private func progress(_ run: ConductorState.Run) -> String {
        if state.counts.has(StatusSet(.canceling, .canceled)) { return "_canceled" }
        if state.counts.has(StatusSet(.pausing, .paused, .pending)) { return "_paused" }
        return isActive || state.hasReadyTasks || leadsOn(run) ? "_incomplete" : "_completed"
    }

    /// Whether a failure leads to anything but `continue`.
    private func isRemediated(_ run: ConductorState.Run) -> Bool {
        zip(graph.nodes[run.key.node].outgoing, run.taken).contains { edge, isTaken in
            isTaken == true && graph.nodes[graph.edges[edge].target].command != .continue
        }
    }

    private func leadsOn(_ run: ConductorState.Run) -> Bool {
        zip(graph.nodes[run.key.node].outgoing, run.taken).contains { edge, isTaken in
            guard isTaken == true else { return false }
            let target = graph.edges[edge].target
            if graph.nodes[target].command == .continue { return false }
            if case .impossible = join(target, route: run.key.route) { return false }
            return true
        }
    }

    private mutating func carryOut(_ key: ConductorState.Key) {
        guard let command = graph.nodes[key.node].command, let staged = state.staged[key],
            let index = try? addRun(staged)
        else { return }
        take(.command(command), key, index)
    }
}

extension StatusCounts {
    fileprivate var total: Int { WorkflowStatus.allCases.reduce(0) { $0 + self[$1] } }
}
