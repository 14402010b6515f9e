public import PetrelCore

/// One entry of a workflow's errors or log, in the shape that StackStorm shows.
public struct LogEntry: Sendable, Hashable {
    /// How serious it is.
    public enum Kind: String, Sendable, Hashable {
        /// Something went wrong; the entry is among the errors.
        case error
        /// Something looks wrong.
        case warn
        /// Something to know.
        case info
    }

    /// How serious it is.
    public var kind: Kind
    /// What happened.
    public var message: String
    /// The task that it happened to.
    public var taskID: String?
    /// The route of that task.
    public var route: Int?
    /// The transition that was being evaluated, as `TARGET__tKEY`.
    public var transitionID: String?
    /// The result of the action that failed.
    public var result: Value?
    /// More about it, for entries that the caller adds.
    public var data: Value?

    /// An entry; an error unless another kind is named.
    public init(
        _ message: String, kind: Kind = .error, taskID: String? = nil, route: Int? = nil,
        transitionID: String? = nil, result: Value? = nil, data: Value? = nil
    ) {
        self.kind = kind
        self.message = message
        self.taskID = taskID
        self.route = route
        self.transitionID = transitionID
        // The original leaves out what is empty, and entries that look the same count once.
        self.result = result.flatMap { $0.isTruthy ? $0 : nil }
        self.data = data.flatMap { $0.isTruthy ? $0 : nil }
    }

    /// The entry as the original writes it: `type`, `message`, and what else is known.
    public var document: Value {
        var members: ValueObject = ["type": .string(kind.rawValue), "message": .string(message)]
        if let taskID { members["task_id"] = .string(taskID) }
        if let route { members["route"] = .integer(route) }
        if let transitionID { members["task_transition_id"] = .string(transitionID) }
        if let result { members["result"] = result }
        if let data { members["data"] = data }
        return .object(members)
    }

    init?(document: Value) {
        guard let kind = document["type"]?.string.flatMap(Kind.init), let message = document["message"]?.string else {
            return nil
        }
        self.init(
            message, kind: kind, taskID: document["task_id"]?.string, route: document["route"]?.integer,
            transitionID: document["task_transition_id"]?.string, result: document["result"], data: document["data"])
    }
}
