public import PetrelCore

/// A task that is to run again.
public struct RerunRequest: Sendable, Hashable {
    /// The task.
    public var taskID: String
    /// The route that it ran on.
    public var route: Int
    /// Whether all items of a `with` task run again, not only those that failed.
    public var resetsItems: Bool

    /// A task on a route.
    public init(_ taskID: String, route: Int = 0, resetsItems: Bool = false) {
        self.taskID = taskID
        self.route = route
        self.resetsItems = resetsItems
    }
}

extension Conductor {
    /// Takes a completed workflow up again from some of its tasks; from all that ended it badly if none are given.
    ///
    /// A task that comes after another one that is asked for runs again anyway. The status is resuming afterwards.
    /// - Throws: ``WorkflowError`` with code `notCompleted` or `badRerun`; nothing has changed then.
    public mutating func rerun(_ requests: [RerunRequest] = []) throws(WorkflowError) {
        guard status.isCompleted else {
            throw WorkflowError(.notCompleted, "Unable to rerun workflow because it is not in a completed state.")
        }
        let candidates = try candidates(requests)
        let downstream = Set(candidates.keys.flatMap { laterRuns(than: $0) })
        let chosen = candidates.filter { !downstream.contains($0.key) }
        guard !chosen.isEmpty || state.hasReadyTasks else {
            throw WorkflowError(
                .badRerun, "Unable to rerun workflow because none of its tasks has failed.",
                hint: "Name the tasks to run again")
        }
        var begun: [Int] = []
        for index in chosen.keys.sorted(by: comesBefore) {
            begun.append(index)
            begin(again: index, resetsItems: chosen[index] ?? false)
        }
        state.reruns.append(begun)
        for index in state.sequence.indices where state.sequence[index].isTerminal && leadsToTask(state.sequence[index])
        {
            state.sequence[index].isTerminal = false
            changes.runs.insert(index)
        }
        state.output = nil
        state.status = .resuming
    }

    /// The runs that are asked for, each with whether its items are reset.
    private func candidates(_ requests: [RerunRequest]) throws(WorkflowError) -> [Int: Bool] {
        var found: [Int: Bool] = [:]
        if requests.isEmpty {
            for (key, index) in state.latest where state.sequence[index].isTerminal {
                if state.sequence[index].status.isFailure, graph.nodes[key.node].task != nil { found[index] = false }
            }
            return found
        }
        var unknown: [String] = []
        for request in requests {
            let run = graph.node(named: request.taskID).flatMap {
                state.latest[ConductorState.Key(node: $0, route: request.route)]
            }
            if let run, state.sequence[run].status.isCompleted, graph.nodes[state.sequence[run].key.node].task != nil {
                found[run] = request.resetsItems
            } else {
                unknown.append("\(request.taskID)|\(request.route)")
            }
        }
        guard unknown.isEmpty else {
            throw WorkflowError(
                .badRerun,
                "Unable to rerun task|route(s) because it doesn't exist or isn't rerunnable: "
                    + unknown.joined(separator: ", "))
        }
        return found
    }

    private func comesBefore(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (state.sequence[left].key, state.sequence[right].key)
        if first.node == second.node { return first.route < second.route }
        return precedes(graph.nodes[first.node].name, graph.nodes[second.node].name)
    }

    /// The runs that came of a run, the latest of each task.
    private func laterRuns(than index: Int) -> Set<Int> {
        var found = Set<Int>()
        var pending = [index]
        let children = Dictionary(
            grouping: state.sequence.indices.flatMap { run in state.sequence[run].arrivals.map { ($0.run, run) } },
            by: \.0)
        while let next = pending.popLast() {
            for (_, child) in children[next] ?? [] where found.insert(child).inserted { pending.append(child) }
        }
        return found
    }

    private mutating func begin(again index: Int, resetsItems: Bool) {
        for run in laterRuns(than: index).union([index]) {
            state.sequence[run].isTerminal = false
            changes.runs.insert(run)
        }
        let old = state.sequence[index]
        let name = graph.nodes[old.key.node].name
        let kept = state.errors.filter { $0.taskID != name || ($0.route != nil && $0.route != old.key.route) }
        if kept.count != state.errors.count {
            state.errors = OrderedSet(kept)
            changes.errorsReplaced = true
        }
        let items = state.staged[old.key]?.items
        unstage(old.key)
        stage(old.key, scopes: old.scopes, arrivals: old.arrivals)
        if var items {
            for (item, status) in items.statuses.enumerated() where resetsItems || status.isFailure {
                items.set(item, to: .unset)
            }
            state.staged[old.key]?.items = items
        }
        if let staged = state.staged[old.key] { _ = try? addRun(staged) }
    }

    private func leadsToTask(_ run: ConductorState.Run) -> Bool {
        zip(graph.nodes[run.key.node].outgoing, run.taken).contains { edge, isTaken in
            isTaken == true && graph.nodes[graph.edges[edge].target].command == nil
        }
    }
}
