import Foundation
import PetrelCore
import Synchronization
import Testing

@testable import PetrelExpressions

private func problem(_ work: () throws(ExpressionError) -> Void) -> ExpressionError? {
    do throws(ExpressionError) {
        try work()
        return nil
    } catch { return error }
}

private func value(_ source: String, _ data: Value = .null) throws(ExpressionError) -> Value {
    try YAQLExpression(source).evaluate(data)
}

private func code(_ source: String, _ data: Value = .null) -> ExpressionErrorCode? {
    problem { () throws(ExpressionError) in _ = try value(source, data) }?.code
}

@Suite("YAQL expressions")
struct YAQLExpressionTests {
    @Test("every expression of our own collection gives what the original gives")
    func ownCases() throws {
        let categories: [String: ExpressionErrorCode] = [
            "syntax": .syntax, "unknown_function": .unknownFunction, "no_match": .noMatch, "ambiguous": .ambiguous,
            "key": .missingKey, "runtime": .failed,
        ]
        var count = 0
        for record in try YAQLCases.own() {
            let context = ExpressionContext(values: record["context"]?.object ?? [:], reevaluatesResults: true)
            let text = record["expr"]?.string ?? ""
            count += 1
            do throws(ExpressionError) {
                let got = try EmbeddedExpression.markedResult(of: .string(text), in: context)
                let isRight = record["error"] == nil && got.isEquivalent(to: record["result"] ?? .null)
                #expect(isRight, "\(record["id"]?.string ?? "") \(text): \(JSONWriter.text(got))")
            } catch {
                let isRight = categories[record["error"]?.string ?? ""] == error.code
                #expect(isRight, "\(record["id"]?.string ?? "") \(text): \(error.message)")
            }
        }
        #expect(count > 300)
    }

    @Test("the data is the dollar sign, and inside a function that goes through items it is the item")
    func data() throws {
        #expect(try value("$.a + 1", ["a": 2]) == 3)
        #expect(try value("$.l.where($ > 1).select($ * 10)", ["l": [1, 2, 3]]) == [20, 30])
        #expect(try value("$", [1, ["a": nil]]) == [1, ["a": nil]])
    }

    @Test("what JSON does not have leaves as the nearest that it has")
    func results() throws {
        #expect(try value("set(1, 2, 1)") == [1, 2])
        #expect(try value("range(3)") == [0, 1, 2])
        #expect(try value("datetime(2020, 1, 2, offset => timespan(hours => 2))") == "2020-01-02T00:00:00+02:00")
        #expect(try value("timespan(days => 1, seconds => 5)") == "1 day, 0:00:05")
        #expect(try value("{1 => a, null => b, true => c}") == ["1": "c", "null": "b"])
        #expect(code("let(1)") == .failed)
    }

    @Test("items are made when they are asked for, so that an error behind the last one does not show")
    func laziness() throws {
        #expect(try value("[1, 2, a].select($ * $).take(2)") == [1, 4])
        #expect(code("[1, 2, a].select($ * $).take(3)") == .noMatch)
        #expect(try value("generate(1, true, $ * 2).where($ > 5).first()") == 8)
        #expect(try value("true or foo()") == true)
        #expect(try value("let(x => range(3)) -> [$x.sum(), $x.toList()]") == [3, []])
    }

    @Test("functions of the caller are found before the library's, by their parameters' names too")
    func hostFunctions() throws {
        let add = HostFunction("add_up", [.init("left_side"), .init("right", default: 10)]) {
            (arguments) throws(ExpressionError) in
            .integer((arguments[0].integer ?? 0) + (arguments[1].integer ?? 0))
        }
        let length = HostFunction("len", [.init("value")], isMethod: true) { (_) throws(ExpressionError) in 99 }
        let failing = HostFunction("broken") { (_) throws(ExpressionError) in throw ExpressionError(.failed, "no luck")
        }
        let functions = [add, length, failing]
        func value(_ source: String) throws(ExpressionError) -> Value {
            try YAQLExpression(source).evaluate(.null, functions: functions)
        }
        #expect(try value("add_up(1)") == 11)
        #expect(try value("add_up(1, right => 2)") == 3)
        #expect(try value("add_up(leftSide => 5, right => 2)") == 7)
        #expect(try value("len(abc)") == 99)
        #expect(try value("abc.len()") == 99)
        #expect(problem { () throws(ExpressionError) in _ = try value("add_up()") }?.code == .noMatch)
        #expect(problem { () throws(ExpressionError) in _ = try value("1.add_up()") }?.code == .unknownFunction)
        #expect(
            problem { () throws(ExpressionError) in _ = try value("broken()") }?.message.hasSuffix("no luck") == true)
    }

    @Test("workflow functions do not exist outside workflows")
    func noWorkflow() {
        #expect(code("ctx()") == .unknownFunction)
        #expect(code("regex_match(a, a)") == .unknownFunction)
    }

    @Test("texts that differ in their code points are different, and ordered by them")
    func codePoints() throws {
        #expect(try value("$[0] = $[1]", ["é", "e\u{301}"]) == false)
        #expect(try value("$.distinct().len()", ["é", "e\u{301}"]) == 2)
        #expect(try value("$.len()", "e\u{301}") == 2)
        #expect(try value("$.orderBy($)", ["\u{10000}", "\u{FFFD}"]) == ["\u{FFFD}", "\u{10000}"])
        #expect(try value("'İ'.toLower().len()") == 2)
    }

    @Test("a syntax error is told as the original tells it")
    func syntaxErrors() {
        func message(_ source: String) -> String? {
            problem { () throws(ExpressionError) in _ = try YAQLExpression(source) }?.message
        }
        #expect(message("1 +") == "Parse error: unexpected end of statement")
        #expect(
            message("f(1, a => 2, 3)") == "Parse error: unexpected ')' at position 14 of expression 'f(1, a => 2, 3)'")
        #expect(message("é @") == "Lexical error: illegal character '@' at position 2")
        #expect(message("'\\N{NO SUCH NAME}'") != nil)
    }

    @Test("one parsed expression serves many tasks at once")
    func sharing() async throws {
        let expression = try YAQLExpression.cached("$.l.orderBy(-$).select(str($)).join('-')")
        let results = await withTaskGroup(of: Value?.self) { group in
            for number in 0..<50 {
                group.addTask { try? expression.evaluate(["l": [1, .integer(number), 100]]) }
            }
            return await group.reduce(into: [Value?]()) { $0.append($1) }
        }
        #expect(results.count == 50)
        #expect(results.contains("100-49-1"))
    }
}

@Suite("YAQL under attack")
struct YAQLHostileTests {
    @Test(
        "an expression that never ends, or makes too much, is stopped by its limits",
        arguments: [
            "sequence().sum()", "sequence().toList()", "range(1000000000).sum()",
            "range(100000000000000000000).toList()",
            "a.repeat().toList()", "[1].cycle().len()", "generate(1, true, $).toList()",
            "generateMany(1, [$, $]).len()",
            "'x' * 1000000000", "[1] * 1000000000", "1000000000000 * [1, 2]", "pow(9, pow(9, 9))",
            "shiftBitsLeft(1, 1000000000)",
            "range(10000).aggregate($1 + $1, [1])", "range(100).aggregate($1 + $1, a)",
            "range(100).aggregate($1 * $1, 7)",
            "def(f, f($ + 1)) -> f(0)", "def(f, [f($)]) -> f(0)", "range(3000).select(range(3000).sum()).sum()",
            "range(100000).aggregate([$1], [])", "range(100000).aggregate({a => $1}, {})",
            "range(100000).aggregate($1.append(1), [])",
            "range(100000).aggregate(let(p => $1) -> [1].select($p), [])", "range(100000).aggregate(set($1), set())",
            "range(100000).aggregate($1.orderBy($), [1])", "generate([], true, [$]).last()",
            "generateMany([], [[$]]).last()",
            "range(300000).select([$]).distinct().len()", "regex('(a+)+$').matches('a' * 50 + '!')",
            "'a' * 2000000 =~ '(a|a)*b'", "range(2000).toList().join(range(2000), true, 1).len()",
            "range(100000).toDict($, range(100).toList()).values().flatten().len()", "'ab'.replace('', 'x' * 10000000)",
            "range(1000).aggregate($1.replace(a, aa), a)", "range(5000).select(str(range(5000).toList())).len()",
            "call(call, [call, [call, []], {}], {})", "range(400).aggregate($1.memorize(), [1].select($)).len()",
            "range(100000).aggregate($1.select($), [1]).len()", "range(100000).aggregate(def(g, $1) -> g($1), 1)",
        ])
    func endless(source: String) {
        let limits = EvaluationLimits(maxSteps: 100_000, maxBytes: 2 << 20, maxDepth: 200)
        let error = problem { () throws(ExpressionError) in
            _ = try YAQLExpression(source).evaluate(.null, limits: limits)
        }
        // Some of them are only long and end within the limits.
        #expect(error == nil || error?.code == .tooComplex || error?.code == .noMatch || error?.code == .failed)
        let isLong = ["pow(9", "'x' * ", "[1] * ", "sequence()", "def(f", "[$1], []"].contains { source.contains($0) }
        if isLong { #expect(error?.code == .tooComplex, "\(source): \(error?.message ?? "no error")") }
    }

    @Test("deep nesting is an error, on a small stack too, whichever way it is nested")
    func depth() async {
        let depth = 100_000
        let sources = [
            String(repeating: "(", count: depth), String(repeating: "[", count: depth),
            String(repeating: "{a => ", count: depth), String(repeating: "-", count: depth) + "1",
            String(repeating: "not ", count: depth / 4) + "1", String(repeating: "f(", count: depth),
            "$" + String(repeating: ".a", count: depth / 3), "$" + String(repeating: "[0]", count: depth / 4),
            "1" + String(repeating: " + 1", count: depth / 5), "1" + String(repeating: " -> 1", count: depth / 6),
            "$" + String(repeating: ".select($)", count: depth / 11),
            "1" + String(repeating: " and 1", count: depth / 7),
            String(repeating: "a => ", count: depth / 5), "f(" + String(repeating: ",", count: depth),
        ]
        for source in sources {
            let text = String(source.prefix(99_000))
            let error = SmallStack.run { problem { () throws(ExpressionError) in _ = try value(text) } }
            #expect(error != nil)
        }
    }

    @Test("the deepest that is allowed runs on a small stack")
    func deepestAllowed() throws {
        let sources = [
            String(repeating: "(", count: 140) + "1" + String(repeating: ")", count: 140),
            String(repeating: "[", count: 140) + String(repeating: "]", count: 140),
            "1" + String(repeating: " + 1", count: 190), "[1]" + String(repeating: ".select($ + 1)", count: 90),
            "[1]" + String(repeating: ".where($)", count: 190), "def(f, switch($ > 60 => 1, true => f($ + 1))) -> f(0)",
            String(repeating: "[1].select(", count: 60) + "$" + String(repeating: ")", count: 60),
            "range(190).aggregate([$1], [])", "range(190).aggregate($1.select($), [1])",
            String(repeating: "str(", count: 140) + "1" + String(repeating: ")", count: 140),
        ]
        for source in sources {
            let error = SmallStack.run { problem { () throws(ExpressionError) in _ = try value(source) } }
            #expect(error == nil || error?.code == .tooComplex, "\(source.prefix(40)): \(error?.message ?? "")")
        }
    }

    @Test(
        "numbers at the edge of 64 bits and beyond do not trap",
        arguments: [
            "9223372036854775807 + 1", "-9223372036854775808 - 1", "-(-9223372036854775808)",
            "abs(-9223372036854775808)",
            "9223372036854775807 * 2", "-9223372036854775808 / -1", "-9223372036854775808 mod -1",
            "bitwiseNot(9223372036854775807)",
            "shiftBitsLeft(1, 63)", "shiftBitsRight(-1, 100)", "shiftBitsRight(5, 9223372036854775807)",
            "range(9223372036854775807).take(1)",
            "range(9223372036854775806, 9223372036854775807, 9223372036854775807)",
            "sequence(9223372036854775807).take(3)",
            "[1][9223372036854775807]", "[1][-9223372036854775808]", "[1][100000000000000000000]",
            "abc.substring(-9223372036854775808, 5)",
            "abc.substring(9223372036854775807, 9223372036854775807)", "abc.indexOf(b, -9223372036854775808)",
            "abc.indexOf(b, -9223372036854775808, -1)", "abc.indexOf(b, 9223372036854775807, 9223372036854775807)",
            "[1].insert(-9223372036854775808, 2)", "[1].insert(9223372036854775807, 2)",
            "[1, 2].delete(9223372036854775807, 9223372036854775807)",
            "[1].replace(-5, 2, 9223372036854775807)", "[1].take(9223372036854775807)", "[1].skip(9223372036854775807)",
            "[1].splitAt(-9223372036854775808)", "a.split(b, 9223372036854775807)", "a.split(b, -9223372036854775808)",
            "timespan(days => 9223372036854775807)",
            "timespan(microseconds => 9223372036854775807) + timespan(microseconds => 1)",
            "-timespan(microseconds => -9223372036854775808)", "timespan(days => 1) * 1000000000000",
            "timespan(days => 1) * float(inf)",
            "datetime(9223372036854775807)", "datetime(float(nan))", "datetime(1e)",
            "datetime(2020, 1, 9223372036854775807)",
            "datetime(9223372036854775807, 1, 1)", "datetime(1, 1, 1) - timespan(days => 1)",
            "datetime(9999, 12, 31) + timespan(days => 106751991)",
            "datetime('99999999999999999999')", "datetime('1', '%Y')", "int(float(nan))", "int(float(inf))",
            "int(float('1e300'))",
            "round(float(nan))", "round(5, -9223372036854775808)", "round(2.5, 9223372036854775807)",
            "pow(2, -9223372036854775808)",
            "pow(-9223372036854775808, 3, 9223372036854775807)", "pow(0, -1)", "pow(2, -1, 4)",
            "hex(-9223372036854775808)",
            "random(-9223372036854775808, 9223372036854775807)", "enumerate([1, 2], 9223372036854775807)",
            "a.repeat(9223372036854775807).take(1)",
            "1.switchCase()", "(-9223372036854775808).switchCase(a, b)",
            "{a => {b => 1}}.mergeWith({a => {b => 1}}, maxLevels => -9223372036854775808)",
            "[1].slice(9223372036854775807)", "[1].slice(-1)", "characters(true).len()",
            "regex(a).replace(aaa, b, -9223372036854775808)",
            "regex(a).split(aaa, 9223372036854775807)", "datetime(2020, 1, 1).format('%9223372036854775807Y')",
            "datetime(2020, 1, 1).format('%')",
        ])
    func edges(source: String) {
        _ = problem { () throws(ExpressionError) in _ = try value(source) }
    }

    @Test("a text of ten megabytes is handled or refused, not hung on")
    func largeTexts() throws {
        let text = Value.string(String(repeating: "aé ", count: 2_600_000))
        for source in [
            "$.len()", "$.split().len()", "$.replace(a, b).len()", "$.toCharArray().len()", "$ = $", "$.matches('b$')",
        ] {
            let error = problem { () throws(ExpressionError) in _ = try value(source, text) }
            #expect(error == nil || error?.code == .tooComplex, "\(source): \(error?.message ?? "")")
        }
    }
}

@Suite("YAQL Fuzz")
struct YAQLFuzz {
    private static var rounds: Int {
        ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 3_000
    }

    @Test("expressions put together from pieces of others are evaluated or refused")
    func pieces() throws {
        var generator = SeededGenerator(seed: 11)
        let records = try YAQLCases.own()
        let pieces = records.flatMap { Self.pieces(of: $0["expr"]?.string ?? "") }
        let limits = EvaluationLimits(maxSteps: 20_000, maxBytes: 1 << 20, maxDepth: 100)
        var evaluated = 0
        for _ in 0..<Self.rounds {
            var parts = Self.pieces(
                of: records[Int.random(in: 0..<records.count, using: &generator)]["expr"]?.string ?? "")
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let at = Int.random(in: 0...parts.count, using: &generator)
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                if at < parts.count, Bool.random(using: &generator) {
                    parts[at] = piece
                } else {
                    parts.insert(piece, at: at)
                }
            }
            let context = ExpressionContext(
                values: ["x": 5, "l": [3, 1, 2], "d": ["a": ["b": [1]]], "__state": [:]], limits: limits)
            let text = Value.string("<% " + parts.joined() + " %>")
            do throws(ExpressionError) {
                _ = try EmbeddedExpression.evaluate(text, in: context)
                evaluated += 1
            } catch {}
        }
        #expect(evaluated > Self.rounds / 50)
    }

    @Test("random characters are parsed or refused")
    func characters() {
        var generator = SeededGenerator(seed: 12)
        let alphabet = Array("'\"`\\$()[]{},=>-+*/<>!~?.&|#@01a_é\u{0}\n\t xuN{}not".unicodeScalars)
        for _ in 0..<Self.rounds {
            var text = ""
            for _ in 0..<Int.random(in: 0...24, using: &generator) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            _ = problem { () throws(ExpressionError) in _ = try value(text, [1, ["a": 2]]) }
        }
    }

    @Test("random dates and formats are read or refused")
    func dates() {
        var generator = SeededGenerator(seed: 13)
        let parts = [
            "2020", "1", "12", "31", "99", "Jan", "may", "-", "/", ":", " ", "T", "Z", "+", "pm", ".", "5", "%Y", "%m",
            "%d", "%H", "%", "%z", "%f", "1234567", "é",
        ]
        for _ in 0..<Self.rounds {
            let make = { (generator: inout SeededGenerator) in
                (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    parts[Int.random(in: 0..<parts.count, using: &generator)]
                }
                .joined()
            }
            let data: Value = [.string(make(&generator)), .string(make(&generator))]
            for source in ["datetime($[0])", "datetime($[0], $[1])", "datetime(2020, 2, 3).format($[1])"] {
                _ = problem { () throws(ExpressionError) in _ = try value(source, data) }
            }
        }
    }

    private static func pieces(of expression: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        var isWord = false
        for scalar in expression.dropFirst(2).dropLast(2).unicodeScalars {
            let belongs = YAQLLexer.isWord(scalar) || scalar == "$"
            if !piece.isEmpty, !belongs || !isWord {
                pieces.append(piece)
                piece = ""
            }
            piece.unicodeScalars.append(scalar)
            isWord = belongs
        }
        return pieces + [piece]
    }
}

/// Expressions recorded from the original, under Tests/Fixtures.
enum YAQLCases {
    static func own() throws -> [Value] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/yaql-cases.jsonl"))
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try JSONReader.value(Array($0), limits: .ownDocument)
        }
    }
}

/// Runs work on a thread with as little stack as a service's threads have.
private enum SmallStack {
    private final class Box: Sendable {
        let error = Mutex<ExpressionError?>(nil)
    }

    static func run(_ work: @escaping @Sendable () -> ExpressionError?) -> ExpressionError? {
        let box = Box()
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let error = work()
            box.error.withLock { $0 = error }
            done.signal()
        }
        thread.stackSize = 512 * 1024
        thread.start()
        done.wait()
        return box.error.withLock { $0 }
    }
}
