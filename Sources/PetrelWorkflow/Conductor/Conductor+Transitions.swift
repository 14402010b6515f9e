import PetrelCore
import PetrelExpressions

extension Conductor {
    /// Evaluates the transitions of a run that ended, stages what they lead to, and returns the commands among it.
    mutating func follow(_ index: Int, _ result: Value?) -> [ConductorState.Key] {
        let run = state.sequence[index]
        let node = graph.nodes[run.key.node]
        var commands: [ConductorState.Key] = []
        var ready: [ConductorState.Key] = []
        for (place, number) in node.outgoing.enumerated() {
            let edge = graph.edges[number]
            do {
                let isTaken =
                    try edge.condition.map { condition throws(ExpressionError) in
                        try holds(condition, run, result)
                    } ?? true
                state.sequence[index].taken[place] = isTaken
                guard isTaken else { continue }
            } catch {
                noteFault(error, run, edge)
                continue
            }
            guard let scope = publish(edge, run, result) else { continue }
            let arrival = ConductorState.Arrival(edge: number, run: index)
            let key = ConductorState.Key(node: edge.target, route: route(along: number, from: run.key.route))
            stage(key, scope: scope, arrival: arrival, from: run.key.route)
            guard state.staged[key]?.isReady == true else { continue }
            if graph.nodes[edge.target].command != nil { commands.append(key) } else { ready.append(key) }
        }
        if commands.contains(where: { graph.nodes[$0.node].command == .fail }) {
            for key in ready { state.staged[key]?.runsOnFail = true }
            changes.staged.formUnion(ready)
        }
        return commands
    }

    private mutating func noteFault(_ error: ExpressionError, _ run: ConductorState.Run, _ edge: WorkflowGraph.Edge) {
        note(
            LogEntry(
                Self.text(of: error), taskID: graph.nodes[run.key.node].name, route: run.key.route,
                transitionID: edge.id))
        fail()
    }

    /// The scope behind a transition; nil if something that it publishes could not be evaluated.
    private mutating func publish(_ edge: WorkflowGraph.Edge, _ run: ConductorState.Run, _ result: Value?) -> Int? {
        let assignments = graph.nodes[edge.source].task?.transitions[edge.transition].publish ?? []
        if assignments.isEmpty { return state.scope(joining: run.scopes) }
        var scene = scene(context(of: run.scopes), run.key, result: result ?? .null)
        var published = ValueObject()
        var isSound = true
        for assignment in assignments {
            do {
                let value = try evaluate(assignment.template, scene)
                scene.values[assignment.name] = value
                if !assignment.name.hasPrefix("__") { published[assignment.name] = value }
            } catch {
                noteFault(error, run, edge)
                isSound = false
            }
        }
        guard isSound else { return nil }
        return published.isEmpty
            ? state.scope(joining: run.scopes) : state.scope(from: run.scopes, publishing: published)
    }

    /// The route behind a transition: a new one if it leads to a split task.
    private mutating func route(along edge: Int, from route: Int) -> Int {
        let target = graph.nodes[graph.edges[edge].target]
        guard target.isSplit, !target.isInCycle else { return route }
        let reference = graph.edges[edge].backReference
        let known = state.routes[route]
        if known.contains(where: { graph.edges[$0].backReference == reference }) { return route }
        state.routes.append(known + [edge])
        return state.routes.count - 1
    }

    // MARK: Staging

    /// Stages a task, or adds to what is staged for it.
    mutating func stage(
        _ key: ConductorState.Key, scope: Int, arrival: ConductorState.Arrival?, from route: Int = 0
    ) {
        // A failed task with items stays staged for a rerun; when the workflow itself leads there again, it begins anew.
        if state.staged[key]?.isCompleted ?? true {
            stage(key, scopes: [], arrivals: [], isReady: false)
        }
        changes.grown.insert(key)
        if state.staged[key]?.scopes.last != scope { state.staged[key]?.scopes.append(scope) }
        if let arrival {
            // An edge that is taken again, by a later run, counts for that run.
            if let known = state.staged[key]?.arrivals.firstIndex(where: { $0.edge == arrival.edge }) {
                state.staged[key]?.arrivals[known].run = arrival.run
                changes.staged.insert(key)
            } else {
                state.staged[key]?.arrivals.append(arrival)
            }
        }
        let isReady = isReady(key, route)
        state.staged[key]?.isReady = isReady
    }

    private func isReady(_ key: ConductorState.Key, _ route: Int) -> Bool {
        let node = graph.nodes[key.node]
        guard let barrier = node.barrier else { return true }
        if node.incoming.isEmpty { return true }
        // Before a join has run, all that led to it is among its arrivals, so most of the time counting those is enough.
        if barrier == .all, state.latest[key] == nil, let staged = state.staged[key],
            staged.arrivals.count < node.sources.count
        {
            return false
        }
        if case .satisfied = join(key.node, route: route) { return true }
        return false
    }

    mutating func stage(
        _ key: ConductorState.Key, scopes: [Int], arrivals: [ConductorState.Arrival], isReady: Bool = true,
        retryDelay: Int? = nil
    ) {
        state.serial += 1
        state.staged[key] = ConductorState.Staged(
            key: key, serial: state.serial, scopes: scopes, arrivals: arrivals, isReady: isReady, retryDelay: retryDelay
        )
        changes.staged.insert(key)
    }

    mutating func unstage(_ key: ConductorState.Key) {
        guard state.staged.removeValue(forKey: key) != nil else { return }
        itemLists[key] = nil
        changes.staged.insert(key)
    }
}
