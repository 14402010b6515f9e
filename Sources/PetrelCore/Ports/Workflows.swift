// The storage port of running workflows. What ended and was not yet reported to the workflow that started it, what
// somebody asks of a workflow, and what waits to begin is in the store, so a crash at any point loses nothing.

/// What somebody asks of a running workflow.
public enum WorkflowWish: String, Sendable, CaseIterable {
    /// Stand still once what is at work has ended.
    case pause = "pausing"
    /// Go on.
    case resume = "resuming"
    /// Stop once what is at work has ended.
    case cancel = "canceling"

    /// The status of the execution until the workflow has heard it.
    public var status: ExecutionStatus {
        switch self {
        case .pause: .pausing
        case .resume: .resuming
        case .cancel: .canceling
        }
    }
}

/// What became of a wish.
public enum WishAnswer: Sendable {
    /// It is stored, and the workflow will hear it.
    case taken(Execution)
    /// The workflow is there already, or on its way.
    case unchanged(Execution)
    /// Its status does not allow it.
    case refused(Execution)
    /// There is no such execution, or it is no workflow.
    case unknown
}

/// Where a workflow comes from: stored once, at its first step.
public struct WorkflowOrigin: Sendable, Hashable {
    /// The id that StackStorm calls the workflow execution's; a re-run of tasks takes it over.
    public var id: String
    /// The definition's text as it was at the start; edits to the file don't change what runs.
    public var definition: String
    /// The definition's file, for messages.
    public var file: String

    /// An origin from its parts.
    public init(id: String, definition: String, file: String) {
        self.id = id
        self.definition = definition
        self.file = file
    }
}

/// The stored state of a workflow: the last whole document and the changes since.
public struct WorkflowRecord: Sendable {
    /// Where it comes from.
    public var origin: WorkflowOrigin
    /// Counts its steps.
    public var version: Int
    /// The last whole document; nil before there is one.
    public var snapshot: Value?
    /// What each step after it changed.
    public var changes: [Value]

    /// A record from its parts.
    public init(origin: WorkflowOrigin, version: Int, snapshot: Value?, changes: [Value]) {
        self.origin = origin
        self.version = version
        self.snapshot = snapshot
        self.changes = changes
    }
}

/// What has happened to a workflow and is not yet in its state.
public struct WorkflowNews: Sendable {
    /// The workflow's execution, without its result.
    public var execution: Execution
    /// How many steps are stored; nil for a workflow that has not begun.
    public var version: Int?
    /// What somebody asks of it.
    public var wish: WorkflowWish?
    /// Whether the last step left something to be started.
    public var isUnfinished: Bool
    /// Children that ended, were paused, went on or wait for an answer, with their results, in the order of that.
    public var children: [Execution]

    /// News from their parts.
    public init(
        execution: Execution, version: Int?, wish: WorkflowWish?, isUnfinished: Bool, children: [Execution]
    ) {
        self.execution = execution
        self.version = version
        self.wish = wish
        self.isUnfinished = isUnfinished
        self.children = children
    }
}

/// One step of a workflow, to be stored as one transaction.
public struct WorkflowStep: Sendable {
    /// How the state is stored.
    public enum State: Sendable {
        /// What the step changed.
        case changes(Value)
        /// All of it; what was stored of earlier steps is forgotten.
        case snapshot(Value)
    }

    /// The workflow's execution.
    public var execution: ExecutionID
    /// The execution as it was read for the step: it needs not be read again where its status is still the same.
    public var known: Execution?
    /// The version that the step was made from; nil for the first step.
    public var expected: Int?
    /// Where the workflow comes from; with the first step only.
    public var origin: WorkflowOrigin?
    /// The new state.
    public var state: State
    /// The execution's status after the step.
    public var status: ExecutionStatus
    /// What is put into the execution's context.
    public var context: ValueObject = [:]
    /// The result, when the workflow has ended.
    public var result: Value?
    /// Children that are started with it: `requested`, or `running` with a claim.
    public var children: [Execution] = []
    /// Those of them that policies let begin.
    public var gated: Set<ExecutionID> = []
    /// Children whose news are in it, each with the status that was seen.
    public var reported: [(id: ExecutionID, status: ExecutionStatus)] = []
    /// The wish that is fulfilled by it.
    public var fulfilled: WorkflowWish?
    /// Whether more is to be started than this step starts.
    public var isUnfinished = false
    /// What all children are to be asked.
    public var cascade: WorkflowWish?
    /// Rows about it.
    public var audit: [AuditRecord] = []
    /// When it was made.
    public var at: Instant

    /// A step that changes the state alone.
    public init(execution: ExecutionID, expected: Int?, state: State, status: ExecutionStatus, at: Instant) {
        self.execution = execution
        self.expected = expected
        self.state = state
        self.status = status
        self.at = at
    }
}

/// What a step came to.
public struct StoredStep: Sendable {
    /// The workflow's execution as stored, without its result.
    public var execution: Execution
    /// Whether its status changed.
    public var hasChanged: Bool
    /// Children that were asked for something, as they are now.
    public var asked: [Execution]

    /// An answer from its parts.
    public init(execution: Execution, hasChanged: Bool, asked: [Execution]) {
        self.execution = execution
        self.hasChanged = hasChanged
        self.asked = asked
    }
}

/// What became of one action or item of a task.
public struct TaskResult: Sendable {
    /// The item that it was for; nil for a task without items.
    public var item: Int?
    /// The child execution's status.
    public var status: ExecutionStatus
    /// Its result; null while it has none.
    public var result: Value

    /// A result from its parts.
    public init(item: Int?, status: ExecutionStatus, result: Value) {
        self.item = item
        self.status = status
        self.result = result
    }
}

/// Running workflows and what they have to hear.
public protocol WorkflowStore: Sendable {
    /// Workflows that have something to hear, or whose time to begin has come; at most `limit`.
    func owedWorkflows(at: Instant, limit: Int) async throws(CoreError) -> [ExecutionID]
    /// What a workflow has to hear, of at most `limit` children; nil if there is no such execution.
    func workflowNews(of id: ExecutionID, limit: Int) async throws(CoreError) -> WorkflowNews?
    /// The stored state of a workflow; nil if it has not begun.
    func workflow(_ id: ExecutionID) async throws(CoreError) -> WorkflowRecord?
    /// Stores a step, all of it or nothing: the state, the execution's status and result, the children that it
    /// starts, and that it has heard what it reports.
    ///
    /// Flushed when it starts children or ends a workflow to which no reply is owed, else written.
    /// A workflow that has ended keeps its status and result: what it started before that is still heard, and a task
    /// that cleans up after a failure may still be started.
    /// - Returns: nil, and nothing is stored, if the workflow is not at the expected version or has been asked for
    ///   something else meanwhile.
    func store(_ step: WorkflowStep) async throws(CoreError) -> StoredStep?
    /// Records what somebody asks of a workflow that has begun. Flushed.
    func ask(_ wish: WorkflowWish, of id: ExecutionID, by user: String, at: Instant, audit: [AuditRecord])
        async throws(CoreError) -> WishAnswer
    /// What came of the actions of a task, by its task execution id; of each item the latest.
    func results(ofTask task: String) async throws(CoreError) -> [TaskResult]
    /// The ids of an execution's children, oldest first; at most `limit`.
    func childIDs(of id: ExecutionID, limit: Int) async throws(CoreError) -> [ExecutionID]
    /// Forgets what is to be reported to an execution that there is not any more. Written.
    func dropNews(of id: ExecutionID) async throws(CoreError)
}
