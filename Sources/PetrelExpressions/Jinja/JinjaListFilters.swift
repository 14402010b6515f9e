import PetrelCore

/// Filters on lists and mappings.
enum JinjaListFilters {
    static let filters: [JinjaFilter] = [
        JinjaFilter("default", ["default_value", "boolean"]) { run, value, slots throws(PythonFault) in
            if value.isUndefined { return slots[0] ?? .emptyText }
            if try slots.truth(1, false, run), try !run.truth(value) { return slots[0] ?? .emptyText }
            return value
        },
        JinjaFilter("attr", ["name"], required: 1) { run, value, slots throws(PythonFault) in
            let name = try slots.text(0, "", run)
            return try run.strictAttribute(name, of: value)
        },
        JinjaFilter("length") { run, value, _ throws(PythonFault) in .integer(try run.length(value)) },
        JinjaFilter("list") { run, value, _ throws(PythonFault) in
            let items = try run.items(of: value)
            try run.budget.make(items.count, times: EvaluationBudget.itemBytes)
            return .list(items)
        },
        JinjaFilter("items") { run, value, _ throws(PythonFault) in
            .object(JinjaGenerator { () throws(PythonFault) in try pairs(value, run) })
        },
        JinjaFilter("first") { run, value, _ throws(PythonFault) in
            var iterator = try JinjaIterator(value, run)
            if let first = try iterator.next() { return first }
            return run.missing("No first item, sequence was empty.")
        },
        JinjaFilter("last") { run, value, _ throws(PythonFault) in
            guard run.isReversible(value) else { throw .type("'\(value.typeName)' object is not reversible") }
            if let text = value.string, let last = text.unicodeScalars.last {
                return isMarkup(value) ? .markup(String(last)) : .text(String(last))
            }
            return try run.items(of: value).last ?? run.missing("No last item, sequence was empty.")
        },
        JinjaFilter("random") { run, value, _ throws(PythonFault) in
            let count = try run.length(value)
            guard count > 0 else { return run.missing("No random item, sequence was empty.") }
            if value.memberCount != nil { throw PythonFault(.keyError, "0") }
            let place = Int.random(in: 0..<count)
            if let text = value.string {
                let part = PythonText.slice(text, place..<(place + 1))
                return isMarkup(value) ? .markup(part) : .text(part)
            }
            return try run.items(of: value)[place]
        },
        JinjaFilter("reverse", [], reverse),
        JinjaFilter("join", ["d", "attribute"], join),
        JinjaFilter("batch", ["linecount", "fill_with"], required: 1, batch),
        JinjaFilter("slice", ["slices", "fill_with"], required: 1, slice),
        JinjaFilter("sort", ["reverse", "case_sensitive", "attribute"], sort),
        JinjaFilter("dictsort", ["case_sensitive", "by", "reverse"], dictSort),
        JinjaFilter("min", ["case_sensitive", "attribute"]) { run, value, slots throws(PythonFault) in
            try extreme(run, value, slots, .less)
        },
        JinjaFilter("max", ["case_sensitive", "attribute"]) { run, value, slots throws(PythonFault) in
            try extreme(run, value, slots, .greater)
        },
        JinjaFilter("sum", ["attribute", "start"], sum),
        JinjaFilter("unique", ["case_sensitive", "attribute"], unique),
        JinjaFilter("groupby", ["attribute", "default", "case_sensitive"], required: 1, groupBy),
    ]

    private static func pairs(_ value: JinjaValue, _ run: JinjaRun) throws(PythonFault) -> JinjaIterator {
        if value.isUndefined { return JinjaIterator([], run) }
        guard value.memberCount != nil else { throw .type("Can only get item pairs from a mapping.") }
        return try JinjaIterator(.object(JinjaDictView(.items, of: value)), run)
    }

    private static func isMarkup(_ value: JinjaValue) -> Bool { if case .markup = value { true } else { false } }

    private static func reverse(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if let text = value.string {
            try run.budget.make(bytes: text.utf8.count)
            let reversed = String(String.UnicodeScalarView(text.unicodeScalars.reversed()))
            if case .markup = value { return .markup(reversed) }
            return .text(reversed)
        }
        guard JinjaTest.isIterable(value) else { throw PythonFault(.filterArgument, "argument must be iterable") }
        let items = Array(try run.items(of: value).reversed())
        guard run.isReversible(value) else { return .list(items) }
        let name = value.memberCount == nil ? "list_reverseiterator" : "dict_reversekeyiterator"
        return .object(JinjaGenerator(name) { () throws(PythonFault) in JinjaIterator(items, run) })
    }

    private static func join(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let path = JinjaPath(slots[1])
        let hasAttribute = !(slots[1].map(\.isNone) ?? true)
        var iterator = try JinjaIterator(value, run)
        guard run.escapesHTML else {
            let separator = try slots.text(0, "", run)
            var out = ""
            var isFirst = true
            while let item = try iterator.next() {
                if !isFirst {
                    try run.budget.make(bytes: separator.utf8.count)
                    run.budget.append(separator, to: &out)
                }
                isFirst = false
                try run.append(part: hasAttribute ? path.value(of: item, run) : item, to: &out)
            }
            return .text(out)
        }
        return try joinedHTML(&iterator, slots[0] ?? .emptyText, path, run)
    }

    private static func joinedHTML(
        _ iterator: inout JinjaIterator, _ separator: JinjaValue, _ path: JinjaPath, _ run: JinjaRun
    ) throws(PythonFault) -> JinjaValue {
        var items: [JinjaValue] = []
        while let item = try iterator.next() { items.append(try path.value(of: item, run)) }
        let isMarkup = ([separator] + items).contains { if case .markup = $0 { true } else { false } }
        let between = try run.text(isMarkup ? run.escapedHTML(separator) : separator)
        var out = ""
        for (at, item) in items.enumerated() {
            if at > 0 { try run.append(part: .markup(between), to: &out) }
            try run.append(part: isMarkup ? run.escapedHTML(item) : item, to: &out)
        }
        return isMarkup ? .markup(out) : .text(out)
    }

    // MARK: Portions

    private static func batch(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let size = slots[0]?.int
        let fill = slots[1].flatMap { $0.isNone ? nil : $0 }
        return .object(
            JinjaGenerator { () throws(PythonFault) in
                var iterator = try JinjaIterator(value, run)
                var ended = false
                var isFirst = true
                return JinjaIterator(
                    pull: { () throws(PythonFault) in
                        var portion: [JinjaValue] = []
                        while !ended, size.map({ portion.count < $0 || $0 <= 0 }) ?? true {
                            guard let item = try iterator.next() else {
                                ended = true
                                break
                            }
                            try run.budget.make(bytes: 16)
                            portion.append(item)
                        }
                        guard !portion.isEmpty else { return nil }
                        defer { isFirst = false }
                        // Portions of nothing: an empty one comes before the first item.
                        if size == 0, isFirst {
                            iterator = JinjaIterator(portion, run)
                            ended = false
                            return .list([])
                        }
                        if let fill, let size, portion.count < size {
                            try run.budget.make(size - portion.count, times: EvaluationBudget.itemBytes)
                            portion += Array(repeating: fill, count: size - portion.count)
                        }
                        return .list(portion)
                    }, run)
            })
    }

    private static func slice(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let fill = slots[1].flatMap { $0.isNone ? nil : $0 }
        return .object(
            JinjaGenerator { () throws(PythonFault) in
                let items = try run.items(of: value)
                let count = try slots.int(0, 0)
                guard count != 0 else {
                    throw PythonFault(.zeroDivision, "integer division or modulo by zero")
                }
                guard count > 0 else { return JinjaIterator([], run) }
                try run.budget.make(count, times: 32)
                let (size, extra) = items.count.quotientAndRemainder(dividingBy: count)
                var portions: [JinjaValue] = []
                var start = 0
                for at in 0..<count {
                    let end = start + size + (at < extra ? 1 : 0)
                    var portion = Array(items[start..<end])
                    if let fill, at >= extra { portion.append(fill) }
                    portions.append(.list(portion))
                    start = end
                }
                return JinjaIterator(portions, run)
            })
    }

    // MARK: Order

    private static func sort(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let isReverse = try slots.truth(0, false, run)
        let isExact = try slots.truth(1, false, run)
        var paths = [JinjaPath(slots[2])]
        if let text = slots[2]?.string {
            paths = PythonText.split(text, separator: ",").map { JinjaPath(.text($0)) }
        }
        let keyed = try keyed(try run.items(of: value), run) { item throws(PythonFault) in
            var keys: [JinjaValue] = []
            for path in paths { keys.append(try path.key(of: item, caseSensitive: isExact, run)) }
            return keys.count == 1 ? keys[0] : .list(keys)
        }
        // Python compares lists of keys here: equal ones are never ordered.
        return .list(
            try PythonSort.sorted(keyed, reverse: isReverse, run.budget) { left, right throws(PythonFault) in
                if try run.equal(left.key, right.key) { return false }
                return try run.order(left.key, right.key) == .less
            }.map(\.item))
    }

    private typealias Keyed = (key: JinjaValue, item: JinjaValue)

    private static func keyed(
        _ items: [JinjaValue], _ run: JinjaRun, _ key: (JinjaValue) throws(PythonFault) -> JinjaValue
    ) throws(PythonFault) -> [Keyed] {
        try run.budget.make(items.count, times: 32)
        var keyed: [Keyed] = []
        keyed.reserveCapacity(items.count)
        for item in items { keyed.append((try key(item), item)) }
        return keyed
    }

    private static func sorted(
        _ keyed: [Keyed], _ isReverse: Bool, _ run: JinjaRun
    ) throws(PythonFault) -> [JinjaValue] {
        try PythonSort.sorted(keyed, reverse: isReverse, run.budget) { left, right throws(PythonFault) in
            try run.order(left.key, right.key) == .less
        }.map(\.item)
    }

    private static func dictSort(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let isExact = try slots.truth(0, false, run)
        let by = try slots.text(1, "key", run)
        guard by == "key" || by == "value" else {
            throw PythonFault(.filterArgument, "You can only sort by either \"key\" or \"value\"")
        }
        if case .undefined(let undefined) = value { throw undefined.fault }
        guard value.memberCount != nil else {
            throw PythonFault(.attributeError, "'\(value.typeName)' object has no attribute 'items'")
        }
        let pairs = try run.items(of: .object(JinjaDictView(.items, of: value)))
        let keyed = try keyed(pairs, run) { pair throws(PythonFault) in
            guard case .tuple(let tuple) = pair else { return pair }
            let key = tuple.items[by == "key" ? 0 : 1]
            return isExact ? key : run.ignoringCase(key)
        }
        return .list(try sorted(keyed, try slots.truth(2, false, run), run))
    }

    private static func extreme(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?], _ wanted: PythonOrder
    ) throws(PythonFault) -> JinjaValue {
        let isExact = try slots.truth(0, false, run)
        let path = JinjaPath(slots[1])
        var iterator = try JinjaIterator(value, run)
        guard var best = try iterator.next() else {
            return run.missing("No aggregated item, sequence was empty.")
        }
        var bestKey = try path.key(of: best, caseSensitive: isExact, run)
        while let item = try iterator.next() {
            let key = try path.key(of: item, caseSensitive: isExact, run)
            guard try run.order(key, bestKey, symbol: wanted == .less ? "<" : ">") == wanted else { continue }
            best = item
            bestKey = key
        }
        return best
    }

    private static func sum(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let path = JinjaPath(slots[0])
        var total = slots[1] ?? .integer(0)
        var iterator = try JinjaIterator(value, run)
        if total.string != nil { throw .type("sum() can't sum strings [use ''.join(seq) instead]") }
        while let item = try iterator.next() {
            total = try run.arithmetic(.add, total, try path.value(of: item, run))
        }
        return total
    }

    private static func unique(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let isExact = try slots.truth(0, false, run)
        let path = JinjaPath(slots[1])
        return .object(
            JinjaGenerator { () throws(PythonFault) in
                var iterator = try JinjaIterator(value, run)
                var seen: Set<JinjaKey> = []
                return JinjaIterator(
                    pull: { () throws(PythonFault) in
                        while let item = try iterator.next() {
                            try run.budget.make(bytes: 16)
                            let key = try JinjaKey(try path.key(of: item, caseSensitive: isExact, run))
                            if seen.insert(key).inserted { return item }
                        }
                        return nil
                    }, run)
            })
    }

    private static func groupBy(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let path = JinjaPath(slots[0], default: slots[1])
        let isExact = try slots.truth(2, false, run)
        let keyed = try keyed(try run.items(of: value), run) { item throws(PythonFault) in
            try path.key(of: item, caseSensitive: isExact, run)
        }
        let items = try sorted(keyed, false, run)
        var groups: [(key: JinjaValue, items: [JinjaValue])] = []
        for item in items {
            let key = try path.key(of: item, caseSensitive: isExact, run)
            if let last = groups.last, try run.equal(last.key, key) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((key, [item]))
            }
        }
        var result: [JinjaValue] = []
        for group in groups {
            let key = try path.value(of: group.items[0], run)
            result.append(.tuple(JinjaTuple([key, .list(group.items)], names: ["grouper", "list"])))
        }
        return .list(result)
    }
}

extension JinjaRun {
    /// An undefined value that says what is missing.
    func missing(_ hint: String) -> JinjaValue { JinjaUndefined.hint(hint, isStrict: isStrict) }

    /// The attribute of an object, never an item of it.
    func strictAttribute(_ name: String, of value: JinjaValue) throws(PythonFault) -> JinjaValue {
        switch value {
        case .value(.object), .dict:
            let attribute = JinjaAttribute(name)
            guard attribute.isDictMethod || attribute.isInternal else { return undefined(attribute: name, of: value) }
            return try self.attribute(attribute, of: value)
        default: return try attribute(JinjaAttribute(name), of: value)
        }
    }
}
