public import PetrelCore

/// A task that is to be started, or whose next items are.
public struct TaskRequest: Sendable {
    /// The task.
    public let taskID: String
    /// The route that it runs on.
    public let route: Int
    /// What to run: one action, one for each item that may start now, or none for an empty list.
    public let actions: [ActionRequest]
    /// Seconds to wait first; nil for none asked for.
    public let delay: Int?
    /// How many items the task has in all; nil for a task without `with`.
    public let itemsCount: Int?
    /// How many items may run at once; nil for no limit.
    public let concurrency: Int?
    /// What the task sees.
    public let context: ValueObject

    /// Whether the task runs once for each item of a list.
    public var isItemized: Bool { itemsCount != nil }
}

/// One action of a task request.
public struct ActionRequest: Sendable {
    /// The action's reference; null for a task that does nothing and is to be reported running and succeeded at once.
    public let action: Value
    /// Its parameters; null if none are given.
    public let input: Value
    /// The item that it is for, counted from 0.
    public let itemID: Int?
}

/// What became of a task's action, or of the one of an item.
public struct TaskEvent: Sendable {
    /// The task.
    public var taskID: String
    /// The route that it runs on.
    public var route: Int
    /// The action's status now.
    public var status: WorkflowStatus
    /// The action's result, if it ended.
    public var result: Value?
    /// The item that the action was for; nil for a task without items.
    public var itemID: Int?
    /// The results of all items so far, null for those without; needed when the last item ends.
    public var itemResults: [Value]?

    /// An event of a task.
    public init(
        _ taskID: String, route: Int, _ status: WorkflowStatus, result: Value? = nil, itemID: Int? = nil,
        itemResults: [Value]? = nil
    ) {
        self.taskID = taskID
        self.route = route
        self.status = status
        self.result = result
        self.itemID = itemID
        self.itemResults = itemResults
    }
}
