public import PetrelCore

/// A language of embedded expressions; the raw value is its name in inspections.
public enum ExpressionLanguage: String, Sendable, Hashable {
    case jinja
    case yaql
}

/// An expression where it stands in a text.
public struct EmbeddedOccurrence: Sendable, Hashable {
    /// The language, which its marks tell.
    public let language: ExpressionLanguage
    /// The expression with its marks.
    public let text: String
    /// Where it stands, in UTF-8 byte offsets.
    public let range: Range<Int>
}

/// What is wrong with an expression before it is evaluated.
public struct EmbeddedProblem: Sendable {
    /// The language; nil when a text has both.
    public let language: ExpressionLanguage?
    /// The expression with its marks, or the whole text where that is at fault.
    public let expression: String
    /// What is wrong.
    public let error: ExpressionError
}

/// A variable of the workflow's context that an expression reads.
public struct EmbeddedVariable: Sendable, Hashable {
    /// The language of the expression.
    public let language: ExpressionLanguage
    /// The whole text that has the expression.
    public let statement: String
    /// The variable's name.
    public let name: String
}

extension EmbeddedExpression {
    /// The expressions of a text, Jinja's before YAQL's; blocks (`{% … %}`) are not among them.
    public static func expressions(in text: String) -> [EmbeddedOccurrence] {
        EmbeddedScan.jinja(text).map { .init(language: .jinja, text: EmbeddedScan.part(text, $0), range: $0) }
            + EmbeddedScan.yaql(text).map { .init(language: .yaql, text: EmbeddedScan.part(text, $0), range: $0) }
    }

    /// What is wrong with the syntax of a text's expressions; names of functions are not looked at.
    public static func validate(_ text: String) -> [ExpressionError] { problems(in: .string(text)).map(\.error) }

    /// What is wrong with the syntax of the expressions in a value, with the language and the expression of each.
    public static func problems(in value: Value) -> [EmbeddedProblem] {
        switch value {
        case .string(let text): problems(in: text)
        case .array(let items): items.flatMap { problems(in: $0) }
        case .object(let members): members.flatMap { problems(in: $0.key) + problems(in: $0.value) }
        default: []
        }
    }

    private static func problems(in text: String) -> [EmbeddedProblem] {
        let places = EmbeddedScan.yaql(text)
        if EmbeddedScan.hasJinja(text) {
            guard places.isEmpty else {
                let error = ExpressionError(
                    .syntax, "Expression with multiple types is not supported.",
                    hint: "Use either <% … %> or {{ … }} in one text")
                return [EmbeddedProblem(language: nil, expression: text, error: error)]
            }
            return jinjaProblems(in: text)
        }
        return places.compactMap { place in
            let expression = EmbeddedScan.part(text, place)
            do throws(ExpressionError) {
                _ = try YAQLExpression.cached(EmbeddedScan.stripped(expression, "<%>"))
                return nil
            } catch { return EmbeddedProblem(language: .yaql, expression: expression, error: error) }
        }
    }

    /// The whole text is parsed, then each expression by itself unless it is the whole text.
    private static func jinjaProblems(in text: String) -> [EmbeddedProblem] {
        var problems: [EmbeddedProblem] = []
        do throws(ExpressionError) { _ = try JinjaTemplate.cached(text, environment: .orquesta) } catch {
            problems.append(EmbeddedProblem(language: .jinja, expression: text, error: error))
        }
        for place in EmbeddedScan.jinja(text) {
            let expression = EmbeddedScan.part(text, place)
            if problems.contains(where: { $0.expression == expression }) { continue }
            do throws(ExpressionError) {
                _ = try JinjaExpression(EmbeddedScan.stripped(expression, "{}"))
            } catch { problems.append(EmbeddedProblem(language: .jinja, expression: expression, error: error)) }
        }
        return problems
    }

    /// The variables that the expressions of a text read from the workflow's context, by name.
    ///
    /// They are found in the text, not by parsing: `ctx().x`, `ctx(x)`, `ctx('x')` and `ctx("x")`.
    public static func variables(in text: String) -> [EmbeddedVariable] { variables(in: .string(text)) }

    /// The variables that the expressions in a value read, sorted by name.
    public static func variables(in value: Value) -> [EmbeddedVariable] {
        var found: Set<EmbeddedVariable> = []
        collect(value, into: &found)
        return found.sorted {
            ($0.name, $0.statement, $0.language.rawValue) < ($1.name, $1.statement, $1.language.rawValue)
        }
    }

    private static func collect(_ value: Value, into found: inout Set<EmbeddedVariable>) {
        switch value {
        case .string(let text):
            for occurrence in expressions(in: text) {
                let marks = occurrence.language == .yaql ? "<%>" : "{}"
                for name in ContextReference.names(in: EmbeddedScan.stripped(occurrence.text, marks)) {
                    found.insert(EmbeddedVariable(language: occurrence.language, statement: text, name: name))
                }
            }
        case .array(let items): for item in items { collect(item, into: &found) }
        case .object(let members):
            for (key, value) in members {
                collect(.string(key), into: &found)
                collect(value, into: &found)
            }
        default: break
        }
    }
}

/// References to the workflow's context in the text of an expression.
private enum ContextReference {
    /// A call of `ctx` with whatever chain of names, calls and indexes is around it.
    private static let reference = try? Pattern(
        "\\bctx\\(['\"]?[][a-zA-Z0-9_'\".()]*['\"]?\\)\\.?[][a-zA-Z0-9_'\".()]*")

    /// The forms in which such a reference names a variable; only the first of each counts.
    private static let forms = [
        "(?<=\\bctx\\(\\)\\.)([a-zA-Z0-9_-]+)\\b(?!\\()", "\\bctx\\(([a-zA-Z0-9_-]+)\\)",
        "\\bctx\\('([a-zA-Z0-9_-]+)'\\)", "\\bctx\\(\"([a-zA-Z0-9_-]+)\"\\)",
    ].compactMap { try? Pattern($0) }

    private static let maxReferences = 1_000

    static func names(in expression: String) -> [String] {
        guard let found = try? reference?.matches(in: expression, limit: maxReferences) else { return [] }
        return found.flatMap { match in
            forms.compactMap { form in (try? form.firstMatch(in: match.text))?[1] }
        }
    }
}
