import PetrelCore
import Testing

@testable import PetrelExpressions

@Suite("JSONPath")
struct JSONPathTests {
    private let data: Value = ["a": ["b": [1, 2, ["c": 3]]], "s": "text"]

    @Test("each path finds what the original finds, in its order, or fails where it fails")
    func recorded() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("jsonpath-cases.jsonl")
        for record in cases {
            var got: Value?
            if let path = try? JSONPath(record["path"]?.string ?? ""),
                let values = try? path.values(in: record["value"] ?? .null)
            {
                got = .array(values)
                #expect(try path.firstValue(in: record["value"] ?? .null) == values.first)
            }
            if !RecordedCases.same(got, record["result"]) {
                failures.append("\(JSONWriter.text(record))\n  got \(got.map { JSONWriter.text($0) } ?? "an error")")
            }
        }
        #expect(cases.count > 200)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    @Test("a path that can't be read says where")
    func badPath() {
        let error = #expect(throws: ExpressionError.self) { try JSONPath("a.b.") }
        #expect(error?.code == .badPath)
        #expect(error?.message == "The JSONPath ends too early, at character 4")
    }

    @Test("a member of the root is found without building the root, whatever the path")
    func member() throws {
        for path in ["trigger.a.b[2].c", "$.trigger.a.b[2].c", "trigger.a.b[*].c", "$..c", "trigger", "other", "*"] {
            let path = try JSONPath(path)
            #expect(
                try path.firstValue(inMember: "trigger", of: data)
                    == path.firstValue(in: .object(["trigger": data])))
        }
    }

    @Test("paths that would never end, nest deeply or are huge are refused")
    func bounded() throws {
        let doubling = try JSONPath(Array(repeating: "(`this`|`this`)", count: 60).joined(separator: "."))
        #expect(throws: PythonFault.self) {
            var search = JSONPathSearch(visitsLeft: 5_000)
            _ = try search.values(doubling.steps, in: data)
        }
        let nested = String(repeating: "(", count: 5_000) + "a" + String(repeating: ")", count: 5_000)
        #expect(throws: ExpressionError.self) { try JSONPath(nested) }
        let long = Array(repeating: "a", count: 20_000).joined(separator: ".")
        #expect(try JSONPath(long).values(in: data).isEmpty)
        #expect(throws: ExpressionError.self) { try JSONPath(long + long + long) }
        let choice = Array(repeating: "a", count: 20_000).joined(separator: "|")
        #expect(try JSONPath(choice).values(in: data).count == 20_000)
        var deep: Value = ["c": 1]
        for _ in 0..<400 { deep = ["x": deep] }
        #expect(try JSONPath("$..c").values(in: deep) == [1])
    }
}

@Suite("JSONPath Fuzz")
struct JSONPathFuzz {
    @Test("broken paths end in an error or in values, never in a crash")
    func fuzz() throws {
        var source = SeededGenerator(seed: 11)
        let paths = try RecordedCases.read("jsonpath-cases.jsonl").compactMap { $0["path"]?.string }
        let value: Value = ["a": ["b": [1, [2, "x"], ["c": nil]]], "l": [["n": 1], ["m": 2]], "s": "text"]
        for _ in 0..<BrokenText.rounds {
            let text = BrokenText.make(from: paths, &source)
            if let path = try? JSONPath(text) { _ = try? path.values(in: value) }
        }
    }
}
