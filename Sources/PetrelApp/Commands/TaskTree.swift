import PetrelCore

/// The tasks of a workflow as a table whose names are indented by depth.
enum TaskTree {
    /// The lines; none for an execution that is no workflow or has started nothing.
    static func lines(of execution: Value, depth: Int, _ client: APIClient, _ output: ResourceOutput) async throws
        -> [String]
    {
        let runner = execution["action"]?["runner_type"]?.string ?? execution["runner"]?["name"]?.string
        guard let id = execution["id"]?.string, runner.map(RunnerType.isWorkflow) == true else { return [] }
        let path = "/executions/" + URLText.escaped(id) + "/children"
        let children = try await client.get(path, [("depth", String(depth)), ("result_fmt", "sorted")]).array ?? []
        guard !children.isEmpty else { return [] }
        return [""]
            + output.list(rows(children, below: id), columns: ["id", "status", "task", "action", "start_timestamp"])
    }

    /// Children depth first, each below the one that started it.
    static func rows(_ children: [Value], below root: String) -> [Value] {
        let byParent = Dictionary(grouping: children) { $0["parent"]?.string ?? "" }
        var rows: [Value] = []
        var open = (byParent[root] ?? []).reversed().map { ($0, 0) }
        while let (child, level) = open.popLast() {
            rows.append(row(child, level))
            open += (byParent[child["id"]?.string ?? ""] ?? []).reversed().map { ($0, level + 1) }
        }
        return rows
    }

    private static func row(_ child: Value, _ level: Int) -> Value {
        let context = child["context"]
        let task = (context?["orquesta"]?["task_name"] ?? context?["chain"]?["name"])?.string ?? ""
        let item = context?["orquesta"]?["item_id"]?.integer.map { "[\($0)]" } ?? ""
        let mark = level == 0 ? "" : String(repeating: "  ", count: level - 1) + "└ "
        return [
            "id": child["id"] ?? .null, "status": child["status"] ?? .null, "task": .string(mark + task + item),
            "action": child["action"]?["ref"] ?? .null, "start_timestamp": child["start_timestamp"] ?? .null,
        ]
    }
}
