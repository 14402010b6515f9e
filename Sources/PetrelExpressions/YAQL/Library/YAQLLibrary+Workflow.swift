import PetrelCore

/// Orquesta's functions; they exist only where there is a workflow's context.
extension YAQLLibrary {
    static let workflow: [YAQLOverload] = [
        .function(
            "ctx", [.any("key", .null)], workflowOnly,
            { (arguments) throws(YAQLFault) in
                guard arguments[0].isTruthy else {
                    return .dictionary(YAQLDictionary(context: arguments.runtime.workflow ?? [:]))
                }
                let name = try arguments[0].pythonText(arguments.runtime)
                var isText = false
                if case .string = arguments[0] { isText = true }
                _ = try YAQLKey(arguments[0], arguments.budget)
                return YAQLValue(try scope(arguments).variable(name, isText: isText))
            }),
        .function(
            "item", [.any("key", .null)], workflowOnly,
            { (arguments) throws(YAQLFault) in
                guard arguments[0].isTruthy else { return YAQLValue(scope(arguments).item) }
                return YAQLValue(try scope(arguments).item(arguments[0].pythonText(arguments.runtime)))
            }),
        .function(
            "task_status", [.any("taskId"), .any("route", .null)], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let id = try arguments[0].pythonText(arguments.runtime)
                return .string(try scope(arguments).status(of: id, route: arguments[1].plain(arguments.runtime)))
            }),
        .function(
            "succeeded", [], workflowOnly,
            { (arguments) throws(YAQLFault) in
                .bool(try scope(arguments).currentStatus() == "succeeded")
            }),
        .function(
            "failed", [], workflowOnly,
            { (arguments) throws(YAQLFault) in
                .bool(try scope(arguments).currentStatus() == "failed")
            }),
        .function(
            "completed", [], workflowOnly,
            { (arguments) throws(YAQLFault) in
                .bool(WorkflowScope.completed.contains(try scope(arguments).currentStatus()))
            }),
        .function(
            "result", [], workflowOnly,
            { (arguments) throws(YAQLFault) in
                YAQLValue(try scope(arguments).currentTask()["result"] ?? .null)
            }),
        .function(
            "json", [.any("s")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                if case .dictionary(let dictionary) = arguments[0], !dictionary.isFrozen { return arguments[0] }
                guard case .string(let text) = arguments[0] else {
                    throw .type("Given object is not typeof string.")
                }
                try arguments.runtime.produce(bytes: text.utf8.count)
                return YAQLValue(try WorkflowScope.json(text), isFrozen: false)
            }),
        .function("zip", [], .init(rest: .any, takesAnyName: true, isWorkflow: true), zipAll),
    ]

    static let workflowOnly = YAQLOverload.Options(isWorkflow: true)

    private static func scope(_ arguments: YAQLArguments) -> WorkflowScope {
        WorkflowScope(values: arguments.runtime.workflow ?? [:])
    }

    /// To the longest, null counting as empty; a single one is left alone.
    private static func zipAll(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let runtime = arguments.runtime
        guard let first = arguments.rest.first, arguments.rest.count > 1 else {
            guard let only = arguments.rest.first else { return try arguments.list([]) }
            return only.isNull ? try arguments.list([]) : only
        }
        var sources = [try source(first, runtime)]
        for list in arguments.rest.dropFirst() { sources.append(try source(list, runtime)) }
        let filler = arguments.named.last { $0.name == "pad" }?.value ?? .null
        var rows: [YAQLValue] = []
        while let row = try longest(sources, filler) { rows.append(try arguments.tuple(row)) }
        return try arguments.list(rows)
    }

    private static func source(_ value: YAQLValue, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLIterator {
        value.isNull ? try .items([], runtime) : try parts(of: value, runtime)
    }
}
