import PetrelCore
import PetrelExpressions
import Testing

/// Rule criteria as StackStorm's rule filter was recorded to match them.
@Suite("Criteria vectors")
struct CriteriaConformance {
    @Test("operators, criteria and whole rules match as in StackStorm")
    func criteria() throws {
        let score = try ConformanceFile("criteria.jsonl").judge { record in
            let isRight =
                switch record["kind"]?.string {
                case "operator": isRightOperator(record)
                case "criterion": try isRightCriterion(record)
                default: try isRightRule(record)
                }
            return ConformanceFile.Verdict(isRight: isRight, got: "something else")
        }
        #expect(score.isEnough)
    }

    private func now(_ record: Value) -> Instant {
        record["now"]?.string.flatMap { Instant($0) } ?? Instant(microseconds: 0)
    }

    private func isRightOperator(_ record: Value) -> Bool {
        let got = try? RuleOperator(record["operator"]?.string ?? "").matches(
            record["value"] ?? .null, pattern: record["pattern"] ?? .null, now: now(record))
        return record["error"] != nil ? got == nil : got == record["result"]?.bool
    }

    private func context(_ record: Value) -> CriteriaContext {
        CriteriaContext(now: now(record)) { (template, values) throws(ExpressionError) -> String in
            try JinjaTemplate.cached(template).render(JinjaContext(values: values))
        }
    }

    private func isRightCriterion(_ record: Value) throws -> Bool {
        let criteria = try RuleCriteria(
            [record["key"]?.string ?? "": record["criterion"] ?? .null], rule: "p.r")
        let checks = criteria.checks(record["payload"] ?? .null, context: context(record))
        guard let check = checks.first else { return false }
        if record["error"] != nil { return check.failures.contains { $0.step == .choosingOperator } }
        // What was compared is recorded only where something was; the reference forgets it after a failure.
        let value = record["payload_value"].map { $0.isEquivalent(to: check.payloadValue) } ?? true
        let pattern = record["rendered_pattern"].map { $0.isEquivalent(to: check.pattern) } ?? true
        return check.isMatch == record["result"]?.bool && value && pattern
            && record["failure"]?["reason"]?.string == check.failures.last?.reason
    }

    private func isRightRule(_ record: Value) throws -> Bool {
        let criteria = try RuleCriteria(record["criteria"]?.object ?? [:], rule: "p.r")
        let outcome = criteria.evaluate(record["payload"] ?? .null, context: context(record))
        let reasons = record["failures"]?.array?.map { $0["reason"]?.string } ?? []
        return outcome.isMatch == record["result"]?.bool && reasons == outcome.failures.map(\.reason)
    }
}
