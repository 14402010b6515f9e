public import PetrelCore

extension Conductor {
    /// Asks for a status of the workflow: to start, pause, resume or cancel it.
    ///
    /// While tasks are at work, pausing and canceling wait for them to end.
    /// - Throws: ``WorkflowError`` with code `badTransition` if the workflow can't take it; nothing has changed then.
    public mutating func request(_ status: WorkflowStatus) throws(WorkflowError) {
        let before = state.status
        let event = "workflow_" + status.rawValue
        hear(status)
        if let next = StateMachine.workflow.next(before, workflowEvent(event, status)) { set(workflow: next) }
        guard state.status == before, status != before else { return }
        if (status == .paused && before == .pausing) || (status == .canceled && before == .canceling) { return }
        throw WorkflowError(
            .badTransition,
            "Unable to process event \"\(event)\" for workflow in \"\(before.rawValue)\" status.",
            hint: before.isCompleted ? "The workflow has ended; run it again" : nil)
    }

    /// Tells the tasks at work what is asked of the workflow.
    mutating func hear(_ status: WorkflowStatus) {
        for index in runsThatHear(status) { advance(run: index, byWorkflow: "workflow_" + status.rawValue) }
    }

    /// Runs that a request may change.
    ///
    /// They are those at work; one that waits for another try keeps waiting, as in the original.
    private func runsThatHear(_ status: WorkflowStatus) -> [Int] {
        switch status {
        case .pausing, .paused, .canceling, .canceled:
            guard state.counts.has(.active) else { return [] }
            return state.latest.values.filter { state.sequence[$0].status.isActive }.sorted()
        default: return []
        }
    }

    private mutating func advance(run index: Int, byWorkflow event: String) {
        let run = state.sequence[index]
        guard let items = state.staged[run.key]?.items else { return }
        let activity = items.counts.has(.active) ? "_task_active" : "_task_dormant"
        let progress = items.statuses.allSatisfy(\.isCompleted) ? "_items_completed" : "_items_incomplete"
        let event = event + activity + progress
        if let next = StateMachine.task.next(run.status, event) { set(run: index, to: next) }
    }

    private func workflowEvent(_ event: String, _ status: WorkflowStatus) -> String {
        switch status {
        case .pausing, .paused, .canceling, .canceled:
            return event + (isActive ? "_workflow_active" : "_workflow_dormant")
        case .resuming, .running:
            guard state.status == .paused, !isActive, !state.hasReadyTasks,
                !state.counts.has(StatusSet(.pausing, .paused, .pending))
            else { return event }
            return event + "_workflow_completed"
        default: return event
        }
    }

    /// Whether any task is at work.
    var isActive: Bool { state.counts.has(.active) }

    /// Fails the workflow unless it ended in a way that is final.
    mutating func fail() {
        if let next = StateMachine.workflow.next(state.status, "workflow_failed") { set(workflow: next) }
    }

    mutating func set(run index: Int, to status: WorkflowStatus) {
        state.counts.move(from: state.sequence[index].status, to: status)
        state.sequence[index].status = status
        changes.runs.insert(index)
    }

    /// Takes a status; when that ends the workflow, joins that others still waited at make it fail.
    mutating func set(workflow status: WorkflowStatus) {
        let wasCompleted = state.status.isCompleted
        state.status = status
        guard status.isCompleted, !wasCompleted else { return }
        var isStuck = false
        for staged in state.stagedInOrder where !staged.isReady {
            guard case .impossible = join(staged.key.node, route: staged.key.route, isEnding: true) else { continue }
            let name = graph.nodes[staged.key.node].name
            note(
                LogEntry(
                    "UnreachableJoinError: The join task|route \"\(name)|\(staged.key.route)\" is partially satisfied "
                        + "but unreachable.", taskID: name, route: staged.key.route))
            isStuck = true
        }
        if isStuck { fail() }
    }

    /// How a join stands.
    enum JoinState {
        case satisfied, open, impossible
    }

    /// Counts the tasks before a join that have led to it on a route.
    func join(_ index: Int, route: Int, isEnding: Bool = false) -> JoinState {
        let node = graph.nodes[index]
        guard let barrier = node.barrier else { return .satisfied }
        let required: Int
        switch barrier {
        case .all: required = node.sources.count
        case .count(let count): required = max(1, count)
        }
        var (arrived, unknown) = (0, 0)
        for source in node.sources {
            guard let run = state.run(ConductorState.Key(node: source, route: route)) else {
                unknown += 1
                continue
            }
            let hasLed = zip(graph.nodes[source].outgoing, run.taken).contains {
                graph.edges[$0].target == index && $1 == true
            }
            if hasLed { arrived += 1 }
        }
        if arrived >= required { return .satisfied }
        return unknown > 0 && !isEnding && (isActive || state.hasReadyTasks) ? .open : .impossible
    }
}
