import PetrelCore

/// What is left of the limits during one evaluation; used by one thread.
final class EvaluationBudget {
    private let limits: EvaluationLimits
    private var steps = 0
    private var bytes = 0
    private var depth = 0

    init(_ limits: EvaluationLimits) { self.limits = limits }

    /// Counts work before it is done.
    func step(_ count: Int = 1) throws(ExpressionError) {
        steps &+= count
        if steps > limits.maxSteps || steps < 0 { throw exhausted("\(limits.maxSteps) steps") }
    }

    /// What an item of a list or mapping counts as.
    static let itemBytes = 40

    /// Counts text or items before they are made; an item counts ``itemBytes``.
    func produce(bytes count: Int) throws(ExpressionError) {
        bytes &+= count
        if bytes > limits.maxBytes || bytes < 0 { throw exhausted("\(limits.maxBytes) bytes of text and items") }
    }

    /// More items than this would not fit.
    var mostItems: Int { max(1, (limits.maxBytes - bytes) / Self.itemBytes + 1) }

    /// Counts one more level, until ``leave()``.
    func enter() throws(ExpressionError) {
        depth += 1
        if depth > limits.maxDepth { throw exhausted("\(limits.maxDepth) levels of nesting") }
    }

    /// Ends a level.
    func leave() { depth -= 1 }

    private func exhausted(_ what: String) -> ExpressionError {
        ExpressionError(
            .tooComplex, "The expression takes more than \(what)",
            hint: "Make it smaller, or do this work in an action")
    }
}
