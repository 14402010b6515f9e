import PetrelCore

/// What StackStorm adds to Orquesta's functions, under the same names in Jinja.
extension YAQLLibrary {
    static let stackstorm: [YAQLOverload] =
        named(["from_json_string", "json_parse"], [.any("value")]) { (arguments) throws(YAQLFault) in
            let text = Value.string(try arguments[0].pythonText(arguments.runtime))
            return YAQLValue(
                try shared("JSONDecodeError") { () throws(ExpressionError) in try StackStormFunctions.jsonParse(text) },
                isFrozen: false)
        }
        + named(["from_yaml_string", "yaml_parse"], [.any("value")]) { (arguments) throws(YAQLFault) in
            let text = Value.string(try arguments[0].pythonText(arguments.runtime))
            return YAQLValue(
                try shared("YAMLError") { () throws(ExpressionError) in try StackStormFunctions.yamlParse(text) },
                isFrozen: false)
        }
        + named(["to_json_string", "json_dump"], jsonParameters, jsonText)
        + named(["to_yaml_string", "yaml_dump"], yamlParameters, yamlText)
        + texts + patterns + versions

    private static let jsonParameters: [YAQLParameter] = [
        .any("value"), .any("indent", .null), .init("sortKeys", .flagOrNull, .bool(false)),
        .init("separators", .textsOrNull, .absent),
    ]
    private static let yamlParameters: [YAQLParameter] = [
        .any("value"), .any("indent", .null), .init("allowUnicode", .flagOrNull, .bool(true)),
    ]

    private static let texts: [YAQLOverload] = [
        .function(
            "json_escape", [.any("value")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let value = try plain(arguments[0], arguments)
                return try arguments.text(
                    try shared("TypeError") { () throws(ExpressionError) in try StackStormFunctions.jsonEscape(value) })
            }),
        .function(
            "jsonpath_query", [.any("value"), .any("query")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let value = try arguments[0].plain(arguments.runtime)
                guard case .string(let query) = arguments[1] else { throw .type("expected a text as query") }
                return YAQLValue(
                    try shared("Exception") { () throws(ExpressionError) in
                        try StackStormFunctions.jsonPathQuery(value, query)
                    }, isFrozen: false)
            }),
        .function(
            "to_human_time_from_seconds", [.any("seconds")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let value = try arguments[0].plain(arguments.runtime)
                guard arguments[0].numberOrBoolean != nil else { throw YAQLFault(.failed, "AssertionError", "") }
                return .string(
                    try shared("OverflowError") { () throws(ExpressionError) in try StackStormFunctions.humanTime(value)
                    })
            }),
        .function(
            "use_none", [.any("value")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                arguments[0].isNull ? .string(StackStormFunctions.noneText) : arguments[0]
            }),
        .function(
            "basename", [.any("path")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let path = try arguments[0].plain(arguments.runtime)
                return .string(
                    try shared("TypeError") { () throws(ExpressionError) in try StackStormFunctions.basename(path) })
            }),
        .function(
            "dirname", [.any("path")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let path = try arguments[0].plain(arguments.runtime)
                return .string(
                    try shared("TypeError") { () throws(ExpressionError) in try StackStormFunctions.dirname(path) })
            }),
    ]

    private static let patterns: [YAQLOverload] = [
        .function(
            "regex_match", matchParameters, workflowOnly,
            { (arguments) throws(YAQLFault) in
                let (value, pattern) = try subject(arguments)
                return .bool(
                    try shared("error") { () throws(ExpressionError) in
                        try StackStormFunctions.regexMatch(
                            value, pattern, ignoreCase: arguments.flag(2), arguments.budget)
                    })
            }),
        .function(
            "regex_search", matchParameters, workflowOnly,
            { (arguments) throws(YAQLFault) in
                let (value, pattern) = try subject(arguments)
                return .bool(
                    try shared("error") { () throws(ExpressionError) in
                        try StackStormFunctions.regexSearch(
                            value, pattern, ignoreCase: arguments.flag(2), arguments.budget)
                    })
            }),
        .function(
            "regex_replace",
            [.any("value"), .any("pattern"), .any("replacement"), .init("ignorecase", .flagOrNull, .bool(false))],
            workflowOnly,
            { (arguments) throws(YAQLFault) in
                let (value, pattern) = try subject(arguments)
                guard case .string(let replacement) = arguments[2] else {
                    throw .type("decoding to str: need a bytes-like object, \(arguments[2].typeName) found")
                }
                return try arguments.text(
                    try shared("error") { () throws(ExpressionError) in
                        try StackStormFunctions.regexReplace(
                            value, pattern, replacement, ignoreCase: arguments.flag(3), arguments.budget)
                    })
            }),
        .function(
            "regex_substring",
            [
                .any("value"), .any("pattern"), .init("resultIndex", .wholeOrNull, .integer(0)),
                .init("ignorecase", .flagOrNull, .bool(false)),
            ], workflowOnly, regexSubstring),
    ]

    private static let matchParameters: [YAQLParameter] = [
        .any("value"), .any("pattern"), .init("ignorecase", .flagOrNull, .bool(false)),
    ]

    private static let versions: [YAQLOverload] = [
        version("version_compare") { (order) in .integer(order) },
        version("version_more_than") { (order) in .bool(order == 1) },
        version("version_less_than") { (order) in .bool(order == -1) },
        version("version_equal") { (order) in .bool(order == 0) },
        .function(
            "version_match", [.any("value"), .any("pattern")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let (value, pattern) = (
                    try arguments[0].plain(arguments.runtime), try arguments[1].plain(arguments.runtime)
                )
                return .bool(
                    try shared("ValueError") { () throws(ExpressionError) in
                        try StackStormFunctions.versionMatch(value, pattern)
                    })
            }),
        bump("version_bump_major", .major), bump("version_bump_minor", .minor), bump("version_bump_patch", .patch),
        .function(
            "version_strip_patch", [.any("value")], workflowOnly,
            { (arguments) throws(YAQLFault) in
                let value = try arguments[0].plain(arguments.runtime)
                return .string(
                    try shared("ValueError") { () throws(ExpressionError) in
                        try StackStormFunctions.versionStripPatch(value)
                    })
            }),
    ]

    // MARK: Making overloads

    private static func named(
        _ names: [String], _ parameters: [YAQLParameter], _ body: @escaping YAQLOverload.Body
    ) -> [YAQLOverload] {
        names.map { .function($0, parameters, workflowOnly, body) }
    }

    private static func version(
        _ name: String, _ answer: @escaping @Sendable (Int) -> YAQLValue
    ) -> YAQLOverload {
        .function(name, [.any("value"), .any("pattern")], workflowOnly) { (arguments) throws(YAQLFault) in
            let (one, two) = (try arguments[0].plain(arguments.runtime), try arguments[1].plain(arguments.runtime))
            return answer(
                try shared("ValueError") { () throws(ExpressionError) in
                    try StackStormFunctions.versionCompare(one, two)
                })
        }
    }

    private static func bump(_ name: String, _ part: StackStormFunctions.VersionPart) -> YAQLOverload {
        .function(name, [.any("value")], workflowOnly) { (arguments) throws(YAQLFault) in
            let value = try arguments[0].plain(arguments.runtime)
            return .string(
                try shared("ValueError") { () throws(ExpressionError) in
                    try StackStormFunctions.versionBump(value, part)
                })
        }
    }

    /// Runs a function that Jinja has too; the name is that of the exception which the original raises there.
    private static func shared<Result>(
        _ name: String, _ work: () throws(ExpressionError) -> Result
    ) throws(YAQLFault) -> Result {
        do throws(ExpressionError) { return try work() } catch { throw YAQLFault(error, as: name) }
    }

    // MARK: Bodies

    /// The value as JSON and YAML can write it: sets, dates and the like they can't.
    private static func plain(_ value: YAQLValue, _ arguments: YAQLArguments) throws(YAQLFault) -> Value {
        try value.plain(arguments.runtime, .serializable)
    }

    private static func jsonText(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let value = try plain(arguments[0], arguments)
        let indent = try arguments[1].plain(arguments.runtime)
        var separators = (",", ": ")
        // For null Python has its own, which depend on the indent.
        if arguments[3].isNull, indent.isNull { separators = (", ", ": ") }
        if let list = list(arguments[3]) {
            guard list.count == 2, case .string(let item) = list[0], case .string(let key) = list[1] else {
                throw .value("separators are two texts")
            }
            separators = (item, key)
        }
        let text = try shared("TypeError") { () throws(ExpressionError) in
            try StackStormFunctions.jsonText(
                value, indent: indent, sortKeys: arguments.flag(2), separators: separators)
        }
        try arguments.runtime.step(TextCost.yaql("to_json_string").steps(writing: text, of: value))
        return try arguments.text(text)
    }

    private static func yamlText(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let value = try plain(arguments[0], arguments)
        let indent = try arguments[1].plain(arguments.runtime)
        let text = try shared("RepresenterError") { () throws(ExpressionError) in
            try StackStormFunctions.yamlText(value, indent: indent, allowUnicode: arguments.flag(2))
        }
        try arguments.runtime.step(TextCost.yaql("to_yaml_string").steps(writing: text, of: value))
        return try arguments.text(text)
    }

    /// The text to search, which Python's `str` makes of other values, and the pattern.
    private static func subject(_ arguments: YAQLArguments) throws(YAQLFault) -> (value: Value, pattern: String) {
        guard case .string(let pattern) = arguments[1] else {
            throw .type("first argument must be string or compiled pattern")
        }
        let text = try arguments[0].pythonText(arguments.runtime)
        try arguments.runtime.step()
        return (.string(text), pattern)
    }

    private static func regexSubstring(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let (value, pattern) = try subject(arguments)
        guard !arguments[2].isNull else { throw .type("list indices must be integers or slices, not NoneType") }
        return YAQLValue(
            try shared("IndexError") { () throws(ExpressionError) in
                try StackStormFunctions.regexSubstring(
                    value, pattern, index: arguments.integer(2), ignoreCase: arguments.flag(3),
                    arguments.budget)
            })
    }
}
