import PetrelCore

/// What is left of the limits during one evaluation; used by one thread.
///
/// It is asked at each step, so its counts, and what ``JinjaRun`` and its scopes hold, are read and written without the run-time
/// checks of exclusive access, which took a third of a loop's time. Nothing here is lent out while it may change.
final class EvaluationBudget {
    private let limits: EvaluationLimits
    @exclusivity(unchecked) private var steps = 0
    @exclusivity(unchecked) private var bytes = 0
    @exclusivity(unchecked) private var depth = 0

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

    /// Appends to a text that may become large; its bytes are counted already.
    ///
    /// A text that outgrows its room is copied into twice as much, and both are there for a moment. A large one is given
    /// all that it may still take, which is not touched until it is needed.
    @inline(__always)
    func append(_ text: String, to out: inout String) {
        let size = out.utf8.count &+ text.utf8.count
        if size > Self.largeText { out.reserveCapacity(size &+ room) }
        out += text
    }

    private static let largeText = 1 << 20

    /// How many bytes may still be made.
    var room: Int { max(0, limits.maxBytes &- bytes) }

    /// More items than this would not fit.
    var mostItems: Int { room / Self.itemBytes + 1 }

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
