import Foundation
import PetrelCore
import Testing

@testable import PetrelExpressions

/// Cases that the originals' answers were recorded for, one JSON object a line.
enum RecordedCases {
    /// The records of a file under Tests/Fixtures; each must name its result or that there is an error.
    static func read(_ name: String) throws -> [Value] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("Fixtures/\(name)"))
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            plain(try JSONReader.value(Array(line), limits: .ownDocument))
        }
    }

    /// The value that a record stands for; JSON itself has no infinity.
    static func plain(_ value: Value) -> Value {
        switch value {
        case .object(let members):
            if members.count == 1, let text = members["$float"]?.string { return .double(Double(text) ?? .nan) }
            return .object(members.mapValues(plain))
        case .array(let items): return .array(items.map(plain))
        default: return value
        }
    }

    /// Whether two values are the same; not-a-number counts as equal to itself.
    static func same(_ left: Value?, _ right: Value?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (.double(let left), .double(let right)): left == right || left.isNaN && right.isNaN
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { same($0, $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { same($1, right[$0]) }
        default: left == right
        }
    }
}

/// Broken texts for the parsers of this module's smaller languages.
enum BrokenText {
    /// How many texts each fuzz test makes.
    static var rounds: Int {
        ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 5_000
    }

    /// One of the texts with a few characters dropped, doubled or taken from another.
    static func make(from texts: [String], _ source: inout SeededGenerator) -> String {
        func pick() -> [Unicode.Scalar] {
            Array(texts.randomElement(using: &source)?.unicodeScalars ?? "".unicodeScalars)
        }
        var scalars = pick()
        for _ in 0..<Int.random(in: 1...4, using: &source) {
            let place = Int.random(in: 0...scalars.count, using: &source)
            switch Int.random(in: 0..<5, using: &source) {
            case 0: scalars.removeSubrange(place..<min(scalars.count, place + Int.random(in: 1...3, using: &source)))
            case 1: scalars.insert(contentsOf: pick().prefix(Int.random(in: 1...6, using: &source)), at: place)
            case 2: scalars.insert(contentsOf: scalars[place...].prefix(8), at: place)
            case 3: scalars.insert(Unicode.Scalar(UInt8.random(in: 0...255, using: &source)), at: place)
            default: scalars.insert(contentsOf: "99999999999999999999".unicodeScalars, at: place)
            }
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }
}

@Suite("StackStorm's functions")
struct FunctionsTests {
    @Test("each function answers as the original does, or fails where it fails")
    func recorded() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("functions-cases.jsonl")
        for record in cases {
            let name = record["function"]?.string ?? ""
            let got = try? call(name, record["args"]?.array ?? [])
            if !RecordedCases.same(got, record["error"] == nil ? record["result"] : nil) {
                failures.append("\(JSONWriter.text(record))\n  got \(got.map { JSONWriter.text($0) } ?? "an error")")
            }
        }
        #expect(cases.count > 300)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    private func call(_ name: String, _ arguments: [Value]) throws -> Value {
        typealias Functions = StackStormFunctions
        let first = arguments[0]
        func text(_ index: Int) -> String { arguments[index].string ?? "" }
        func truth(_ index: Int) -> Bool { arguments[index].bool ?? false }
        switch name {
        case "jsonParse": return try Functions.jsonParse(first)
        case "yamlParse": return try Functions.yamlParse(first)
        case "jsonText":
            return .string(
                try Functions.jsonText(
                    first, indent: arguments[1], sortKeys: truth(2), separators: (text(3), text(4))))
        case "yamlText":
            return .string(try Functions.yamlText(first, indent: arguments[1], allowUnicode: truth(2)))
        case "jsonEscape": return .string(try Functions.jsonEscape(first))
        case "regexMatch": return .bool(try Functions.regexMatch(first, text(1), ignoreCase: truth(2)))
        case "regexSearch": return .bool(try Functions.regexSearch(first, text(1), ignoreCase: truth(2)))
        case "regexReplace":
            return .string(try Functions.regexReplace(first, text(1), text(2), ignoreCase: truth(3)))
        case "regexSubstring":
            let index = arguments[2].integer ?? 0
            return try Functions.regexSubstring(first, text(1), index: index, ignoreCase: truth(3))
        case "humanTime": return .string(try Functions.humanTime(first))
        case "versionCompare": return .integer(try Functions.versionCompare(first, arguments[1]))
        case "versionMatch": return .bool(try Functions.versionMatch(first, arguments[1]))
        case "versionBumpMajor": return .string(try Functions.versionBump(first, .major))
        case "versionBumpMinor": return .string(try Functions.versionBump(first, .minor))
        case "versionBumpPatch": return .string(try Functions.versionBump(first, .patch))
        case "versionStripPatch": return .string(try Functions.versionStripPatch(first))
        case "basename": return .string(try Functions.basename(first))
        case "dirname": return .string(try Functions.dirname(first))
        default: throw ExpressionError(.unknownFunction, name)
        }
    }

    @Test("null becomes the text that survives rendering, everything else stays")
    func none() {
        #expect(StackStormFunctions.useNone(nil) == "%*****__%NONE%__*****%")
        #expect(StackStormFunctions.useNone(0) == 0)
    }

    @Test("text that would grow without end is refused")
    func bounded() throws {
        let big = Value.string(String(repeating: "a", count: 2_000_000))
        #expect(throws: ExpressionError.self) {
            try StackStormFunctions.regexReplace(
                big, "a{20}", String(repeating: "x", count: 1_000), ignoreCase: false)
        }
        #expect(throws: ExpressionError.self) {
            try StackStormFunctions.jsonText([1], indent: 1_000_000_000, sortKeys: false, separators: (",", ":"))
        }
        #expect(throws: ExpressionError.self) {
            try StackStormFunctions.jsonText(
                .array(Array(repeating: 1, count: 1_000_000)), indent: .string(String(repeating: " ", count: 1_000)),
                sortKeys: false, separators: (",", ":"))
        }
        var deep: Value = 1
        for _ in 0..<600 { deep = [deep] }
        let nested = deep
        #expect(throws: ExpressionError.self) { try StackStormFunctions.jsonEscape(nested) }
        #expect(throws: ExpressionError.self) {
            try StackStormFunctions.yamlText(nested, indent: nil, allowUnicode: true)
        }
        #expect(throws: ExpressionError.self) {
            try StackStormFunctions.yamlText(
                .string(String(repeating: "\u{1}", count: 6_000_000)), indent: nil, allowUnicode: true)
        }
    }

    @Test("what is nested as deeply as limits allow fits a small stack")
    func smallStack() async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                Self.goDeep()
                continuation.resume()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    private static func goDeep() {
        var deep: Value = ["c": 1]
        for _ in 0..<511 { deep = [deep] }
        #expect(throws: Never.self) {
            try StackStormFunctions.jsonText(deep, indent: 1, sortKeys: true, separators: (",", ":"))
        }
        #expect(throws: Never.self) { try StackStormFunctions.yamlText(deep, indent: nil, allowUnicode: true) }
        #expect(throws: Never.self) { try JSONPath("$..c").values(in: deep) }
        let parentheses = String(repeating: "(", count: 99) + "a" + String(repeating: ")", count: 99)
        #expect(throws: Never.self) { try JSONPath(parentheses).values(in: deep) }
        let literal = String(repeating: "[", count: 99) + "1" + String(repeating: "]", count: 99)
        #expect(throws: Never.self) { try SchemaCast.cast(.string("(" + literal + ",)"), to: "array") }
        let tree = try? JSONSchema(["anyOf": [["items": ["$ref": "#"]], ["type": "integer"]]])
        #expect(tree?.isValid(deep) == false)
        var schema: Value = ["type": "integer"]
        for _ in 0..<30 { schema = ["type": "object", "properties": ["a": schema]] }
        #expect(throws: Never.self) {
            try JSONSchema(schema, options: [.allowsNullForOptional]).withDefaults(["a": ["a": [:]]])
        }
        var search: Value = ["type": "eq", "pattern": 1]
        for _ in 0..<19 { search = ["type": "search", "condition": "all", "pattern": ["item.a": search]] }
        let context = CriteriaContext(now: Instant(microseconds: 0))
        var payload: Value = 1
        for _ in 0..<20 { payload = [["a": payload]] }
        _ = try? RuleCriteria(["trigger": search]).evaluate(payload, context: context)
    }

    @Test("a pattern is compiled once while it is in use, and the cache stays small")
    func cache() throws {
        let cache = PatternCache(capacity: 10)
        let first = try cache.pattern("a+")
        for number in 0..<3 { _ = try cache.pattern("x\(number)") }
        #expect(try cache.pattern("a+").program === first.program)
        #expect(try cache.pattern("a+", options: [.ignoresCase]).program !== first.program)
        for number in 0..<20 { _ = try cache.pattern("y\(number)") }
        #expect(try cache.pattern("a+").program !== first.program)
        #expect(throws: ExpressionError.self) { try cache.pattern("[") }
    }
}
