import PetrelCore

extension WorkflowGraph {
    init(_ tasks: OrderedDictionary<String, TaskDefinition>) {
        let shape = TaskShape(tasks)
        var queue: [Int] = []
        for name in shape.starts.sorted(by: precedes) { queue.append(addNode(name, tasks, shape)) }
        starts = queue
        var next = 0
        while next < queue.count {
            let source = queue[next]
            next += 1
            var parallel: [Int: [Int]] = [:]
            for step in Self.steps(from: nodes[source].task) where tasks[step.target] != nil || step.command != nil {
                if step.command == .retry {
                    nodes[source].retry = TaskDefinition.Retry(
                        condition: step.condition ?? Template("<% completed() %>"), count: Template(3), delay: nil,
                        origin: .command)
                    continue
                }
                let known = numbers[step.target]
                let target = known ?? addNode(step.target, tasks, shape)
                if known == nil { queue.append(target) }
                addEdge(source, target, step, &parallel[target, default: []])
            }
        }
        for index in nodes.indices { nodes[index].outgoing = nodes[index].outgoing.sorted { isBefore($0, $1) } }
        findSplits()
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (nodes[edges[left].target].name, nodes[edges[right].target].name)
        return first == second ? left < right : precedes(first, second)
    }

    /// One target of one transition.
    private struct Step {
        let target: String
        let transition: Int
        let condition: Template?
        var command: EngineCommand? { EngineCommand(rawValue: target) }
    }

    /// What a task leads to, by name and then as written.
    private static func steps(from task: TaskDefinition?) -> [Step] {
        guard let task else { return [] }
        var steps: [Step] = []
        for (index, transition) in task.transitions.enumerated() {
            for target in transition.targets {
                steps.append(Step(target: target, transition: index, condition: transition.condition))
            }
        }
        return steps.enumerated().sorted {
            $0.element.target == $1.element.target
                ? $0.offset < $1.offset : precedes($0.element.target, $1.element.target)
        }.map(\.element)
    }

    private mutating func addNode(
        _ name: String, _ tasks: OrderedDictionary<String, TaskDefinition>, _ shape: TaskShape
    ) -> Int {
        let command = EngineCommand(rawValue: name)
        let task = command == nil ? tasks[name] : nil
        var node = Node(name: name, command: command, barrier: task?.join, task: task, retry: task?.retry)
        node.isInCycle = shape.cyclic.contains(name)
        node.isSplit = task?.join == nil && shape.arrivals[name, default: 0] > 1
        nodes.append(node)
        numbers[name] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func addEdge(_ source: Int, _ target: Int, _ step: Step, _ parallel: inout [Int]) {
        if parallel.contains(where: { edges[$0].transition == step.transition }) { return }
        let key = parallel.count
        edges.append(
            Edge(
                source: source, target: target, key: key, transition: step.transition, condition: step.condition,
                id: "\(nodes[target].name)__t\(key)", backReference: "\(nodes[source].name)__t\(key)"))
        nodes[source].outgoing.append(edges.count - 1)
        nodes[target].incoming.append(edges.count - 1)
        if parallel.isEmpty { nodes[target].sources.append(source) }
        parallel.append(edges.count - 1)
    }

    /// Carries the split tasks forward from the start; a task in a cycle keeps those of the first visit.
    private mutating func findSplits() {
        var found = [Set<String>?](repeating: nil, count: nodes.count)
        var queue = starts.map { ($0, Set<String>()) }
        var next = 0
        while next < queue.count {
            var (index, splits) = queue[next]
            next += 1
            if nodes[index].isSplit, !nodes[index].isInCycle { splits.insert(nodes[index].name) }
            if let before = found[index] {
                if nodes[index].isInCycle || splits.isSubset(of: before) { continue }
                splits.formUnion(before)
            }
            found[index] = splits
            queue.append(contentsOf: nodes[index].outgoing.map { (edges[$0].target, splits) })
        }
        for index in nodes.indices { nodes[index].splits = (found[index] ?? []).sorted(by: precedes) }
    }
}

/// What the transitions between all tasks, reachable or not, say about each of them.
struct TaskShape {
    /// Tasks that nothing leads to.
    private(set) var starts: [String] = []
    /// How many transitions lead to each task or command.
    private(set) var arrivals: [String: Int] = [:]
    /// Tasks that can lead back to themselves.
    private(set) var cyclic: Set<String> = []

    init(_ tasks: OrderedDictionary<String, TaskDefinition>) {
        for task in tasks.values {
            for transition in task.transitions {
                for target in Set(transition.targets) { arrivals[target, default: 0] += 1 }
            }
        }
        starts = tasks.keys.filter { arrivals[$0] == nil && !EngineCommand.isReserved($0) }
        cyclic = Self.cyclic(tasks)
    }

    /// Tarjan's strongly connected components, without recursion: a component of several tasks, or a task that names
    /// itself.
    private static func cyclic(_ tasks: OrderedDictionary<String, TaskDefinition>) -> Set<String> {
        let names = Array(tasks.keys)
        let targets = tasks.values.map { task in
            Array(Set(task.transitions.flatMap(\.targets).compactMap { tasks.index(forKey: $0) }))
        }
        var order = [Int](repeating: -1, count: names.count)
        var low = order
        var isOpen = [Bool](repeating: false, count: names.count)
        var (open, found, count): ([Int], Set<String>, Int) = ([], [], 0)
        for root in names.indices where order[root] < 0 {
            var path: [(node: Int, next: Int)] = [(root, 0)]
            while let (node, next) = path.last {
                if next == 0 {
                    (order[node], low[node], isOpen[node]) = (count, count, true)
                    count += 1
                    open.append(node)
                }
                if next < targets[node].count {
                    path[path.count - 1].next += 1
                    let target = targets[node][next]
                    if target == node { found.insert(names[node]) }
                    if order[target] < 0 {
                        path.append((target, 0))
                    } else if isOpen[target] {
                        low[node] = min(low[node], order[target])
                    }
                    continue
                }
                path.removeLast()
                if let parent = path.last?.node { low[parent] = min(low[parent], low[node]) }
                guard low[node] == order[node], let start = open.lastIndex(of: node) else { continue }
                if open.count - start > 1 { found.formUnion(open[start...].map { names[$0] }) }
                for member in open[start...] { isOpen[member] = false }
                open.removeSubrange(start...)
            }
        }
        return found
    }
}
