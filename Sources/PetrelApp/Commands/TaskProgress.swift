import PetrelCore

/// Tells what becomes of a workflow's tasks, each thing once, in the words of `st2`.
struct TaskProgress {
    private var told: [String: String] = [:]

    /// The lines about what is new in the workflow's children.
    mutating func lines(of children: [Value]) -> [String] {
        children.flatMap { child -> [String] in
            guard let id = child["id"]?.string, let status = child["status"]?.string else { return [] }
            let known = told.updateValue(status, forKey: id)
            guard known != status else { return [] }
            let subject = "Child execution (task=\(Self.task(of: child))) \(id)"
            var lines = known == nil ? ["\(subject) has started."] : []
            if ExecutionStatus(rawValue: status)?.isCompleted == true {
                lines.append("\(subject) has finished (status=\(status)).")
            } else if ["pending", "paused"].contains(status) {
                lines.append("\(subject) is \(status).")
            }
            return lines
        }
    }

    /// The name of a child's task, with its place in a list.
    private static func task(of child: Value) -> String {
        let context = child["context"]
        let name = (context?["orquesta"]?["task_name"] ?? context?["chain"]?["name"])?.string ?? ""
        return name + (context?["orquesta"]?["item_id"]?.integer.map { "[\($0)]" } ?? "")
    }
}
