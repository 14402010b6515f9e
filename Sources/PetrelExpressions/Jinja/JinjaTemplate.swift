public import PetrelCore
import Synchronization

/// A template in the language of Jinja2, compiled once; any thread may render it at any time.
///
/// Compiling costs some microseconds for each tag, rendering a fraction of that.
public struct JinjaTemplate: Sendable {
    private let program: JinjaProgram

    /// Compiles a template.
    /// - Throws: ``ExpressionError`` with code `syntax` or `unknownFunction` and Jinja's words; `tooComplex` for a
    ///   template that is too large or too deep.
    public init(_ source: String, environment: JinjaEnvironment = .stackstorm) throws(ExpressionError) {
        do throws(PythonFault) { program = try JinjaProgram(source, environment) } catch { throw error.problem }
    }

    /// A template from the cache of those that were compiled lately.
    public static func cached(
        _ source: String, environment: JinjaEnvironment = .stackstorm
    ) throws(ExpressionError) -> JinjaTemplate {
        try cache.entry(JinjaCacheKey(source: source, environment: environment)) { () throws(ExpressionError) in
            try JinjaTemplate(source, environment: environment)
        }
    }

    private static let cache = JinjaCache<JinjaTemplate>(capacity: 1_000)

    /// The template's text with the context's values in it.
    /// - Throws: ``ExpressionError`` with Jinja's or Python's words; `tooComplex` when a limit is passed.
    public func render(_ context: JinjaContext) throws(ExpressionError) -> String {
        let needsShell = context.shellSink && !program.isOnePrint
        return try program.run(context) { run throws(PythonFault) in
            if needsShell { run.shell = ShellSink() }
            try program.body(run)
            return run.output
        }
    }

    /// Whether a text has `{{` or `{%`, which is all that StackStorm asks before it renders.
    public static func isTemplate(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if previous == UInt8(ascii: "{"), byte == UInt8(ascii: "{") || byte == UInt8(ascii: "%") { return true }
            previous = byte
        }
        return false
    }

    /// What the template reads from its context: each a name and the attributes behind it, as far as they are literal.
    ///
    /// Names that the template sets itself and Jinja's own functions are left out.
    public var references: [[String]] { JinjaReferences.references(program) }

    /// The first parts of ``references``, each once.
    public var names: Set<String> { Set(references.compactMap(\.first)) }
}

/// One expression, as it stands between `{{` and `}}`, compiled once.
public struct JinjaExpression: Sendable {
    private let program: JinjaProgram

    /// Compiles an expression.
    public init(_ source: String, environment: JinjaEnvironment = .orquesta) throws(ExpressionError) {
        do throws(PythonFault) { self = try Self.compiled(source, environment) } catch { throw error.problem }
    }

    private init(_ program: JinjaProgram) { self.program = program }

    static func compiled(
        _ source: String, _ environment: JinjaEnvironment
    ) throws(PythonFault) -> JinjaExpression {
        JinjaExpression(try JinjaProgram(expression: source, environment))
    }

    static func cached(_ source: String) throws(PythonFault) -> JinjaExpression {
        try cache.entry(JinjaCacheKey(source: source, environment: .orquesta)) { () throws(PythonFault) in
            try compiled(source, .orquesta)
        }
    }

    private static let cache = JinjaCache<JinjaExpression>(capacity: 1_000)

    /// The value of the expression; nil when it is undefined, which only a use of it would make an error.
    public func evaluate(_ context: JinjaContext) throws(ExpressionError) -> Value? {
        try program.run(context) { run throws(PythonFault) in
            guard let expression = program.expression else { return nil }
            let value = try expression(run)
            if value.isUndefined { return nil }
            return try run.plain(value)
        }
    }

    /// As ``evaluate(_:)``, with Python's kind of error, and with the text that printing the value shows.
    func outcome(_ context: JinjaContext) throws(PythonFault) -> Outcome {
        try program.runKeepingFaults(context) { run throws(PythonFault) in
            guard let expression = program.expression else { return .undefined }
            let value = try expression(run)
            if case .undefined(let undefined) = value { return undefined.isStrict ? .undefined : .value("", text: "") }
            if case .object(let generator as JinjaGenerator) = value {
                let items = JinjaValue.list(try run.items(of: .object(generator)))
                return .value(try run.plain(items), text: try run.text(items))
            }
            return .value(try run.plain(value), text: try run.text(value))
        }
    }

    /// What an expression came to.
    enum Outcome {
        case undefined
        case value(Value, text: String)
    }

    /// As ``JinjaTemplate/references``.
    public var references: [[String]] { JinjaReferences.references(program) }
}

struct JinjaCacheKey: Hashable {
    var source: String
    var environment: JinjaEnvironment
}

/// Compiled things by their text; what was not asked for lately goes.
final class JinjaCache<Entry: Sendable>: Sendable {
    private struct Generations {
        var young: [JinjaCacheKey: Entry] = [:]
        var old: [JinjaCacheKey: Entry] = [:]
    }

    /// Longer texts are compiled each time, so that a few can't fill the memory.
    private static var longestKept: Int { 20_000 }
    private let generations = Mutex(Generations())
    private let generationSize: Int

    init(capacity: Int) { generationSize = max(1, capacity / 2) }

    func entry<Failure: Error>(
        _ key: JinjaCacheKey, make: () throws(Failure) -> Entry
    ) throws(Failure) -> Entry {
        if let known = generations.withLock({ find(key, in: &$0) }) { return known }
        let entry = try make()
        if key.source.utf8.count <= Self.longestKept { generations.withLock { keep(entry, key, in: &$0) } }
        return entry
    }

    private func find(_ key: JinjaCacheKey, in generations: inout Generations) -> Entry? {
        if let entry = generations.young[key] { return entry }
        guard let entry = generations.old[key] else { return nil }
        keep(entry, key, in: &generations)
        return entry
    }

    private func keep(_ entry: Entry, _ key: JinjaCacheKey, in generations: inout Generations) {
        if generations.young.count >= generationSize {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[key] = entry
    }
}
