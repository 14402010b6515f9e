public import PetrelCore

/// The criteria of a rule, read once: keys, operators and patterns that are no templates are ready for use.
///
/// All must hold. Any thread may evaluate them at any time.
public struct RuleCriteria: Sendable {
    private let criteria: [Criterion]
    private let ruleRef: String

    /// Reads the criteria of a rule that has been accepted; what is wrong in them shows when they are evaluated, as in
    /// StackStorm.
    ///
    /// The rule's reference is for the reasons of failures. To refuse a rule when it is saved, use ``validate(_:)``.
    /// - Throws: ``ExpressionError`` with code `tooComplex` when searches nest too deeply.
    public init(_ criteria: ValueObject, rule ruleRef: String = "") throws(ExpressionError) {
        var read: [Criterion] = []
        read.reserveCapacity(criteria.count)
        for (key, value) in criteria { read.append(try Criterion(key, value, depth: 0)) }
        self.criteria = read
        self.ruleRef = ruleRef
    }

    /// Whether all criteria hold for a payload; stops at the first that does not.
    public func evaluate(_ payload: Value, context: CriteriaContext) -> CriteriaOutcome {
        if criteria.isEmpty { return CriteriaOutcome(isMatch: true, failed: nil, failures: []) }
        guard payload.isTruthy else { return CriteriaOutcome(isMatch: false, failed: nil, failures: []) }
        let run = CriteriaRun(context, ruleRef)
        for criterion in criteria {
            let result = criterion.check(payload, root: "trigger", run)
            if !result.isMatch {
                let check = Self.check(criterion, result, run.failures)
                return CriteriaOutcome(isMatch: false, failed: check, failures: run.failures)
            }
        }
        return CriteriaOutcome(isMatch: true, failed: nil, failures: run.failures)
    }

    /// Every criterion with what was compared, for trying a rule out.
    public func checks(_ payload: Value, context: CriteriaContext) -> [CriterionCheck] {
        criteria.map { criterion in
            let run = CriteriaRun(context, ruleRef)
            let result = criterion.check(payload, root: "trigger", run)
            return Self.check(criterion, result, run.failures)
        }
    }

    private static func check(
        _ criterion: Criterion, _ result: Criterion.Result, _ failures: [CriteriaFailure]
    ) -> CriterionCheck {
        CriterionCheck(
            key: criterion.key, operatorName: criterion.operatorName, payloadValue: result.payloadValue,
            pattern: result.pattern, isMatch: result.isMatch, failures: failures)
    }
}

/// One evaluation: what it may still cost, and what went wrong so far; used by one thread.
final class CriteriaRun {
    let context: CriteriaContext
    let ruleRef: String
    let budget: EvaluationBudget
    private(set) var failures: [CriteriaFailure] = []
    private var reachedLimit = false

    /// A search over a long list can fail at each item; more than these tell nothing new, except that a limit was
    /// reached.
    private static let maxFailures = 100

    init(_ context: CriteriaContext, _ ruleRef: String) {
        self.context = context
        self.ruleRef = ruleRef
        budget = EvaluationBudget(context.limits)
    }

    func fail(_ step: CriteriaFailure.Step, _ reason: @autoclosure () -> String, _ error: ExpressionError) {
        let isLimit = error.code == .tooComplex && !reachedLimit
        reachedLimit = reachedLimit || isLimit
        if failures.count < Self.maxFailures || isLimit {
            failures.append(CriteriaFailure(step: step, reason: reason(), error: error))
        }
    }
}
