import PetrelCore

/// What Orquesta's functions read of a workflow's context: variables, the current task and item, the state.
struct WorkflowScope {
    let values: ValueObject

    /// Statuses that a task does not leave.
    static let completed: Set<String> = ["succeeded", "failed", "timeout", "abandoned", "canceled"]
    /// What a task has that has not begun.
    private static let unset = "null"

    /// A variable by its name.
    /// - Parameter isText: whether the name was given as a text; no other key exists.
    func variable(_ name: String, isText: Bool) throws(YAQLFault) -> Value {
        guard isText, let value = values[name] else {
            throw YAQLFault(.failed, "VariableUndefinedError", "The variable \"\(name)\" is undefined.")
        }
        if YAQLDictionary.isPrivate(name) {
            throw YAQLFault(
                .failed, "VariableInaccessibleError", "The variable \"\(name)\" is for internal use and inaccessible.")
        }
        return value
    }

    /// All variables but the private ones.
    var variables: ValueObject { values.filter { !YAQLDictionary.isPrivate($0.key) } }

    /// The item of a task that runs once for each.
    var item: Value { values["__current_item"] ?? .null }

    /// A member of the item.
    func item(_ key: String) throws(YAQLFault) -> Value {
        guard case .object(let members) = item else {
            throw .workflow("Item is not type of collections.abc.Mapping.")
        }
        guard let value = members[key] else { throw .workflow("Item does not have key \"\(key)\".") }
        return value
    }

    /// The task for which the expression is evaluated.
    func currentTask() throws(YAQLFault) -> ValueObject {
        guard case .object(let task)? = values["__current_task"], !task.isEmpty else {
            throw .workflow("The current task is not set in the context.")
        }
        return task
    }

    /// The status of the current task on its route.
    func currentStatus() throws(YAQLFault) -> String {
        let task = try currentTask()
        guard let id = task["id"] else { throw .key("'id'") }
        guard let route = task["route"] else { throw .key("'route'") }
        return try status(of: id.pythonString, route: route)
    }

    /// The latest status of a task on a route or, when it is not there, on the nearest earlier one that leads to it.
    func status(of id: String, route given: Value) throws(YAQLFault) -> String {
        let state = values["__state"]?.object ?? [:]
        let tasks = state["tasks"]?.object ?? [:]
        var route = given
        if route.isNull { route = values["__current_task"]?["route"] ?? 0 }
        while true {
            if let position = tasks["\(id)__r\(route.pythonString)"], !position.isNull {
                return try status(at: position, state["sequence"]?.array ?? [])
            }
            guard let number = route.integer ?? route.bool.map({ $0 ? 1 : 0 }) else {
                throw .type("'>' not supported between instances of '\(PythonValues.typeName(route))' and 'int'")
            }
            guard number > 0 else { return Self.unset }
            guard let earlier = try routeBefore(number, state) else { return Self.unset }
            route = .integer(earlier)
        }
    }

    private func status(at position: Value, _ sequence: [Value]) throws(YAQLFault) -> String {
        guard let index = position.integer, index < sequence.count, index >= -sequence.count else {
            throw .index("tuple index out of range")
        }
        let entry = sequence[index < 0 ? index + sequence.count : index]
        return entry["status"]?.pythonString ?? Self.unset
    }

    /// The latest route before this one that has no step which this one has not.
    private func routeBefore(_ route: Int, _ state: ValueObject) throws(YAQLFault) -> Int? {
        guard let routes = state["routes"]?.array else { throw .key("'routes'") }
        guard routes.indices.contains(route) else { throw .index("tuple index out of range") }
        let steps = Set(routes[route].array ?? [])
        return (0..<route).last { steps.isSuperset(of: routes[$0].array ?? []) }
    }

    /// As Python's `json.loads`.
    static func json(_ text: String) throws(YAQLFault) -> Value {
        if text.isEmpty {
            throw YAQLFault(.failed, "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)")
        }
        do throws(CoreError) {
            return try JSONReader.value(Array(text.utf8), limits: .actionOutput)
        } catch {
            throw YAQLFault(.failed, "JSONDecodeError", error.message)
        }
    }
}
