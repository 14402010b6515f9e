import PetrelCore

/// An operator with its pattern, made ready so that a value can be compared many times.
struct RuleComparison: Sendable {
    /// What is made of the pattern in advance.
    private enum Prepared: Sendable {
        case nothing
        /// The pattern is null, or of a type that the operator can't take: no need to look at the value.
        case decided(Bool)
        case failure(ExpressionError)
        case lowered(String)
        case regex(Pattern, atStart: Bool)
        case wildcard(Wildcard)
        case seconds(Double)
    }

    let kind: RuleOperator.Kind
    let pattern: Value
    private let prepared: Prepared

    init(_ kind: RuleOperator.Kind, _ pattern: Value) {
        self.kind = kind
        self.pattern = pattern
        prepared = Self.prepare(kind, pattern)
    }

    private static func prepare(_ kind: RuleOperator.Kind, _ pattern: Value) -> Prepared {
        switch kind {
        case .nequals, .exists, .nexists, .search: return .nothing
        default: if pattern.isNull { return .decided(false) }
        }
        do throws(ExpressionError) {
            switch kind {
            case .iequals, .icontains, .incontains, .istartswith, .iendswith:
                guard case .string(let text) = pattern else { throw noAttribute("lower", pattern) }
                return .lowered(PythonText.lower(text))
            case .matchRegex: return .regex(try regex(pattern, [.dotMatchesNewline]), atStart: true)
            case .regex: return .regex(try regex(pattern, []), atStart: false)
            case .iregex: return .regex(try regex(pattern, [.ignoresCase]), atStart: false)
            case .matchWildcard:
                guard case .string(let text) = pattern else { throw noPath(pattern) }
                return .wildcard(Wildcard(text))
            case .timeLess, .timeGreater: return .seconds(try seconds(pattern))
            default: return .nothing
            }
        } catch { return .failure(error) }
    }

    /// Whether a value fits.
    func matches(_ value: Value, now: Instant, _ budget: EvaluationBudget) throws(ExpressionError) -> Bool {
        switch prepared {
        case .decided(let answer): return answer
        case .failure(let error): throw error
        case .lowered(let text): return try matches(value, lowered: text)
        case .regex(let pattern, let atStart):
            guard case .string(let subject) = value else {
                throw Self.type("expected string or bytes-like object, got '\(PythonValues.typeName(value))'")
            }
            guard let match = try pattern.firstMatch(in: subject) else { return false }
            return !atStart || match.range.lowerBound == 0
        case .wildcard(let wildcard):
            guard case .string(let subject) = value else { throw Self.noPath(value) }
            return try wildcard.matches(subject)
        case .seconds(let seconds):
            let passed = (now - (try LenientDate.instant(value.pythonString, now: now))).inSeconds
            return kind == .timeLess ? passed < seconds : passed > seconds
        case .nothing: return try plain(value, budget)
        }
    }

    private func plain(_ value: Value, _ budget: EvaluationBudget) throws(ExpressionError) -> Bool {
        do throws(PythonFault) {
            switch kind {
            case .equals: return try PythonValues.equal(value, pattern, budget)
            case .nequals: return try !PythonValues.equal(value, pattern, budget)
            case .contains: return try Self.contains(value, pattern, budget)
            case .ncontains: return try !Self.contains(value, pattern, budget)
            case .inside: return try Self.contains(pattern, value, budget)
            case .ninside: return try !Self.contains(pattern, value, budget)
            case .lessThan: return try PythonValues.order(value, pattern, symbol: "<", budget) == .less
            case .greaterThan: return try PythonValues.order(value, pattern, symbol: ">", budget) == .greater
            case .startswith: return try fixes(value, "startswith") { $0.starts(with: $1) }
            case .endswith: return try fixes(value, "endswith") { $0.reversed().starts(with: $1.reversed()) }
            case .exists: return !value.isNull
            case .nexists: return value.isNull
            default: throw .type("search() missing 1 required positional argument: 'criteria_condition'")
            }
        } catch { throw error.problem }
    }

    private func fixes(
        _ value: Value, _ name: String, _ test: (String.UTF8View, String.UTF8View) -> Bool
    ) throws(PythonFault) -> Bool {
        guard case .string(let text) = value else {
            throw PythonFault(
                .attributeError, "'\(PythonValues.typeName(value))' object has no attribute '\(name)'")
        }
        guard case .string(let part) = pattern else {
            throw .type("\(name) first arg must be str or a tuple of str, not \(PythonValues.typeName(pattern))")
        }
        return test(text.utf8, part.utf8)
    }

    private func matches(_ value: Value, lowered pattern: String) throws(ExpressionError) -> Bool {
        guard case .string(let text) = value else { throw Self.noAttribute("lower", value) }
        let lowered = PythonText.lower(text)
        switch kind {
        case .iequals: return PythonText.equal(lowered, pattern)
        case .icontains: return Self.contains(lowered, part: pattern)
        case .incontains: return !Self.contains(lowered, part: pattern)
        case .istartswith: return lowered.utf8.starts(with: pattern.utf8)
        default: return lowered.utf8.reversed().starts(with: pattern.utf8.reversed())
        }
    }

    /// Python's `part in whole`.
    private static func contains(
        _ whole: Value, _ part: Value, _ budget: EvaluationBudget
    ) throws(PythonFault) -> Bool {
        switch whole {
        case .string(let text):
            guard case .string(let part) = part else {
                throw .type("'in <string>' requires string as left operand, not \(PythonValues.typeName(part))")
            }
            return contains(text, part: part)
        case .array(let items):
            for item in items where try PythonValues.equal(item, part, budget) { return true }
            return false
        case .object(let members):
            switch part {
            case .array, .object: throw .type("unhashable type: '\(PythonValues.typeName(part))'")
            case .string(let key): return members[key] != nil
            default: return false
            }
        default: throw .type("argument of type '\(PythonValues.typeName(whole))' is not iterable")
        }
    }

    private static func contains(_ text: String, part: String) -> Bool {
        if part.utf8.count > text.utf8.count { return false }
        return TextSearch(part).first(in: Array(text.utf8), from: 0) != nil
    }

    private static func regex(_ pattern: Value, _ options: Pattern.Options) throws(ExpressionError) -> Pattern {
        switch pattern {
        case .string(let text): return try PatternCache.shared.pattern(text, options: options)
        case .array, .object: throw type("unhashable type: '\(PythonValues.typeName(pattern))'")
        default: throw type("first argument must be string or compiled pattern")
        }
    }

    private static func seconds(_ pattern: Value) throws(ExpressionError) -> Double {
        switch pattern {
        case .bool(let truth): return truth ? 1 : 0
        case .integer(let number): return Double(number)
        case .bigInteger(let digits):
            guard let number = Double(digits), number.isFinite else { throw type("int too large to convert to float") }
            return number
        case .double(let number): return number
        case .string(let text):
            if let number = PythonFloat.parse(text) { return number }
            throw type("could not convert string to float: \(PythonText.quoted(text))")
        default:
            throw type("float() argument must be a string or a real number, not '\(PythonValues.typeName(pattern))'")
        }
    }

    private static func type(_ message: String) -> ExpressionError { ExpressionError(.failed, message) }

    private static func noAttribute(_ name: String, _ value: Value) -> ExpressionError {
        type("'\(PythonValues.typeName(value))' object has no attribute '\(name)'")
    }

    private static func noPath(_ value: Value) -> ExpressionError {
        type("expected str, bytes or os.PathLike object, not \(PythonValues.typeName(value))")
    }
}
