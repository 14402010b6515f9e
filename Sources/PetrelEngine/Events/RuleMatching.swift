import PetrelCore
import PetrelExpressions

/// Finds the rules that fit an instance: values in, values out.
struct RuleMatching: Sendable {
    /// What became of one rule.
    enum Verdict: Sendable {
        case fits(Rule)
        /// It could not be looked at; this is recorded and taken for no match.
        case broken(Rule, reason: String)
    }

    let catalog: EventCatalog
    let now: Instant
    let lookups: [String: any LookupRoot]

    /// The rules of the instance's trigger that fit: standard ones, or else the backstops.
    func verdicts(on instance: TriggerInstance) -> [Verdict] {
        guard let bundle = catalog.bundle(of: instance.trigger) else { return [] }
        let standard = verdicts(bundle.standardCandidates(for: instance.payload), instance)
        let hasMatch = standard.contains { if case .fits = $0 { true } else { false } }
        if hasMatch { return standard }
        return standard + verdicts(bundle.backstopCandidates(for: instance.payload), instance)
    }

    private func verdicts(_ entries: [RuleBundle.Entry], _ instance: TriggerInstance) -> [Verdict] {
        let context = Self.context(now: now, lookups: lookups)
        return entries.compactMap { entry in
            switch entry.criteria {
            case .failure(let error): return .broken(entry.rule, reason: reason(entry.rule, instance, error.message))
            case .success(let criteria):
                let outcome = criteria.evaluate(instance.payload, context: context)
                if outcome.isMatch { return .fits(entry.rule) }
                guard let failure = outcome.failures.first else { return nil }
                let sentence = "\(failure.reason): \(failure.error.message)"
                return .broken(entry.rule, reason: reason(entry.rule, instance, sentence))
            }
        }
    }

    private func reason(_ rule: Rule, _ instance: TriggerInstance, _ sentence: String) -> String {
        "Failed to match rule \"\(rule.ref)\" against trigger instance \"\(instance.id)\": \(sentence)"
    }

    /// What criteria see besides the payload.
    static func context(now: Instant, lookups: [String: any LookupRoot]) -> CriteriaContext {
        CriteriaContext(now: now, datastore: lookups["st2kv"]) { text, values throws(ExpressionError) in
            try JinjaTemplate.cached(text).render(JinjaContext(values: values, lookups: lookups))
        }
    }
}
