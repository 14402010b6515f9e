public import PetrelCore

/// Expressions inside texts, in YAQL (`<% … %>`) and Jinja (`{{ … }}`, `{% … %}`), as Orquesta evaluates them.
///
/// A text that is one expression and nothing else gives that expression's value; in a longer text each expression is
/// replaced by its value as Python would print it. In a text that has both, only Jinja's are evaluated.
public enum EmbeddedExpression {
    /// Evaluates every expression in a value, going into arrays and objects, keys too.
    /// - Throws: ``ExpressionError`` with the original's sentence, which names the expression.
    public static func evaluate(_ value: Value, in context: ExpressionContext) throws(ExpressionError) -> Value {
        try evaluate(value, in: context, .plain)
    }

    /// As ``evaluate(_:in:)``, with objects that name the kind of what JSON does not have: `{"$set": […]}`,
    /// `{"$datetime": "…"}`, `{"$timespan_us": n}`, `{"$regex": "…"}`, `{"$map": [[key, value], …]}`.
    ///
    /// For comparing with recorded results.
    package static func markedResult(of value: Value, in context: ExpressionContext) throws(ExpressionError) -> Value {
        try evaluate(value, in: context, .marked)
    }

    /// - Parameter style: how dates, sets and keys that are no texts are shown.
    static func evaluate(
        _ value: Value, in context: ExpressionContext, _ style: YAQLOutput, depth: Int = 0
    ) throws(ExpressionError) -> Value {
        if depth > maxDepth {
            throw ExpressionError(.tooComplex, "The value with expressions is nested deeper than \(maxDepth) levels")
        }
        switch value {
        case .string(let text): return try evaluate(text: text, in: context, style)
        case .array(let items):
            var result: [Value] = []
            result.reserveCapacity(items.count)
            for item in items { result.append(try evaluate(item, in: context, style, depth: depth + 1)) }
            return .array(result)
        case .object(let members): return try evaluate(members, in: context, style, depth: depth)
        default: return value
        }
    }

    private static let maxDepth = 256

    private static func evaluate(
        _ members: ValueObject, in context: ExpressionContext, _ style: YAQLOutput, depth: Int
    ) throws(ExpressionError) -> Value {
        var result = ValueObject(minimumCapacity: members.count)
        var pairs: [Value] = []
        for (name, member) in members {
            let key = try evaluate(text: name, in: context, style)
            let value = try evaluate(member, in: context, style, depth: depth + 1)
            if key.string == nil { pairs.append([key, value]) }
            result[try keyText(key)] = value
        }
        return style == .marked && !pairs.isEmpty ? ["$map": .array(pairs)] : .object(result)
    }

    /// A key as JSON has it.
    private static func keyText(_ key: Value) throws(ExpressionError) -> String {
        switch key {
        case .string(let text): return text
        case .null: return "null"
        case .bool(let truth): return truth ? "true" : "false"
        case .array, .object:
            throw ExpressionError(
                .failed, "unhashable type: '\(PythonValues.typeName(key))'",
                hint: "A key must be a text, a number, a boolean or null")
        default: return PythonValues.shownScalar(key)
        }
    }

    /// Whether a text has an expression of either language.
    public static func hasExpressions(_ text: String) -> Bool {
        EmbeddedScan.hasJinja(text) || !EmbeddedScan.yaql(text).isEmpty
    }

    private static func evaluate(
        text: String, in context: ExpressionContext, _ style: YAQLOutput
    ) throws(ExpressionError) -> Value {
        if EmbeddedScan.hasJinja(text) {
            return try OrquestaJinja.evaluate(
                text, functions: context.functions + WorkflowFunctions.functions(for: context.values),
                context: context.values, limits: context.limits, reevaluatesResults: context.reevaluatesResults,
                shellSink: context.shellSink)
        }
        let places = EmbeddedScan.yaql(text)
        if places.isEmpty { return .string(text) }
        let runtime = YAQLRuntime(functions: context.functions, workflow: context.values, limits: context.limits)
        var evaluation = YAQLText(
            frame: YAQLFrame(runtime), reevaluates: context.reevaluatesResults, style: style,
            shell: context.shellSink ? ShellSink() : nil)
        return try evaluation.evaluate(text, places)
    }
}

/// The evaluation of one text with expressions in YAQL.
private struct YAQLText {
    let frame: YAQLFrame
    let reevaluates: Bool
    let style: YAQLOutput
    /// Follows the text that becomes a shell command; nil for any other.
    let shell: ShellSink?
    private var depth = 0

    init(frame: YAQLFrame, reevaluates: Bool, style: YAQLOutput, shell: ShellSink?) {
        self.frame = frame
        self.reevaluates = reevaluates
        self.style = style
        self.shell = shell
    }

    private enum Outcome {
        case value(YAQLValue)
        /// What a result that was evaluated again has given.
        case again(Value)
    }

    mutating func evaluate(_ text: String, _ places: [Range<Int>]) throws(ExpressionError) -> Value {
        if places.count == 1, places[0].count == text.utf8.count {
            switch try evaluate(text) {
            case .value(let value):
                do throws(YAQLFault) { return try value.plain(frame.runtime, style) } catch {
                    throw error.problem(in: text)
                }
            case .again(let value): return value
            }
        }
        var output = ""
        var end = 0
        for place in places {
            let expression = EmbeddedScan.part(text, place)
            let literal = EmbeddedScan.part(text, end..<place.lowerBound)
            output += literal
            output += try escaped(try shown(try evaluate(expression), expression), after: literal)
            end = place.upperBound
        }
        return .string(output + EmbeddedScan.part(text, end..<text.utf8.count))
    }

    /// The text of an expression as the shell must see it behind a literal.
    private func escaped(_ text: String, after literal: String) throws(ExpressionError) -> String {
        guard let shell else { return text }
        return try shell.escaped(text, after: literal)
    }

    private func shown(_ outcome: Outcome, _ expression: String) throws(ExpressionError) -> String {
        do throws(YAQLFault) {
            switch outcome {
            case .value(let value):
                let text = try value.pythonText(frame.runtime)
                try frame.runtime.produce(bytes: text.utf8.count)
                return text
            case .again(let value): return try YAQLValue(value, isFrozen: false).pythonText(frame.runtime)
            }
        } catch { throw error.problem(in: expression) }
    }

    /// - Parameter expression: with its marks.
    private mutating func evaluate(_ expression: String) throws(ExpressionError) -> Outcome {
        let value: YAQLValue
        do throws(YAQLFault) {
            let parsed = try YAQLExpressionCache.shared.expression(EmbeddedScan.stripped(expression, "<%>"))
            value = try parsed.value(frame)
        } catch { throw error.problem(in: expression) }
        guard reevaluates, case .string(let text) = value else { return .value(value) }
        let places = EmbeddedScan.yaql(text)
        if places.isEmpty { return .value(value) }
        guard depth < 32 else {
            throw ExpressionError(.tooComplex, "A result is an expression whose result is one, and so on, 32 times")
        }
        depth += 1
        defer { depth -= 1 }
        do throws(ExpressionError) { return .again(try evaluate(text, places)) } catch {
            if error.code == .tooComplex { throw error }
            throw YAQLFault(.failed, "YaqlEvaluationException", error.message).problem(in: expression)
        }
    }
}
