import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// Mutations of the recorded expressions, patterns and texts: each gives a result or an error, and nothing crashes.
@Suite("Parser Fuzz")
struct ParserFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 3_000
    private static let limits = EvaluationLimits(maxSteps: 5_000, maxBytes: 1 << 18, maxDepth: 100)
    private static let pieces = [
        "(", ")", "[", "]", "{", "}", "$", "$.", "?.", ".", "->", "=>", "'", "\"", "`", "\\", "\\u", "\\1", "(?",
        "(?P<a>",
        "(?<=", "*", "+?", "{3,", "|", "^", "..", "[?(", "@", "-1", "1e400", "999999999999999999999", "null", "not ",
        "mod",
        "<%", "%>", "{{", "é", "\u{0}", "\u{2028}", " ",
    ]

    @Test("mutated YAQL is evaluated or refused within its limits")
    func yaql() throws {
        let corpus = try Self.lines("yaql-cases.jsonl").compactMap { $0["expr"]?.string }
        var failures = 0
        Self.forEachMutant(of: corpus) { text in
            let context = ExpressionContext(values: ["a": [1, ["b": "c"]], "s": "text"], limits: Self.limits)
            do { _ = try EmbeddedExpression.evaluate(.string(text), in: context) } catch { failures += 1 }
        }
        #expect(failures < Self.rounds)
    }

    @Test("mutated patterns compile or are refused, and search within their budget, in long texts too")
    func patterns() throws {
        let corpus = try Fixture.cases("pattern-cases.json").compactMap { $0["pattern"]?.string }
        let long = String(repeating: "ab 12\né.x ", count: 600)
        var found = 0
        var compiled = 0
        Self.forEachMutant(of: corpus) { text in
            guard let pattern = try? Pattern(text) else { return }
            compiled += 1
            // A search that uses up its budget takes a while in a debug build.
            for subject in compiled % 50 == 0 ? [long] : ["", "aab 12\n"] {
                guard let matches = try? pattern.matches(in: subject, limit: 50) else { continue }
                found += matches.count
                for match in matches { #expect(match.range.upperBound <= subject.utf8.count) }
            }
        }
        #expect(found > 0)
    }

    @Test("mutated JSON is read or refused, and what was read is written and read again")
    func json() throws {
        let records = try Self.lines("jsonpath-cases.jsonl")
        let limits = Limits(maxBytes: 100_000, maxDepth: 40, maxNodes: 5_000)
        var read = 0
        var different = 0
        Self.forEachMutant(of: records.prefix(200).map { JSONWriter.text($0) }) { text in
            guard let value = try? JSONReader.value(text, limits: limits) else { return }
            read += 1
            if (try? JSONReader.value(JSONWriter.text(value), limits: limits)) != value { different += 1 }
        }
        #expect(read > 0)
        #expect(different == 0)
    }

    private static func lines(_ name: String) throws -> [Value] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/\(name)"))
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            try JSONReader.value(Array(line), limits: .ownDocument)
        }
    }

    private static func forEachMutant(of corpus: [String], _ body: (String) -> Void) {
        var generator = SeededGenerator(seed: 33)
        for _ in 0..<rounds {
            var bytes = Array((corpus.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let at = Int.random(in: 0...bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").utf8, at: at)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...4, using: &generator)))
                default:
                    bytes.insert(contentsOf: (corpus.randomElement(using: &generator) ?? "").utf8.prefix(20), at: at)
                }
            }
            body(String(decoding: bytes, as: UTF8.self))
        }
    }
}
