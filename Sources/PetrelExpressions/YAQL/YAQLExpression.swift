public import PetrelCore
import Synchronization

/// An expression in YAQL, parsed once; any thread may evaluate it at any time.
public struct YAQLExpression: Sendable {
    /// The expression without delimiters, as it was written.
    public let source: String
    let root: YAQLNode

    /// Parses an expression.
    /// - Throws: ``ExpressionError`` with code `syntax`, or `tooComplex` when it is too long or nested too deep.
    public init(_ source: String) throws(ExpressionError) {
        do throws(YAQLFault) { try self.init(parsing: source) } catch { throw error.parseProblem }
    }

    init(parsing source: String) throws(YAQLFault) {
        self.source = source
        root = try YAQLParser.parse(source)
    }

    /// An expression from the cache of those parsed lately, else parsed and kept.
    public static func cached(_ source: String) throws(ExpressionError) -> YAQLExpression {
        do throws(YAQLFault) { return try YAQLExpressionCache.shared.expression(source) } catch {
            throw error.parseProblem
        }
    }

    /// The value of the expression, with `$` as the data.
    ///
    /// Everything iterable comes as an array, sets too; dates as ISO text, time spans as Python shows them, keys as text.
    /// - Parameter functions: found before the library's; their results are plain values.
    /// - Throws: ``ExpressionError``; `tooComplex` when a limit is passed.
    public func evaluate(
        _ data: Value, functions: [HostFunction] = [], limits: EvaluationLimits = .content
    ) throws(ExpressionError) -> Value {
        let runtime = YAQLRuntime(functions: functions, workflow: nil, limits: limits)
        do throws(YAQLFault) {
            return try value(YAQLFrame(runtime, data: YAQLValue(data))).plain(runtime)
        } catch { throw error.problem(in: source) }
    }

    /// The converted result, not yet plain.
    func value(_ frame: YAQLFrame) throws(YAQLFault) -> YAQLValue {
        try frame.evaluate(root).finalized(frame.runtime)
    }
}

extension YAQLFault {
    /// The error of an expression that can't be parsed: the text alone, as inspections show it.
    var parseProblem: ExpressionError {
        ExpressionError(
            code == .failed ? .syntax : code, text,
            hint: code == .tooComplex ? "Make it smaller, or do this work in an action" : nil)
    }
}

/// Parsed expressions by their text: the ones used lately are kept.
final class YAQLExpressionCache: Sendable {
    static let shared = YAQLExpressionCache()

    private static let generationSize = 1_000
    /// A longer expression is parsed each time, so that a few can't fill the memory.
    private static let longestKept = 4_000

    /// Two generations: what was not asked for during a whole generation goes with it.
    private struct Generations {
        var young: [String: YAQLExpression] = [:]
        var old: [String: YAQLExpression] = [:]
    }

    private let generations = Mutex(Generations())

    func expression(_ source: String) throws(YAQLFault) -> YAQLExpression {
        if let known = generations.withLock({ Self.find(source, in: &$0) }) { return known }
        let expression = try YAQLExpression(parsing: source)
        if source.utf8.count <= Self.longestKept { generations.withLock { Self.keep(expression, in: &$0) } }
        return expression
    }

    /// Texts that Swift takes for equal may differ in their code points.
    private static func find(_ source: String, in generations: inout Generations) -> YAQLExpression? {
        if let found = generations.young[source] { return PythonText.equal(found.source, source) ? found : nil }
        guard let found = generations.old[source], PythonText.equal(found.source, source) else { return nil }
        keep(found, in: &generations)
        return found
    }

    private static func keep(_ expression: YAQLExpression, in generations: inout Generations) {
        if generations.young.count >= generationSize {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[expression.source] = expression
    }
}
