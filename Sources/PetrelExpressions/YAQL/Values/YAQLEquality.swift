import PetrelCore

/// Python's `==`.
enum YAQLEquality {
    /// - Parameter budget: counts the items compared; nil where that was counted before.
    static func equal(
        _ left: YAQLValue, _ right: YAQLValue, _ budget: EvaluationBudget?, depth: Int = 0
    ) throws(YAQLFault) -> Bool {
        if let one = YAQLLibrary.list(left), let two = YAQLLibrary.list(right) {
            guard one !== two else { return true }
            return haveSameKind(left, right) ? try equal(one, two, budget, depth) : false
        }
        if let one = dictionary(left), let two = dictionary(right) {
            return one === two ? true : try equal(one, two, budget, depth)
        }
        return try areEqualScalars(left, right, budget, depth)
    }

    private static func haveSameKind(_ left: YAQLValue, _ right: YAQLValue) -> Bool {
        switch (left, right) {
        case (.tuple, .tuple), (.list, .list): true
        default: false
        }
    }

    private static func dictionary(_ value: YAQLValue) -> YAQLDictionary? {
        if case .dictionary(let dictionary) = value { dictionary } else { nil }
    }

    private static func areEqualScalars(
        _ left: YAQLValue, _ right: YAQLValue, _ budget: EvaluationBudget?, _ depth: Int
    ) throws(YAQLFault) -> Bool {
        switch (left, right) {
        case (.string(let one), .string(let two)):
            if let budget { try compare(one, two, budget) }
            return PythonText.equal(one, two)
        case (.integer(let one), .integer(let two)): return one == two
        case (.null, .null): return true
        case (.date(let one), .date(let two)): return one.instant == two.instant
        case (.timespan(let one), .timespan(let two)): return one == two
        case (.regex(let one), .regex(let two)): return one === two || one.pattern.text == two.pattern.text
        default: break
        }
        if let one = left.numberOrBoolean, let two = right.numberOrBoolean {
            return PythonNumber.order(one, two) == .equal
        }
        guard let budget else {
            // Only sets are left of what can be a key and is not the same object.
            guard case .set(let one) = left, case .set(let two) = right else { return isIdentical(left, right) }
            return one.items.count == two.items.count && one.items.isSubset(of: two.items)
        }
        if let one = try YAQLSets.items(of: left, budget), let two = try YAQLSets.items(of: right, budget) {
            try count(one.count, budget, depth)
            return one.count == two.count && one.isSubset(of: two)
        }
        return isIdentical(left, right)
    }

    private static func equal(
        _ one: YAQLList, _ two: YAQLList, _ budget: EvaluationBudget?, _ depth: Int
    ) throws(YAQLFault) -> Bool {
        guard one.count == two.count else { return false }
        try count(one.count, budget, depth)
        for position in 0..<one.count
        where try !equal(one[position], two[position], budget, depth: depth + 1) { return false }
        return true
    }

    private static func equal(
        _ one: YAQLDictionary, _ two: YAQLDictionary, _ budget: EvaluationBudget?, _ depth: Int
    ) throws(YAQLFault) -> Bool {
        guard one.count == two.count else { return false }
        try count(one.count, budget, depth)
        for (key, value) in one.entries {
            guard let other = try two.member(key, budget), try equal(value, other, budget, depth: depth + 1) else {
                return false
            }
        }
        return true
    }

    private static func isIdentical(_ left: YAQLValue, _ right: YAQLValue) -> Bool {
        switch (left, right) {
        case (.iterator(let one), .iterator(let two)): one === two
        case (.ordering(let one), .ordering(let two)): one === two
        case (.context(let one), .context(let two)): one === two
        case (.view(let one), .view(let two)): one === two
        case (.absent, .absent): true
        default: false
        }
    }

    /// Counts the comparing of two texts.
    static func compare(_ one: String, _ two: String, _ budget: EvaluationBudget) throws(YAQLFault) {
        do throws(PythonFault) { try budget.compare(one, two) } catch { throw YAQLFault(error) }
    }

    static func count(_ items: Int, _ budget: EvaluationBudget?, _ depth: Int) throws(YAQLFault) {
        try YAQLValue.checkWalk(depth)
        guard let budget else { return }
        do throws(ExpressionError) { try budget.step(items + 1) } catch { throw YAQLFault(error, as: "RecursionError") }
    }
}

/// What can be read as a set.
enum YAQLSets {
    /// The items of a set, or of a view that is one; nil for others.
    static func items(of value: YAQLValue, _ budget: EvaluationBudget) throws(YAQLFault) -> OrderedSet<YAQLKey>? {
        switch value {
        case .set(let set): return set.items
        case .view(let view) where view.isSet:
            var items = OrderedSet<YAQLKey>(minimumCapacity: view.dictionary.count)
            for item in try view.items() { items.append(try YAQLKey(item, budget)) }
            return items
        default: return nil
        }
    }
}
