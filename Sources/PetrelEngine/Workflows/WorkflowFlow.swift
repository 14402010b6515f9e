import PetrelCore
import PetrelWorkflow

/// One run of a workflow as a value, whatever its language: hears what happened, plans what to start.
///
/// It has no clock, store or concurrency. ``Workflows`` stores what it says after each step.
protocol WorkflowFlow: Sendable {
    /// Where it stands.
    var status: WorkflowStatus { get }
    /// The result of its execution once it has ended.
    var result: Value { get }
    /// About how large a snapshot is, in entries: it decides how seldom one is made.
    var weight: Int { get }
    /// Whether every step stores all of it.
    var storesWhole: Bool { get }

    /// Begins.
    mutating func begin(at now: Instant)
    /// Takes in what somebody asks.
    mutating func hear(_ wish: WorkflowWish, at now: Instant)
    /// Takes in what became of a child.
    mutating func hear(_ child: Execution, itemResults: [Value]?, at now: Instant)
    /// Whether the results of all items of the child's task are needed with it.
    func needsItemResults(with child: Execution) -> Bool
    /// What is to be started now; at most `limit`, and what needs no action is done on the way.
    mutating func plan(limit: Int, at now: Instant, ids: any IDSource) -> [ChildPlan]
    /// Whether ``plan(limit:at:ids:)`` stopped at a limit.
    var hasMore: Bool { get }
    /// A planned child is going to be stored as this execution.
    mutating func started(_ plan: ChildPlan, as child: Execution, at now: Instant)
    /// A planned child can't be started.
    mutating func refused(_ plan: ChildPlan, _ error: EngineError, at now: Instant)
    /// Renders what is shown once it has ended.
    mutating func finish()
    /// What changed since this was last called.
    mutating func takeChanges() -> Value
    /// All of it; nothing has changed since, then.
    mutating func takeSnapshot() -> Value
}

/// A child that a workflow wants to start.
struct ChildPlan: Sendable {
    /// The task's name.
    var task: String
    var route = 0
    var item: Int?
    /// The action's reference, rendered; what is no text is refused.
    var action: Value
    /// Its parameters; null for none.
    var input: Value
    var delay: Duration = .zero
    /// Whether the definition itself names the action, rather than an expression in it.
    var isLiteral: Bool
    /// What stands in the child's context beside `parent`: `orquesta` or `chain`.
    var context: ValueObject
}
