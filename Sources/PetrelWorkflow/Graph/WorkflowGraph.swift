public import PetrelCore

/// The tasks of a workflow and the transitions between them, with all that depends on the whole.
///
/// Nodes are the tasks that can be reached from the start, and the engine commands that are used. Numbers of nodes
/// and edges depend on the definition alone, so that stored state may use them.
public struct WorkflowGraph: Sendable {
    /// A task, or an engine command that a transition leads to.
    public struct Node: Sendable {
        /// The task's or command's name.
        public let name: String
        /// Which command it is; nil for a task.
        public let command: EngineCommand?
        /// How many tasks before it must lead here; nil for no join.
        public let barrier: TaskDefinition.Join?
        /// The split tasks at or before it, by name, in code point order.
        public internal(set) var splits: [String] = []
        /// Whether it can lead back to itself.
        public internal(set) var isInCycle = false
        /// Whether each transition into it makes a run, and so a route, of its own.
        public internal(set) var isSplit = false
        /// The edges out of it, by the target's name and then as they were written.
        public internal(set) var outgoing: [Int] = []
        /// The edges into it.
        public internal(set) var incoming: [Int] = []
        /// The nodes that lead here, each once.
        var sources: [Int] = []
        let task: TaskDefinition?
        var retry: TaskDefinition.Retry?

        /// How it is tried again (`when`, `count`, `delay`); nil if it is not.
        public var retryDocument: Value? {
            guard let retry else { return nil }
            var members: ValueObject = ["when": retry.condition?.value ?? .null, "count": retry.count.value]
            if retry.origin == .definition { members["delay"] = retry.delay?.value ?? .null }
            return .object(members)
        }
    }

    /// A transition to one target.
    public struct Edge: Sendable {
        /// The node it comes from.
        public let source: Int
        /// The node it leads to.
        public let target: Int
        /// Numbers the edges between the same two nodes.
        public let key: Int
        /// The index of the transition in the task's `next`.
        public let transition: Int
        let condition: Template?
        /// The `when` of the transition, or nothing.
        public var criteria: [Value] { condition.map { [$0.value] } ?? [] }
        /// Its name in the state of the task that it comes from: `TARGET__tKEY`.
        let id: String
        /// Its name in the state of the task that it leads to: `SOURCE__tKEY`.
        let backReference: String
    }

    /// All nodes.
    public internal(set) var nodes: [Node] = []
    /// All edges.
    public internal(set) var edges: [Edge] = []
    /// The nodes that nothing leads to, in name order.
    public internal(set) var starts: [Int] = []

    var numbers: [String: Int] = [:]

    /// The number of a task's or command's node; nil if it can't be reached.
    public func node(named name: String) -> Int? { numbers[name] }
}

/// Code point order, which is the order that the original sorts names in.
func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
