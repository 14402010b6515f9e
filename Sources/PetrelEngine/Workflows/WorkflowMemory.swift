import PetrelCore
import PetrelExpressions
import PetrelWorkflow
import Synchronization

/// What the functions `task` and `st2kv` of a workflow's expressions look at.
///
/// Expressions can't wait for the store, so results are kept here, and only if the definition asks for them.
final class WorkflowMemory: Sendable {
    private struct Known {
        var entry: TaskTable.Entry
        var result: Value = .null
        var items: [Int: Value] = [:]
    }
    private struct State {
        var tasks: [TaskTable.Key: Known] = [:]
        var current: TaskTable.Key?
    }

    /// Whether the definition calls `task`.
    let isUsed: Bool
    private let workflowID: String
    private let state = Mutex(State())

    init(definition: String, workflowID: String) {
        isUsed = definition.contains("task(")
        self.workflowID = workflowID
    }

    /// Notes how a task stands, and the result of its action or of one item.
    func note(_ entry: TaskTable.Entry, _ key: TaskTable.Key, result: TaskResult? = nil) {
        guard isUsed else { return }
        state.withLock { state in
            var known = state.tasks[key] ?? Known(entry: entry)
            if known.entry.id != entry.id { known = Known(entry: entry) }
            known.entry = entry
            if let result, let item = result.item {
                known.items[item] = ["status": .string(result.status.rawValue), "result": result.result]
            } else if let result {
                known.result = result.result
            }
            state.tasks[key] = known
        }
    }

    /// Notes for which task expressions are evaluated next.
    func noteCurrent(_ key: TaskTable.Key) {
        guard isUsed else { return }
        state.withLock { $0.current = key }
    }

    /// `task(name, route)`: the record of the latest execution of a task; of the current one without a name.
    var function: HostFunction {
        HostFunction(
            "task", [.init("task_id", default: .null), .init("route", default: .null)]
        ) { [self] arguments throws(ExpressionError) in
            guard let document = document(arguments[0].string, arguments[1].integer) else {
                let name = arguments[0].string.map { "\"\($0)\"" } ?? "the current task"
                throw ExpressionError(.failed, "Unable to find task execution for \(name).")
            }
            return document
        }
    }

    private func document(_ name: String?, _ route: Int?) -> Value? {
        state.withLock { state in
            let key: TaskTable.Key?
            if let name {
                let wanted = route ?? state.current?.route
                let exact = wanted.map { TaskTable.Key(task: name, route: $0) }.flatMap {
                    state.tasks[$0] != nil ? $0 : nil
                }
                let others = state.tasks.keys.filter { $0.task == name && (route == nil || $0.route == route) }
                key = exact ?? others.max { $0.route < $1.route }
            } else {
                key = state.current
            }
            guard let key, let known = state.tasks[key] else { return nil }
            return document(key, known)
        }
    }

    private func document(_ key: TaskTable.Key, _ known: Known) -> Value {
        var result = known.result
        if let count = known.entry.itemsCount {
            result = ["items": .array((0..<count).map { known.items[$0] ?? .null })]
        }
        return [
            "task_execution_id": .string(known.entry.id), "workflow_execution_id": .string(workflowID),
            "task_name": .string(key.task), "task_id": .string(key.task), "route": .integer(key.route),
            "result": result, "status": .string(known.entry.status),
            "start_timestamp": .string(known.entry.startedAt.description),
            "end_timestamp": Value(known.entry.endedAt?.description),
        ]
    }
}
