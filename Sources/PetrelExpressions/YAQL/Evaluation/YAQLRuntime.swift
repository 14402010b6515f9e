import PetrelCore

/// One evaluation: its budget, and the functions and the workflow that it may ask.
final class YAQLRuntime {
    let budget: EvaluationBudget
    /// The functions that the caller gives.
    let functions: [HostFunction]
    /// The workflow's context; nil outside workflows, where `ctx()` and its like don't exist.
    let workflow: ValueObject?
    private let maxDepth: Int
    @exclusivity(unchecked) private var depth = 0

    init(functions: [HostFunction], workflow: ValueObject?, limits: EvaluationLimits) {
        budget = EvaluationBudget(limits)
        self.functions = functions
        self.workflow = workflow
        maxDepth = limits.maxDepth
    }

    /// Counts steps before they are done.
    @inline(never)
    func step(_ count: Int = 1) throws(YAQLFault) {
        do throws(ExpressionError) { try budget.step(count) } catch { throw YAQLFault(error, as: "RecursionError") }
    }

    /// Counts text before it is made.
    @inline(never)
    func produce(bytes count: Int) throws(YAQLFault) {
        do throws(ExpressionError) { try budget.produce(bytes: count) } catch {
            throw YAQLFault(error, as: "MemoryError")
        }
    }

    /// Counts items before they are made.
    func produce(items count: Int) throws(YAQLFault) {
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: EvaluationBudget.itemBytes)
        try produce(bytes: isTooLarge ? Int.max >> 1 : max(0, bytes))
    }

    /// Counts steps that are one level deeper, until ``leave()``: a call costs as much as a few items of a list.
    func enter() throws(YAQLFault) {
        try step(4)
        guard depth < maxDepth else {
            throw .tooComplex("The expression takes more than \(maxDepth) levels of nesting")
        }
        depth += 1
    }

    /// Ends a level.
    func leave() { depth -= 1 }

    /// Reads whatever is iterable.
    func iterator(over value: YAQLValue) throws(YAQLFault) -> YAQLIterator {
        switch value {
        case .tuple(let list), .list(let list): return try .items(of: list, self)
        case .iterator(let iterator): return try iterator.fresh()
        case .ordering(let ordering): return try .items(of: ordering.items(self), self)
        case .set(let set): return try .items(set.items.map(\.value), self)
        case .view(let view): return try .items(view.items(), self)
        default: throw .type("'\(value.typeName)' object is not iterable")
        }
    }

    /// All items of whatever is iterable.
    func items(of value: YAQLValue) throws(YAQLFault) -> [YAQLValue] {
        switch value {
        case .tuple(let list), .list(let list):
            try step(list.count)
            return list.items
        case .ordering(let ordering): return try ordering.items(self).items
        case .set(let set):
            try step(set.count)
            return set.items.map(\.value)
        case .view(let view):
            try step(view.dictionary.count)
            return try view.items()
        default:
            let iterator = try iterator(over: value)
            var items: [YAQLValue] = []
            while let item = try iterator.next() {
                try produce(items: 1)
                items.append(item)
            }
            return items
        }
    }

    /// A set of items, each of which must be hashable.
    func set(_ items: [YAQLValue], isFrozen: Bool = true) throws(YAQLFault) -> YAQLValue {
        try produce(items: items.count)
        var set = OrderedSet<YAQLKey>(minimumCapacity: items.count)
        for item in items { set.append(try YAQLKey(item, budget)) }
        return .set(try YAQLSet(set, isFrozen: isFrozen))
    }

    func areEqual(_ left: YAQLValue, _ right: YAQLValue) throws(YAQLFault) -> Bool {
        try YAQLEquality.equal(left, right, budget)
    }
}
