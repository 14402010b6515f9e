import PetrelCore

/// Everything that a run of a workflow is, apart from its definition: a value that can be stored and compared.
///
/// Contexts are kept once, as what each publish set; tasks refer to them through ``Scope``s, so that the state grows
/// by a few numbers a task however large the context is.
public struct ConductorState: Sendable, Equatable {
    /// What a publish set, on top of what its task saw; or the meeting of several scopes.
    struct Scope: Sendable, Equatable {
        /// The scopes below, in order of arrival; none for the initial context.
        var parents: [Int]
        /// The index of what was published; nil if nothing was.
        var context: Int?
    }

    /// A task or command on a route.
    struct Key: Sendable, Hashable {
        var node: Int
        var route: Int
    }

    /// By which edge, and from which run, something was reached.
    struct Arrival: Sendable, Equatable {
        var edge: Int
        var run: Int
    }

    /// How far the tries of a run have come.
    struct Retry: Sendable, Equatable {
        var count: Int
        var delay: Int?
        var tally = 0
    }

    /// One entry of the sequence: a task that was started, or a command that was carried out.
    struct Run: Sendable, Equatable {
        var key: Key
        var scopes: [Int]
        var arrivals: [Arrival]
        var status: WorkflowStatus
        /// What is known of each outgoing edge of the node, in that order.
        var taken: [Bool?]
        var isTerminal = false
        var retry: Retry?
    }

    /// A task that waits to be offered, for others to arrive at a join, or for its items to end.
    struct Staged: Sendable, Equatable {
        var key: Key
        /// Counts the staged tasks in the order in which they came.
        var serial: Int
        var scopes: [Int]
        var arrivals: [Arrival]
        var isReady: Bool
        var items: Items?
        var isCompleted = false
        var retryDelay: Int?
        var runsOnFail = false
    }

    /// The statuses of the items of a task.
    struct Items: Sendable, Equatable {
        private(set) var statuses: [WorkflowStatus]
        private(set) var counts: StatusCounts
        /// No item before this one still waits to be offered.
        private var firstWaiting = 0

        init(_ statuses: [WorkflowStatus]) {
            self.statuses = statuses
            var counts = StatusCounts()
            for status in statuses { counts.add(status) }
            self.counts = counts
        }

        mutating func set(_ index: Int, to status: WorkflowStatus) {
            counts.move(from: statuses[index], to: status)
            statuses[index] = status
            if status == .unset { firstWaiting = min(firstWaiting, index) }
        }

        /// The first items that wait to be offered.
        mutating func waiting(_ most: Int) -> [Int] {
            while firstWaiting < statuses.count, statuses[firstWaiting] != .unset { firstWaiting += 1 }
            var found: [Int] = []
            var index = firstWaiting
            while index < statuses.count, found.count < most {
                if statuses[index] == .unset { found.append(index) }
                index += 1
            }
            return found
        }

        static func == (left: Items, right: Items) -> Bool { left.statuses == right.statuses }
    }

    var status = WorkflowStatus.unset
    /// What the start and each publish set; 0 is the initial context.
    var contexts: [ValueObject] = []
    var scopes: [Scope] = []
    /// The back references (edges) that lead to each route; 0 is the route of the start.
    var routes: [[Int]] = [[]]
    var sequence: [Run] = []
    var latest: [Key: Int] = [:]
    var staged: [Key: Staged] = [:]
    var serial = 0
    var errors = OrderedSet<LogEntry>()
    var log = OrderedSet<LogEntry>()
    var reruns: [[Int]] = []
    /// Nil until it was rendered.
    var output: ValueObject?
    /// How many runs are in each status; follows from the sequence.
    var counts = StatusCounts()

    /// The staged tasks in the order in which they came.
    var stagedInOrder: [Staged] { staged.values.sorted { $0.serial < $1.serial } }

    /// Whether a task waits to be offered.
    var hasReadyTasks: Bool { staged.values.contains { $0.isReady && !$0.isCompleted } }

    /// The latest run of a task on a route.
    func run(_ key: Key) -> Run? { latest[key].map { sequence[$0] } }
}
