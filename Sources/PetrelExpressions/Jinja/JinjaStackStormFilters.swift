import PetrelCore

/// The filters that StackStorm adds; for workflows they are functions too.
enum JinjaStackStormFilters {
    /// Filters of StackStorm's own environment.
    static let stackstorm: [String: JinjaFilter] = {
        var table = shared
        table["to_complex"] = toComplex
        table["decrypt_kv"] = decryption
        return table
    }()

    /// Filters of Orquesta's environment.
    static let orquesta: [String: JinjaFilter] = {
        var table = shared
        for (alias, name) in [
            ("json_parse", "from_json_string"), ("yaml_parse", "from_yaml_string"), ("json_dump", "to_json_string"),
            ("yaml_dump", "to_yaml_string"),
        ] { table[alias] = table[name] }
        return table
    }()

    /// A filter as a function of its value, as workflows call it.
    static func function(_ name: String) -> JinjaValue? {
        guard let filter = orquesta[name], case .slots(let names, let required, let body) = filter.kind else {
            return nil
        }
        return .object(
            JinjaFunction(name) { run, arguments throws(PythonFault) in
                var slots = try arguments.bound(to: ["value"] + names, required: required + 1, of: name)
                let value = slots.removeFirst()
                return try body(run, value ?? .none, slots)
            })
    }

    private typealias Work = @Sendable (Value, [JinjaValue?], JinjaRun) throws(ExpressionError) -> Value

    /// A filter on the plain value; its errors pass as they are.
    private static func filter(
        _ name: String, _ parameters: [String] = [], required: Int = 0, _ work: @escaping Work
    ) -> JinjaFilter {
        let cost = TextCost.jinja(name)
        return JinjaFilter(name, parameters, required: required) { run, value, slots throws(PythonFault) in
            let plain = try run.plain(value)
            let result: Value
            do throws(ExpressionError) { result = try work(plain, slots, run) } catch { throw PythonFault(error) }
            if case .string(let text) = result {
                try run.budget.work(cost.steps(writing: text, of: plain))
                try run.budget.make(bytes: text.utf8.count)
            }
            return run.wrap(result)
        }
    }

    private static let shared: [String: JinjaFilter] = {
        let filters =
            conversions + patterns + versions + [
                filter("to_human_time_from_seconds") { value, _, _ throws(ExpressionError) in
                    .string(try StackStormFunctions.humanTime(value))
                },
                filter("use_none") { value, _, _ throws(ExpressionError) in StackStormFunctions.useNone(value) },
                filter("basename") { value, _, _ throws(ExpressionError) in
                    .string(try StackStormFunctions.basename(value))
                },
                filter("dirname") { value, _, _ throws(ExpressionError) in
                    .string(try StackStormFunctions.dirname(value))
                },
            ]
        return Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) })
    }()

    private static let toComplex = filter("to_complex") { value, _, _ throws(ExpressionError) in
        .string(try StackStormFunctions.jsonText(value, indent: .null, sortKeys: false, separators: (", ", ": ")))
    }

    private static let decryption = JinjaFilter("decrypt_kv") { run, value, _ throws(PythonFault) in
        let plain = try run.plain(value)
        if let lookup = value.object as? JinjaLookup, plain == "" {
            throw .value(
                "Referenced datastore item \"\(lookup.fullName)\" doesn't exist or it contains an empty string")
        }
        guard let decrypt = run.context.decrypt else {
            throw PythonFault(.exception, "There is no key to decrypt datastore values with")
        }
        do throws(ExpressionError) { return run.wrap(try decrypt(plain)) } catch { throw PythonFault(error) }
    }

    private static let conversions: [JinjaFilter] = [
        filter("from_json_string") { value, _, _ throws(ExpressionError) in try StackStormFunctions.jsonParse(value) },
        filter("from_yaml_string") { value, _, _ throws(ExpressionError) in try StackStormFunctions.yamlParse(value) },
        filter("to_json_string", ["indent", "sort_keys", "separators"]) { value, slots, run throws(ExpressionError) in
            let indent = try run.plainArgument(slots[0]) ?? .null
            return .string(
                try StackStormFunctions.jsonText(
                    value, indent: indent, sortKeys: try run.truthArgument(slots[1], false),
                    separators: try run.separators(slots[2])))
        },
        filter("to_yaml_string", ["indent", "allow_unicode"]) { value, slots, run throws(ExpressionError) in
            .string(
                try StackStormFunctions.yamlText(
                    value, indent: try run.plainArgument(slots[0]) ?? .null,
                    allowUnicode: try run.truthArgument(slots[1], true)))
        },
        filter("json_escape") { value, _, _ throws(ExpressionError) in
            .string(try StackStormFunctions.jsonEscape(value))
        },
        filter("jsonpath_query", ["query"], required: 1) { value, slots, run throws(ExpressionError) in
            try StackStormFunctions.jsonPathQuery(value, try run.textArgument(slots[0]))
        },
    ]

    private static let patterns: [JinjaFilter] = [
        filter("regex_match", ["pattern", "ignorecase"], required: 1) { value, slots, run throws(ExpressionError) in
            .bool(
                try StackStormFunctions.regexMatch(
                    value, try run.textArgument(slots[0]), ignoreCase: try run.truthArgument(slots[1], false),
                    run.budget))
        },
        filter("regex_search", ["pattern", "ignorecase"], required: 1) { value, slots, run throws(ExpressionError) in
            .bool(
                try StackStormFunctions.regexSearch(
                    value, try run.textArgument(slots[0]), ignoreCase: try run.truthArgument(slots[1], false),
                    run.budget))
        },
        filter("regex_replace", ["pattern", "replacement", "ignorecase"], required: 2) {
            value, slots, run throws(ExpressionError) in
            .string(
                try StackStormFunctions.regexReplace(
                    value, try run.textArgument(slots[0]), try run.textArgument(slots[1]),
                    ignoreCase: try run.truthArgument(slots[2], false), run.budget))
        },
        JinjaFilter("regex_substring", ["pattern", "result_index", "ignorecase"], required: 1, substring),
    ]

    /// Several groups make a tuple.
    private static func substring(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let plain = try run.plain(value)
        let index = try slots.int(1, 0)
        do throws(ExpressionError) {
            let found = try StackStormFunctions.regexSubstring(
                plain, try run.textArgument(slots[0]), index: index,
                ignoreCase: try run.truthArgument(slots[2], false), run.budget)
            if case .array(let groups) = found { return .tuple(groups.map { .value($0) }) }
            return .value(found)
        } catch { throw PythonFault(error) }
    }

    private static let versions: [JinjaFilter] = [
        comparison("version_compare") { .integer($0) }, comparison("version_more_than") { .bool($0 == 1) },
        comparison("version_less_than") { .bool($0 == -1) }, comparison("version_equal") { .bool($0 == 0) },
        filter("version_match", ["pattern"], required: 1) { value, slots, run throws(ExpressionError) in
            .bool(try StackStormFunctions.versionMatch(value, try run.plainArgument(slots[0]) ?? .null))
        },
        bump("version_bump_major", .major), bump("version_bump_minor", .minor), bump("version_bump_patch", .patch),
        filter("version_strip_patch") { value, _, _ throws(ExpressionError) in
            .string(try StackStormFunctions.versionStripPatch(value))
        },
    ]

    private static func comparison(_ name: String, _ answer: @escaping @Sendable (Int) -> Value) -> JinjaFilter {
        filter(name, ["pattern"], required: 1) { value, slots, run throws(ExpressionError) in
            answer(try StackStormFunctions.versionCompare(value, try run.plainArgument(slots[0]) ?? .null))
        }
    }

    private static func bump(_ name: String, _ part: StackStormFunctions.VersionPart) -> JinjaFilter {
        filter(name) { value, _, _ throws(ExpressionError) in
            .string(try StackStormFunctions.versionBump(value, part))
        }
    }
}

/// Arguments for functions outside of the templates.
extension JinjaRun {
    func plainArgument(_ value: JinjaValue?) throws(ExpressionError) -> Value? {
        guard let value else { return nil }
        do throws(PythonFault) { return try plain(value) } catch { throw error.problem }
    }

    func textArgument(_ value: JinjaValue?) throws(ExpressionError) -> String {
        guard let value else { return "" }
        if case .undefined(let undefined) = value { throw undefined.fault.problem }
        guard let text = value.string else {
            throw ExpressionError(.failed, "expected string or bytes-like object, got '\(value.typeName)'")
        }
        return text
    }

    func truthArgument(_ value: JinjaValue?, _ fallback: Bool) throws(ExpressionError) -> Bool {
        guard let value else { return fallback }
        do throws(PythonFault) { return try truth(value) } catch { throw error.problem }
    }

    /// The two separators of JSON text.
    func separators(_ value: JinjaValue?) throws(ExpressionError) -> (String, String) {
        guard let value, !value.isNone else { return (",", ": ") }
        guard case .array(let parts)? = try plainArgument(value), parts.count == 2, let item = parts[0].string,
            let key = parts[1].string
        else { throw ExpressionError(.failed, "the separators are two texts") }
        return (item, key)
    }
}
