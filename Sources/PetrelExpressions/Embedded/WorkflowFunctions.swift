public import PetrelCore

/// The functions that Orquesta and StackStorm add to expressions, over one workflow's context, for Jinja.
///
/// YAQL has the same ones built in; ``EmbeddedExpression`` gives each language its own.
public enum WorkflowFunctions {
    /// `ctx`, `item`, `result`, `task_status`, …, and StackStorm's on texts, patterns and versions.
    ///
    /// - Parameter context: the workflow's context with its private entries (`__state`, `__current_task`,
    ///   `__current_item`).
    public static func functions(for context: ValueObject) -> [HostFunction] {
        workflow(WorkflowScope(values: context)) + independent
    }

    private static func workflow(_ scope: WorkflowScope) -> [HostFunction] {
        [
            function("ctx", [.init("key", default: .null)]) { (arguments) throws(YAQLFault) in
                guard arguments[0].isTruthy else { return .object(scope.variables) }
                return try scope.variable(arguments[0].pythonString, isText: arguments[0].string != nil)
            },
            function("item", [.init("key", default: .null)]) { (arguments) throws(YAQLFault) in
                arguments[0].isTruthy ? try scope.item(arguments[0].pythonString) : scope.item
            },
            function("result") { (_) throws(YAQLFault) in try scope.currentTask()["result"] ?? .null },
            function("succeeded") { (_) throws(YAQLFault) in .bool(try scope.currentStatus() == "succeeded") },
            function("failed") { (_) throws(YAQLFault) in .bool(try scope.currentStatus() == "failed") },
            function("completed") { (_) throws(YAQLFault) in
                .bool(WorkflowScope.completed.contains(try scope.currentStatus()))
            },
            function("task_status", [.init("task_id"), .init("route", default: .null)]) {
                (arguments) throws(YAQLFault) in
                .string(try scope.status(of: arguments[0].pythonString, route: arguments[1]))
            },
        ]
    }

    /// A function whose faults keep the name of the original's exception, as ``HostFunctionFault``.
    private static func function(
        _ name: String, _ parameters: [HostFunction.Parameter] = [],
        _ body: @escaping @Sendable ([Value]) throws(YAQLFault) -> Value
    ) -> HostFunction {
        HostFunction(name, parameters) { (arguments) throws(ExpressionError) in
            do throws(YAQLFault) { return try body(arguments) } catch {
                throw ExpressionError(error.code, error.text, underlying: error)
            }
        }
    }

    // MARK: Functions of their arguments alone

    /// Stands for an argument that was not given.
    private static let absent: Value = "\u{0}absent\u{0}"

    private static let value = HostFunction.Parameter("value")
    private static let pattern = HostFunction.Parameter("pattern")
    private static let ignoreCase = HostFunction.Parameter("ignorecase", default: false)

    private static let independent: [HostFunction] =
        [
            function("json", [.init("s")]) { (arguments) throws(YAQLFault) in
                if case .object = arguments[0] { return arguments[0] }
                guard case .string(let text) = arguments[0] else {
                    throw .type("Given object is not typeof string.")
                }
                return try WorkflowScope.json(text)
            },
            function("zip", (1...16).map { .init("list\($0)", default: absent) } + [.init("pad", default: .null)], zip),
            HostFunction("use_none", [value]) { (arguments) throws(ExpressionError) in
                StackStormFunctions.useNone(arguments[0])
            },
            HostFunction("json_escape", [value]) { (arguments) throws(ExpressionError) in
                .string(try StackStormFunctions.jsonEscape(arguments[0]))
            },
            HostFunction("jsonpath_query", [value, .init("query")]) { (arguments) throws(ExpressionError) in
                try StackStormFunctions.jsonPathQuery(arguments[0], text(arguments[1], "query"))
            },
            HostFunction("to_human_time_from_seconds", [.init("seconds")]) { (arguments) throws(ExpressionError) in
                .string(try StackStormFunctions.humanTime(arguments[0]))
            },
            HostFunction("basename", [.init("path")]) { (arguments) throws(ExpressionError) in
                .string(try StackStormFunctions.basename(arguments[0]))
            },
            HostFunction("dirname", [.init("path")]) { (arguments) throws(ExpressionError) in
                .string(try StackStormFunctions.dirname(arguments[0]))
            },
        ] + serializing + patterns + versions

    private static let serializing: [HostFunction] =
        ["from_json_string", "json_parse"].map { name in
            HostFunction(name, [value]) { (arguments) throws(ExpressionError) in
                try StackStormFunctions.jsonParse(arguments[0])
            }
        }
        + ["from_yaml_string", "yaml_parse"].map { name in
            HostFunction(name, [value]) { (arguments) throws(ExpressionError) in
                try StackStormFunctions.yamlParse(arguments[0])
            }
        }
        + ["to_json_string", "json_dump"].map { name in
            HostFunction(
                name,
                [
                    value, .init("indent", default: .null), .init("sort_keys", default: false),
                    .init("separators", default: [",", ": "]),
                ]
            ) { (arguments) throws(ExpressionError) in
                let separators = arguments[3].array ?? []
                guard separators.count == 2, let item = separators[0].string, let key = separators[1].string else {
                    throw ExpressionError(.failed, "separators are two texts")
                }
                return .string(
                    try StackStormFunctions.jsonText(
                        arguments[0], indent: arguments[1], sortKeys: arguments[2].isTruthy, separators: (item, key)))
            }
        }
        + ["to_yaml_string", "yaml_dump"].map { name in
            HostFunction(name, [value, .init("indent", default: .null), .init("allow_unicode", default: true)]) {
                (arguments) throws(ExpressionError) in
                .string(
                    try StackStormFunctions.yamlText(
                        arguments[0], indent: arguments[1], allowUnicode: arguments[2].isTruthy))
            }
        }

    private static let patterns: [HostFunction] = [
        HostFunction("regex_match", [value, pattern, ignoreCase]) { (arguments) throws(ExpressionError) in
            .bool(
                try StackStormFunctions.regexMatch(
                    arguments[0], text(arguments[1], "pattern"), ignoreCase: arguments[2].isTruthy))
        },
        HostFunction("regex_search", [value, pattern, ignoreCase]) { (arguments) throws(ExpressionError) in
            .bool(
                try StackStormFunctions.regexSearch(
                    arguments[0], text(arguments[1], "pattern"), ignoreCase: arguments[2].isTruthy))
        },
        HostFunction("regex_replace", [value, pattern, .init("replacement"), ignoreCase]) {
            (arguments) throws(ExpressionError) in
            .string(
                try StackStormFunctions.regexReplace(
                    arguments[0], text(arguments[1], "pattern"), text(arguments[2], "replacement"),
                    ignoreCase: arguments[3].isTruthy))
        },
        HostFunction("regex_substring", [value, pattern, .init("result_index", default: 0), ignoreCase]) {
            (arguments) throws(ExpressionError) in
            guard let index = arguments[2].integer else {
                throw ExpressionError(
                    .failed, "list indices must be integers or slices, not \(PythonValues.typeName(arguments[2]))")
            }
            return try StackStormFunctions.regexSubstring(
                arguments[0], text(arguments[1], "pattern"), index: index, ignoreCase: arguments[3].isTruthy)
        },
    ]

    private static let versions: [HostFunction] = [
        compare("version_compare") { .integer($0) }, compare("version_more_than") { .bool($0 == 1) },
        compare("version_less_than") { .bool($0 == -1) }, compare("version_equal") { .bool($0 == 0) },
        HostFunction("version_match", [value, pattern]) { (arguments) throws(ExpressionError) in
            .bool(try StackStormFunctions.versionMatch(arguments[0], arguments[1]))
        },
        bump("version_bump_major", .major), bump("version_bump_minor", .minor), bump("version_bump_patch", .patch),
        HostFunction("version_strip_patch", [value]) { (arguments) throws(ExpressionError) in
            .string(try StackStormFunctions.versionStripPatch(arguments[0]))
        },
    ]

    private static func compare(_ name: String, _ answer: @escaping @Sendable (Int) -> Value) -> HostFunction {
        HostFunction(name, [value, pattern]) { (arguments) throws(ExpressionError) in
            answer(try StackStormFunctions.versionCompare(arguments[0], arguments[1]))
        }
    }

    private static func bump(_ name: String, _ part: StackStormFunctions.VersionPart) -> HostFunction {
        HostFunction(name, [value]) { (arguments) throws(ExpressionError) in
            .string(try StackStormFunctions.versionBump(arguments[0], part))
        }
    }

    private static func text(_ value: Value, _ name: String) throws(ExpressionError) -> String {
        guard case .string(let text) = value else {
            throw ExpressionError(.failed, "the \(name) must be a text, not \(PythonValues.typeName(value))")
        }
        return text
    }

    /// To the longest, null counting as empty; a single one is left alone.
    private static func zip(_ arguments: [Value]) throws(YAQLFault) -> Value {
        let given = arguments.dropLast().filter { $0 != absent }
        let lists = try given.map { (value) throws(YAQLFault) in try list(value) }
        guard lists.count > 1 else { return given.first.map { $0.isNull ? [] : $0 } ?? [] }
        let filler = arguments.last ?? .null
        return .array(
            (0..<(lists.map(\.count).max() ?? 0)).map { at in
                .array(lists.map { at < $0.count ? $0[at] : filler })
            })
    }

    private static func list(_ value: Value) throws(YAQLFault) -> [Value] {
        switch value {
        case .null: return []
        case .array(let items): return items
        case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
        case .object(let members): return members.keys.map(Value.string)
        default: throw .type("'\(PythonValues.typeName(value))' object is not iterable")
        }
    }
}
