import PetrelCore
import Testing

@testable import PetrelExpressions

@Suite("Rule operators")
struct OperatorTests {
    private let now = Instant(microseconds: 1_709_294_400_000_000)

    @Test("each operator answers as the original does, or fails where it fails")
    func recorded() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("criteria-cases.jsonl").filter { $0["operator"] != nil }
        for record in cases {
            let got = try? RuleOperator(record["operator"]?.string ?? "").matches(
                record["value"] ?? .null, pattern: record["pattern"] ?? .null, now: now)
            if got != record["result"]?.bool {
                failures.append("\(JSONWriter.text(record)) got \(got.map { "\($0)" } ?? "an error")")
            }
        }
        #expect(cases.count > 200)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    @Test("dates are read as the original reads them")
    func dates() throws {
        var failures: [String] = []
        let cases = try RecordedCases.read("criteria-cases.jsonl").filter { $0["date"] != nil }
        for record in cases {
            let got = try? LenientDate.instant(record["date"]?.string ?? "", now: now).description
            if got != record["result"]?.string {
                failures.append("\(JSONWriter.text(record)) got \(got ?? "an error")")
            }
        }
        #expect(cases.count > 100)
        #expect(failures.isEmpty, "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))")
    }

    @Test("a name is known in any letter case; other names are refused with all names")
    func names() throws {
        #expect(RuleOperator.names.count == 33)
        #expect(try RuleOperator("EQUALS").matches("a", pattern: "a", now: now))
        let error = #expect(throws: ExpressionError.self) { try RuleOperator("like") }
        #expect(error?.message == "Invalid operator: like")
        #expect(error?.hint?.contains("matchwildcard") == true)
    }

    @Test("wildcards that would take for ever are given up")
    func wildcard() {
        let pattern = "*" + String(repeating: "a", count: 500) + "b"
        #expect(throws: ExpressionError.self) {
            try RuleOperator("matchwildcard").matches(
                .string(String(repeating: "a", count: 100_000)), pattern: .string(pattern), now: now)
        }
    }
}

@Suite("Rule criteria")
struct OperatorCriteriaTests {
    private let context = CriteriaContext(now: Instant(microseconds: 0)) {
        (template, values) throws(ExpressionError) -> String in
        if template.contains("nope") { throw ExpressionError(.undefined, "'nope' is undefined") }
        return template.contains("to_complex") ? "7" : "seven"
    }

    private func criteria(_ value: Value) throws -> RuleCriteria { try RuleCriteria(value.object ?? [:], rule: "p.r") }

    @Test("the first criterion that fails is named, with what was compared")
    func failed() throws {
        let criteria = try criteria([
            "trigger.a": ["type": "eq", "pattern": 1], "trigger.b#x": ["type": "gt", "pattern": 5],
            "trigger.c": ["type": "eq", "pattern": 1],
        ])
        let outcome = criteria.evaluate(["a": 1, "b": 2], context: context)
        #expect(!outcome.isMatch)
        #expect(outcome.failed?.key == "trigger.b#x")
        #expect(outcome.failed?.operatorName == "gt")
        #expect(outcome.failed?.payloadValue == 2)
        #expect(outcome.failed?.pattern == 5)
        #expect(outcome.failures.isEmpty)
        #expect(criteria.checks(["a": 1, "b": 6, "c": 1], context: context).map(\.isMatch) == [true, true, true])
        #expect(criteria.evaluate(["a": 1, "b": 6, "c": 1], context: context).isMatch)
    }

    @Test("what goes wrong is recorded with StackStorm's reason, and counts as no match")
    func failures() throws {
        let cases: [(String, Value, CriteriaFailure.Step, String)] = [
            (
                "trigger.a", ["type": "gt", "pattern": "x"], .comparison,
                "There might be a problem with the criteria in rule p.r"
            ),
            (
                "trigger.a", ["type": "eq", "pattern": "{{ nope }}"], .rendering,
                "Failed to render pattern value \"{{ nope }}\" for key \"trigger.a\""
            ),
            (
                "trigger.[#1", ["type": "eq", "pattern": 1], .lookup,
                "Failed transforming criteria key trigger.[#1"
            ),
            (
                "trigger.a", ["type": "like", "pattern": 1], .choosingOperator,
                "There might be a problem with the criteria in rule p.r"
            ),
        ]
        for (key, criterion, step, reason) in cases {
            let outcome = try RuleCriteria([key: criterion], rule: "p.r").evaluate(["a": 1], context: context)
            #expect(!outcome.isMatch)
            #expect(outcome.failures.map(\.step) == [step])
            #expect(outcome.failures.map(\.reason) == [reason])
        }
    }

    @Test("a template keeps the type of its value where it can")
    func template() throws {
        let criteria = try criteria(["trigger.a": ["type": "eq", "pattern": "{{ trigger.b }}"]])
        #expect(criteria.evaluate(["a": 7], context: context).isMatch)
        #expect(criteria.evaluate(["a": "7"], context: context).failed?.pattern == 7)
        let block = try self.criteria(["trigger.a": ["type": "eq", "pattern": "{% if x %}{% endif %}"]])
        #expect(block.evaluate(["a": "seven"], context: context).isMatch)
    }

    @Test("a pattern without expressions loses one line break at its end, as rendering does")
    func plainPattern() throws {
        let criteria = try criteria(["trigger.a": ["type": "eq", "pattern": "x\r\ny\n"]])
        #expect(criteria.evaluate(["a": "x\ny"], context: context).isMatch)
    }

    @Test("keys that begin with system look into the datastore")
    func datastore() throws {
        struct Store: LookupRoot {
            func value(at path: [String]) throws(ExpressionError) -> Value? {
                path == ["a", "b"] ? "found" : nil
            }
        }
        var context = context
        context.datastore = Store()
        let criteria = try criteria([
            "system.a.b": ["type": "eq", "pattern": "found"], "system.none": ["type": "nexists", "pattern": 1],
        ])
        #expect(criteria.evaluate(["x": 1], context: context).isMatch)
    }

    @Test("saving refuses what StackStorm refuses, in its words")
    func validation() throws {
        try RuleCriteria.validate(["trigger.a": ["type": "exists", "pattern": ""]])
        let refused: [(Value, String)] = [
            ([:], "Operator not specified for field: k"),
            (["type": "exists"], "For field: k, no pattern specified for operator exists"),
        ]
        for (criterion, message) in refused {
            let error = #expect(throws: ExpressionError.self) { try RuleCriteria.validate(["k": criterion]) }
            #expect(error?.message == message)
        }
        let error = #expect(throws: ExpressionError.self) {
            try RuleCriteria.validate(["k": ["type": "Eq", "pattern": 1]])
        }
        let start = "For field: k, operator Eq not in list of allowed operators: ['matchwildcard', 'matchregex', "
        #expect(error?.message.hasPrefix(start) == true)
    }

    @Test("searches are bounded in depth and in work")
    func bounded() throws {
        var nested: Value = ["type": "exists"]
        for _ in 0..<40 { nested = ["type": "search", "condition": "any", "pattern": ["item": nested]] }
        let deep = nested
        #expect(throws: ExpressionError.self) { try RuleCriteria(["trigger.a": deep]) }
        var search: Value = ["type": "eq", "pattern": 1]
        for _ in 0..<4 { search = ["type": "search", "condition": "all", "pattern": ["item.x": search]] }
        let list = Value.array(Array(repeating: ["x": 1], count: 1_000))
        var payload: Value = list
        for _ in 0..<2 { payload = .array(Array(repeating: ["x": payload], count: 200)) }
        var context = context
        context.limits = EvaluationLimits(maxSteps: 20_000, maxBytes: 1 << 20, maxDepth: 200)
        let outcome = try RuleCriteria(["trigger.a": search]).evaluate(["a": payload], context: context)
        #expect(!outcome.isMatch)
        #expect(outcome.failures.contains { $0.error.code == .tooComplex })
        #expect(outcome.failures.count <= 101)
    }
}

@Suite("Rule criteria Fuzz")
struct OperatorFuzz {
    @Test("broken patterns and dates end in an answer or an error, never in a crash")
    func fuzz() throws {
        var source = SeededGenerator(seed: 23)
        let cases = try RecordedCases.read("criteria-cases.jsonl")
        let texts = cases.flatMap { [$0["pattern"]?.string, $0["value"]?.string, $0["date"]?.string] }.compactMap(
            \.self)
        let now = Instant(microseconds: 1_709_294_400_000_000)
        for _ in 0..<BrokenText.rounds {
            let name = RuleOperator.names.randomElement(using: &source) ?? "eq"
            let value = Value.string(BrokenText.make(from: texts, &source))
            let pattern = Value.string(BrokenText.make(from: texts, &source))
            _ = try? RuleOperator(name).matches(value, pattern: pattern, now: now)
            _ = try? LenientDate.instant(BrokenText.make(from: texts, &source), now: now)
        }
    }
}
