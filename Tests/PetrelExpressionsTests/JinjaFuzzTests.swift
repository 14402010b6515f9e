import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// Mutations of the recorded templates: each is rendered or refused within limits, and nothing crashes.
@Suite("Jinja Fuzz")
struct JinjaFuzzTests {
    private static let limits = EvaluationLimits(maxSteps: 20_000, maxBytes: 1 << 18, maxDepth: 60)
    private static let pieces = [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "'", "\"", "\\",
        " if ", " else ", " for ", " in ", " is ", " not ", " and ", "{% endfor %}", "{% endif %}", "{% set x = ",
        "{% raw %}", "{% endraw %}", "~", "**", "//", "%", "==", "<", "1", "-1", "9223372036854775807", "1e308", "0",
        "x", "loop", "caller()", "none", "true", "é", "\u{0}", "\n", "\u{301}", "😀", "|list", "|string", "|int",
        "|map('upper')", "|sort", "|tojson", ".append(1)", ".format(", "[::-1]", "range(", "%s", "{:>9}", "_",
        "__class__",
        "recursive", "namespace(", "{% macro m(a) %}", "{% endmacro %}", "{% call m() %}", "*", "=",
    ]

    private static func corpus() throws -> [(String, ValueObject)] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/jinja-cases.jsonl"))
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            let record = try JSONReader.value(Array(line), limits: .ownDocument)
            return (record["template"]?.string ?? "", record["context"]?.object ?? [:])
        }
    }

    @Test("mutated templates neither crash nor pass their limits")
    func templates() throws {
        let corpus = try Self.corpus()
        let rounds = ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 6_000
        var generator = SeededGenerator(seed: UInt64(rounds))
        var rendered = 0
        for _ in 0..<rounds {
            var (source, values) = corpus[Int.random(in: 0..<corpus.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&source, corpus, &generator) }
            if Bool.random(using: &generator) {
                values.merge(corpus[Int.random(in: 0..<corpus.count, using: &generator)].1) { old, _ in old }
            }
            var context = JinjaContext(values: values, isLenient: Bool.random(using: &generator), limits: Self.limits)
            context.shellSink = Bool.random(using: &generator)
            let environment: JinjaEnvironment = Bool.random(using: &generator) ? .stackstorm : .orquesta
            guard let template = try? JinjaTemplate(source, environment: environment) else { continue }
            _ = template.references
            if (try? template.render(context)) != nil { rendered += 1 }
            _ = try? OrquestaJinja.evaluate(source, functions: [], context: values, limits: Self.limits)
        }
        #expect(rendered > rounds / 50)
    }

    private func mutate(
        _ source: inout String, _ corpus: [(String, ValueObject)], _ generator: inout SeededGenerator
    ) {
        var scalars = Array(source.unicodeScalars)
        let at = Int.random(in: 0...scalars.count, using: &generator)
        switch Int.random(in: 0...4, using: &generator) {
        case 0:
            let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
            scalars.insert(contentsOf: Array(piece.unicodeScalars), at: at)
        case 1:
            let end = min(scalars.count, at + Int.random(in: 1...6, using: &generator))
            scalars.removeSubrange(at..<end)
        case 2:
            let other = Array(corpus[Int.random(in: 0..<corpus.count, using: &generator)].0.unicodeScalars)
            let start = Int.random(in: 0...other.count, using: &generator)
            scalars.insert(contentsOf: other[start..<min(other.count, start + 20)], at: at)
        case 3:
            let end = min(scalars.count, at + Int.random(in: 1...12, using: &generator))
            scalars.insert(contentsOf: scalars[at..<end], at: Int.random(in: 0...scalars.count, using: &generator))
        default:
            let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
            let end = min(scalars.count, at + 1)
            scalars.replaceSubrange(at..<end, with: Array(piece.unicodeScalars))
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars.prefix(2_000))
        source = String(view)
    }
}
