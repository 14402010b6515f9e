import PetrelCore

/// How executions are shown.
enum ExecutionText {
    /// What is shown of an execution unless more is asked for.
    static let attributes = [
        "id", "action.ref", "context.user", "parameters", "status", "start_timestamp", "end_timestamp", "result",
    ]
    /// The columns of a listing.
    static let columns = ["id", "action.ref", "context.user", "status", "start_timestamp", "end_timestamp"]

    /// The execution with the time it took, or has taken so far, in its status.
    static func withElapsed(_ execution: Value, now: Instant) -> Value {
        guard var members = execution.object, let status = members["status"]?.string,
            let start = members["start_timestamp"]?.string.flatMap({ Instant($0) })
        else { return execution }
        let end = members["end_timestamp"]?.string.flatMap { Instant($0) }
        guard end != nil || ExecutionStatus(rawValue: status)?.isCompleted == false else { return execution }
        let seconds = Int(max(0, ((end ?? now) - start).inSeconds))
        members["status"] = .string("\(status) (\(seconds)s elapsed)")
        return .object(members)
    }

    /// The lines of one execution.
    static func lines(_ execution: Value, attributes: [String], _ output: ResourceOutput, now: Instant) -> [String] {
        // Scripts that read JSON compare the status.
        let shown = output.format == .text ? withElapsed(execution, now: now) : execution
        // StackStorm's client, too, shows executions without a table.
        var plain = output
        plain.isBordered = false
        return plain.single(shown, attributes: attributes)
    }

    /// The status of an execution, or nil for a word that Petrel does not know.
    static func status(of execution: Value) -> ExecutionStatus? {
        execution["status"]?.string.flatMap(ExecutionStatus.init(rawValue:))
    }
}
