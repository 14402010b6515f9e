import PetrelCore

/// The operator `search`: criteria for the items of a list.
struct CriteriaSearch: Sendable {
    let pattern: Value
    /// Nil when the pattern is no mapping.
    private let children: [Criterion]?
    private let conditionText: String
    private let needsAllItems: Bool
    private let needsAllCriteria: Bool
    private let isKnown: Bool

    init(_ pattern: Value, condition: Value, depth: Int) throws(ExpressionError) {
        self.pattern = pattern
        if case .object(let members) = pattern {
            var children: [Criterion] = []
            for (key, value) in members { children.append(try Criterion(key, value, depth: depth + 1)) }
            self.children = children
        } else {
            children = nil
        }
        conditionText = condition.pythonString
        let name = condition.string
        needsAllItems = name == "all" || name == "all2any"
        needsAllCriteria = name == "all" || name == "any"
        isKnown = needsAllItems || name == "any" || name == "any2any"
    }

    /// Every item is looked at, even when the answer is known, since what goes wrong is recorded.
    func matches(_ value: Value, _ run: CriteriaRun) throws(ExpressionError) -> Bool {
        guard isKnown else {
            throw ExpressionError(
                .failed,
                "The '\(conditionText)' condition is not recognized for type search, 'any', 'all', 'any2any' and "
                    + "'all2any' are allowed")
        }
        let items = try Self.items(value)
        var matching = 0
        for item in items where try matches(item: item, run) { matching += 1 }
        return needsAllItems ? matching == items.count : matching > 0
    }

    private func matches(item: Value, _ run: CriteriaRun) throws(ExpressionError) -> Bool {
        guard let children else {
            throw ExpressionError(.failed, "'\(PythonValues.typeName(pattern))' object has no attribute 'items'")
        }
        try run.budget.step()
        var matching = 0
        for child in children where child.check(item, root: "item", run).isMatch { matching += 1 }
        return needsAllCriteria ? matching == children.count : matching > 0
    }

    private static func items(_ value: Value) throws(ExpressionError) -> [Value] {
        switch value {
        case .array(let items): return items
        case .object: return [value]
        case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
        default:
            throw ExpressionError(.failed, "'\(PythonValues.typeName(value))' object is not iterable")
        }
    }
}
