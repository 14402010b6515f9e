import PetrelCore

/// A value that can be a key or an item of a set: equal and hashed as in Python, so that 1, 1.0 and true are one key.
struct YAQLKey: Hashable {
    let value: YAQLValue

    /// Counts the parts of the value as steps.
    /// - Throws: `TypeError` for what Python can't hash: lists, mutable mappings, views, and what holds one.
    init(_ value: YAQLValue, _ budget: EvaluationBudget) throws(YAQLFault) {
        switch value {
        case .tuple, .list, .dictionary, .view, .set:
            try YAQLValue.checkWalk(value.depth)
            try Self.check(value, budget, depth: 0)
        // Hashing reads the text.
        case .string(let text):
            if text.utf8.count >= 256 { try YAQLEquality.count(text.utf8.count / 16, budget, 0) }
        default: break
        }
        self.value = value
    }

    init(_ text: String) { value = .string(text) }

    /// What has been a key before.
    init(checked value: YAQLValue) { self.value = value }

    private static func check(_ value: YAQLValue, _ budget: EvaluationBudget, depth: Int) throws(YAQLFault) {
        switch value {
        case .list: throw .unhashable("list")
        case .set(let set) where !set.isFrozen: throw .unhashable("set")
        case .view(let view) where view.isSet: throw .unhashable(view.typeName)
        case .tuple(let list):
            try YAQLEquality.count(list.count * 4 + 8, budget, depth)
            for position in 0..<list.count { try check(list[position], budget, depth: depth + 1) }
        case .dictionary(let dictionary):
            guard dictionary.isFrozen else { throw .unhashable("dict") }
            try YAQLEquality.count(dictionary.count * 8 + 8, budget, depth)
            for (_, value) in dictionary.entries { try check(value, budget, depth: depth + 1) }
        default: break
        }
    }

    static func == (left: YAQLKey, right: YAQLKey) -> Bool {
        // Keys hold nothing that nests deeper than the comparison allows: their making has checked it.
        (try? YAQLEquality.equal(left.value, right.value, nil)) ?? false
    }

    func hash(into hasher: inout Hasher) { Self.hash(value, into: &hasher) }

    private static func hash(_ value: YAQLValue, into hasher: inout Hasher) {
        if let number = value.numberOrBoolean {
            hasher.combine(number.hashable)
            return
        }
        switch value {
        case .null: hasher.combine(1)
        case .string(let text): hasher.combine(text)
        case .tuple(let list):
            hasher.combine(list.count)
            for position in 0..<list.count { hash(list[position], into: &hasher) }
        case .dictionary(let dictionary):
            hasher.combine(
                unordered(dictionary.entries) { entry, hasher in
                    hash(entry.key, into: &hasher)
                    hash(entry.value, into: &hasher)
                })
        case .set(let set): hasher.combine(unordered(set.items) { key, hasher in key.hash(into: &hasher) })
        case .date(let date): hasher.combine(date.instant)
        case .timespan(let microseconds): hasher.combine(microseconds)
        case .regex(let regex): hasher.combine(regex.pattern.text)
        case .iterator(let iterator): hasher.combine(ObjectIdentifier(iterator))
        case .ordering(let ordering): hasher.combine(ObjectIdentifier(ordering))
        case .view(let view): hasher.combine(ObjectIdentifier(view))
        case .context(let frame): hasher.combine(ObjectIdentifier(frame))
        default: hasher.combine(0)
        }
    }

    /// A number that does not depend on the order of the items.
    private static func unordered<Items: Sequence>(
        _ items: Items, _ hash: (Items.Element, inout Hasher) -> Void
    ) -> Int {
        var result = 0
        for item in items {
            var hasher = Hasher()
            hash(item, &hasher)
            result ^= hasher.finalize()
        }
        return result
    }
}
