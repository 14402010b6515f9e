public import PetrelCore

/// What went wrong while a rule was matched; StackStorm records it as a failed enforcement and takes it for no match.
public struct CriteriaFailure: Sendable {
    /// At which step.
    public enum Step: Sendable, Hashable {
        /// The pattern is a template that can't be rendered.
        case rendering
        /// The key is no path, or can't be followed.
        case lookup
        /// No operator has that name.
        case choosingOperator
        /// The operator can't compare these values.
        case comparison
    }

    /// At which step it went wrong.
    public let step: Step
    /// StackStorm's sentence for the step, such as `Failed transforming criteria key trigger.[`.
    public let reason: String
    /// What exactly went wrong.
    public let error: ExpressionError
}

/// One criterion as it was checked.
public struct CriterionCheck: Sendable {
    /// The key as the rule has it, with its `#` suffix.
    public let key: String
    /// The operator's name as the rule has it; nil when it names none.
    public let operatorName: String?
    /// What the key led to; null when it led nowhere.
    public let payloadValue: Value
    /// The pattern, rendered if it is a template.
    public let pattern: Value
    /// Whether the value fits.
    public let isMatch: Bool
    /// What went wrong, in searches possibly more than once; also where the criterion matches in the end.
    public let failures: [CriteriaFailure]
}

/// Whether a rule's criteria hold, and if not, which one fails and why.
public struct CriteriaOutcome: Sendable {
    /// Whether all criteria hold.
    public let isMatch: Bool
    /// The first criterion that does not hold; nil when all do, or when there is no payload at all to look at.
    public let failed: CriterionCheck?
    /// What went wrong on the way, in the order in which it happened.
    public let failures: [CriteriaFailure]
}
