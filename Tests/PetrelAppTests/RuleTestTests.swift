import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Testing rules")
struct RuleTestTests {
    private let rule: Value = [
        "name": "r", "pack": "p", "trigger": ["type": "core.st2.webhook", "parameters": ["url": "u"]],
        "criteria": [
            "trigger.body.kind": ["type": "equals", "pattern": "disk"],
            "trigger.body.free": ["type": "lt", "pattern": 10],
        ], "action": ["ref": "core.noop"],
    ]

    private func run(_ payload: Value) throws -> RuleTestRun {
        try RuleTestRun(rule: rule, instance: ["payload": payload], now: Instant(microseconds: 0))
    }

    @Test("a fit is told, with every criterion")
    func fits() throws {
        let run = try run(["body": ["kind": "disk", "free": 3]])
        #expect(run.isMatch)
        #expect(
            run.lines == [
                "Rule p.r", "ok   trigger.body.kind: \"disk\" equals \"disk\"", "ok   trigger.body.free: 3 lt 10",
                "=== RULE MATCHES ===",
            ])
    }

    @Test("what fails is told with both values, and with what went wrong")
    func fails() throws {
        let run = try run(["body": ["kind": "cpu", "free": "much"]])
        #expect(!run.isMatch)
        #expect(run.lines[1] == "FAIL trigger.body.kind: \"cpu\" equals \"disk\"")
        #expect(run.lines[2].hasPrefix("FAIL trigger.body.free: "))
        #expect(run.lines.contains { $0.contains("There might be a problem with the criteria in rule p.r") })
        #expect(run.lines.last == "=== RULE DOES NOT MATCH ===")
    }

    @Test("nothing fits an empty payload, and a rule that is none is refused")
    func edges() throws {
        #expect(try !run([:]).isMatch)
        #expect(throws: AppError.self) {
            try RuleTestRun(rule: ["name": "r"], instance: [:], now: Instant(microseconds: 0))
        }
    }
}
