public import PetrelCore

/// Evaluates the `{{ }}` and `{% %}` of a workflow's text as Orquesta does.
public enum OrquestaJinja {
    /// The value of a text: typed when it is one expression, otherwise text with the expressions' texts in it.
    ///
    /// - Parameters:
    ///   - functions: what the workflow gives to expressions, `ctx` and its kin among them.
    ///   - context: the workflow's data, also as `__vars`.
    ///   - reevaluatesResults: whether a text that an expression gives, and that looks like one itself, is evaluated
    ///     again. The original does so; it lets data be code.
    ///   - shellSink: whether the text becomes a shell command; see ``JinjaContext/shellSink``.
    /// - Throws: ``ExpressionError`` with Orquesta's words: `unresolved` when an expression is undefined.
    public static func evaluate(
        _ text: String, functions: [HostFunction], context: ValueObject, limits: EvaluationLimits,
        reevaluatesResults: Bool = false, shellSink: Bool = false
    ) throws(ExpressionError) -> Value {
        try OrquestaEvaluator(functions, context, limits, reevaluatesResults, shellSink: shellSink).evaluate(text)
    }
}

/// One evaluation of a workflow's text.
private struct OrquestaEvaluator {
    private let context: JinjaContext
    private let reevaluates: Bool
    private static let maxRounds = 20

    init(
        _ functions: [HostFunction], _ values: ValueObject, _ limits: EvaluationLimits, _ reevaluates: Bool,
        shellSink: Bool
    ) {
        var names: ValueObject = ["__vars": .object(values)]
        for name in ["__state", "__current_task", "__current_item"] { names[name] = values[name] ?? .null }
        context = JinjaContext(values: names, functions: functions, limits: limits, shellSink: shellSink)
        self.reevaluates = reevaluates
    }

    func evaluate(_ text: String) throws(ExpressionError) -> Value {
        let raw = ExpressionSpans.rawBlocks(text)
        var stripped = text
        for (at, block) in raw.enumerated() { stripped = ExpressionSpans.replacing(block, by: "{\(at)}", in: stripped) }
        let outcome = try expand(stripped, round: 0)
        guard case .string(let output) = outcome.value else { return outcome.value }
        let open = reevaluates ? ExpressionSpans.inline(output) : outcome.undefined
        if !open.isEmpty {
            let names = open.map(ExpressionSpans.stripped).joined(separator: ", ")
            throw ExpressionError(.unresolved, "There are unresolved variables: \(names)")
        }
        return raw.isEmpty ? .string(output) : try restored(output, outcome, raw)
    }

    /// Raw blocks come back and are read as templates, which takes their marks off.
    private func restored(_ output: String, _ outcome: Outcome, _ raw: [String]) throws(ExpressionError) -> Value {
        var text = reevaluates ? output : outcome.template ?? output
        for (at, block) in raw.enumerated() { text = ExpressionSpans.replacing("{\(at)}", by: block, in: text) }
        var context = context
        if !reevaluates {
            guard outcome.template != nil else {
                // What a template with blocks wrote may hold data, which is not read as a template.
                for (at, block) in raw.enumerated() {
                    let inside = ExpressionSpans.inside(raw: block)
                    text = ExpressionSpans.replacing("{\(at)}", by: inside, in: at == 0 ? output : text)
                }
                return .string(text)
            }
            context.values = outcome.parts
        }
        return .string(try JinjaTemplate(text, environment: .orquesta).render(context))
    }

    private struct Outcome {
        var value: Value
        /// The expressions that are undefined and so were left where they stood.
        var undefined: [String] = []
        /// The text with a name in the place of each expression's text, and those texts; nil for what has blocks.
        var template: String?
        var parts: ValueObject = [:]
    }

    private func expand(_ text: String, round: Int) throws(ExpressionError) -> Outcome {
        guard round < Self.maxRounds else {
            throw ExpressionError(
                .tooComplex, "The result is an expression again, \(Self.maxRounds) times over")
        }
        if ExpressionSpans.hasBlock(text) { return try expandTemplate(text, round) }
        let spans = ExpressionSpans.inlineRanges(text)
        let bytes = Array(text.utf8)
        var outcome = Outcome(value: .string(text), template: "")
        var output: [UInt8] = []
        var from = 0
        let shell = context.shellSink ? ShellSink() : nil
        for span in spans {
            let literal = String(decoding: bytes[from..<span.lowerBound], as: UTF8.self)
            let expression = String(decoding: bytes[span], as: UTF8.self)
            output += literal.utf8
            from = span.upperBound
            guard let (value, plain) = try result(expression, round) else {
                outcome.undefined.append(expression)
                output += expression.utf8
                continue
            }
            if spans.count == 1, bytes.count == span.count { return Outcome(value: value) }
            let shown = try shell?.escaped(plain, after: literal) ?? plain
            guard output.count + shown.utf8.count <= context.limits.maxBytes else {
                throw ExpressionError(.tooComplex, "The text becomes longer than \(context.limits.maxBytes) bytes")
            }
            output += shown.utf8
            let name = "__part\(outcome.parts.count)"
            outcome.template = (outcome.template ?? "") + literal + "{{ \(name) }}"
            outcome.parts[name] = .string(shown)
        }
        output += bytes[from...]
        outcome.template = (outcome.template ?? "") + String(decoding: bytes[from...], as: UTF8.self)
        outcome.value = .string(String(decoding: output, as: UTF8.self))
        return outcome
    }

    /// The value of one expression and its text; nil when it is undefined.
    private func result(_ expression: String, _ round: Int) throws(ExpressionError) -> (Value, String)? {
        do throws(PythonFault) {
            let compiled = try JinjaExpression.cached(ExpressionSpans.stripped(expression))
            guard case .value(let value, let text) = try compiled.outcome(context) else { return nil }
            guard reevaluates, case .string(let string) = value else { return (value, text) }
            let again: Outcome
            do throws(ExpressionError) { again = try expand(string, round: round + 1) } catch {
                if error.code == .tooComplex { throw PythonFault(error) }
                // As the original: an error inside is an error of this expression too.
                throw PythonFault(.evaluation, error.message, cause: error)
            }
            return (again.value, again.value.pythonString)
        } catch { throw failure(error, expression) }
    }

    private func failure(_ fault: PythonFault, _ expression: String) -> ExpressionError {
        var problem = fault.problem
        guard !fault.isLimit else { return problem }
        let said: String
        if let outer = fault.cause?.underlying as? YAQLFault {
            // A workflow's function: it knows the class of the original's exception.
            said = "\(outer.name): \(outer.text)"
        } else if fault.kind == .exception, let cause = fault.cause {
            said = cause.code == .undefined ? "UndefinedError: \(cause.message)" : "ValueError: \(cause.message)"
        } else {
            said = "\(fault.kind.rawValue): \(fault.message)"
        }
        problem.message = "Unable to evaluate expression '\(expression)'. \(said)"
        return problem
    }

    private func expandTemplate(_ text: String, _ round: Int) throws(ExpressionError) -> Outcome {
        let output: String
        do throws(ExpressionError) {
            output = try OrquestaTemplate.render(text, context)
        } catch {
            var problem = error
            guard problem.code != .tooComplex else { throw problem }
            problem.message = "Unable to evaluate expression '\(text)'. \(error.message)"
            throw problem
        }
        return reevaluates ? try expand(output, round: round + 1) : Outcome(value: .string(output))
    }
}

/// Templates inside of workflows, whose errors carry the class of Python's exception.
private enum OrquestaTemplate {
    static func render(_ text: String, _ context: JinjaContext) throws(ExpressionError) -> String {
        do throws(PythonFault) {
            let program = try JinjaProgram(text, .orquesta)
            return try program.runKeepingFaults(context) { run throws(PythonFault) in
                if context.shellSink { run.shell = ShellSink() }
                try program.body(run)
                return run.output
            }
        } catch {
            var problem = error.problem
            guard !error.isLimit else { throw problem }
            if let outer = error.cause?.underlying as? YAQLFault {
                problem.message = "\(outer.name): \(outer.text)"
            } else {
                let name = error.kind == .exception ? "ValueError" : error.kind.rawValue
                problem.message = "\(name): \(error.message)"
            }
            throw problem
        }
    }
}
