import PetrelCore

/// The functions that StackStorm adds to Jinja and to YAQL, on plain values.
///
/// They equal the originals, the wording of errors that reach users included, and are bounded by themselves: text that
/// they read or make is at most ``maxBytes``.
enum StackStormFunctions {
    /// The text that stands for null in a parameter, until it is cast.
    static let noneText = "%*****__%NONE%__*****%"

    /// Most bytes that one function reads or makes.
    static let maxBytes = 11 << 20
    /// The same for a list or mapping that is written as text, which is there twice for a moment.
    static let maxTreeBytes = 6 << 20

    private static let jsonLimits = Limits(maxBytes: maxBytes, maxDepth: 256, maxNodes: 1_000_000)
    private static let yamlLimits = Limits(maxBytes: 1 << 20, maxDepth: 128, maxNodes: 50_000)

    /// `from_json_string`: strict JSON, where an integer beyond 64 bits is a float.
    static func jsonParse(_ value: Value) throws(ExpressionError) -> Value {
        let read: Value
        do throws(CoreError) { read = try JSONReader.value(value.pythonString, limits: jsonLimits) } catch {
            throw ExpressionError(.failed, error.message)
        }
        return try orjsonNumbers(read)
    }

    /// `from_yaml_string`.
    static func yamlParse(_ value: Value) throws(ExpressionError) -> Value {
        do throws(ExpressionError) {
            let text = Array(value.pythonString.utf8)
            return try YAMLReader.document(text, file: "<unicode string>", limits: yamlLimits).value
        } catch {
            throw ExpressionError(.failed, error.message, location: error.location)
        }
    }

    /// `to_json_string`, as Python's `json.dumps` writes; an indent that is null means one line.
    static func jsonText(
        _ value: Value, indent: Value, sortKeys: Bool, separators: (String, String)
    ) throws(ExpressionError) -> String {
        var writer = PythonJSONText(sortsKeys: sortKeys, separators: separators)
        switch indent {
        case .null: break
        case .string(let text): writer.indent = text
        case .integer, .bool: writer.indent = try blanks(indent)
        default: throw ExpressionError(.failed, "can't multiply sequence by non-int of type '\(pythonType(indent))'")
        }
        return try writer.text(value)
    }

    /// `to_yaml_string`: block style with sorted keys, as PyYAML writes through libyaml.
    static func yamlText(_ value: Value, indent: Value, allowUnicode: Bool) throws(ExpressionError) -> String {
        let width: Int
        switch indent {
        case .null: width = 2
        case .bool(let truth): width = truth ? 1 : 0
        case .integer(let number): width = number
        default: throw ExpressionError(.failed, "an integer is required, not \(pythonType(indent))")
        }
        return try YAMLEmitter.text(value, indent: width, allowUnicode: allowUnicode)
    }

    /// `json_escape`: the JSON text without the quotes around it.
    static func jsonEscape(_ value: Value) throws(ExpressionError) -> String {
        let quote = UInt8(ascii: "\"")
        var writer = PythonJSONText(sortsKeys: false, separators: (", ", ": "))
        let bytes = try writer.bytes(value)
        guard let start = bytes.firstIndex(where: { $0 != quote }), let end = bytes.lastIndex(where: { $0 != quote })
        else { return "" }
        return String(decoding: bytes[start...end], as: UTF8.self)
    }

    /// `jsonpath_query`: all matches, or null when there is none.
    static func jsonPathQuery(_ value: Value, _ query: String) throws(ExpressionError) -> Value {
        do throws(ExpressionError) {
            let found = try JSONPath.cached(query).values(in: value)
            return found.isEmpty ? .null : .array(found)
        } catch {
            throw error.code == .tooComplex ? error : ExpressionError(.failed, error.message)
        }
    }

    /// `use_none`: null as the text that survives rendering.
    static func useNone(_ value: Value) -> Value { value.isNull ? .string(noneText) : value }

    /// `basename`: what stands after the last slash.
    static func basename(_ value: Value) throws(ExpressionError) -> String {
        let path = try path(value)
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[bytes.index(after: slash)...])
    }

    /// `dirname`: what stands before the last slash, without slashes at its end unless it has nothing else.
    static func dirname(_ value: Value) throws(ExpressionError) -> String {
        let path = try path(value)
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        let head = path[...slash]
        guard let end = head.utf8.lastIndex(where: { $0 != UInt8(ascii: "/") }) else { return String(head) }
        return String(head[...end])
    }

    /// The name of a value's type in Python.
    static func pythonType(_ value: Value) -> String {
        switch value {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer, .bigInteger: "int"
        case .double: "float"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }

    private static func path(_ value: Value) throws(ExpressionError) -> String {
        if case .string(let text) = value { return text }
        throw ExpressionError(.failed, "expected str, bytes or os.PathLike object, not \(pythonType(value))")
    }

    private static func blanks(_ indent: Value) throws(ExpressionError) -> String {
        let count = indent.integer ?? (indent.bool == true ? 1 : 0)
        guard count <= 1_000 else { throw ExpressionError(.tooComplex, "an indent of \(count) is too wide") }
        return String(repeating: " ", count: max(0, count))
    }

    /// The original's reader has 64 bits for an integer, with or without a sign; beyond that it takes a float.
    private static func orjsonNumbers(_ value: Value) throws(ExpressionError) -> Value {
        guard containsBig(value) else { return value }
        switch value {
        case .bigInteger(let digits):
            if UInt64(digits) != nil { return value }
            guard let number = Double(digits), number.isFinite else {
                throw ExpressionError(.failed, "number is infinity when parsed as double")
            }
            return .double(number)
        case .array(let items):
            var floats: [Value] = []
            for item in items { floats.append(try orjsonNumbers(item)) }
            return .array(floats)
        case .object(var members):
            for (key, member) in members { members[key] = try orjsonNumbers(member) }
            return .object(members)
        default: return value
        }
    }

    private static func containsBig(_ value: Value) -> Bool {
        switch value {
        case .bigInteger: true
        case .array(let items): items.contains(where: containsBig)
        case .object(let members): members.values.contains(where: containsBig)
        default: false
        }
    }
}
