import PetrelCore

/// Truth, texts, equality, order.
extension JinjaRun {
    /// The values of several nodes.
    @inline(__always)
    func evaluate(_ nodes: [JinjaEvaluate]) throws(PythonFault) -> [JinjaValue] {
        try budget.make(nodes.count, times: EvaluationBudget.itemBytes)
        var values: [JinjaValue] = []
        values.reserveCapacity(nodes.count)
        for node in nodes { values.append(try node(self)) }
        return values
    }

    /// All items of what can be iterated.
    func items(of value: JinjaValue) throws(PythonFault) -> [JinjaValue] {
        switch value {
        case .value(.array(let items)):
            try budget.work(items.count)
            return items.map(wrap)
        case .list(let list): return list.items
        case .tuple(let tuple): return tuple.items
        default:
            var iterator = try JinjaIterator(value, self)
            var items: [JinjaValue] = []
            while let item = try iterator.next() {
                try budget.make(bytes: 16)
                items.append(item)
            }
            return items
        }
    }

    @inline(__always)
    func truth(_ value: JinjaValue) throws(PythonFault) -> Bool {
        switch value {
        case .value(let value): return value.isTruthy
        case .list(let list): return list.count > 0
        case .dict(let dict): return dict.count > 0
        case .tuple(let tuple): return !tuple.items.isEmpty
        case .markup(let text): return !text.isEmpty
        case .undefined(let undefined):
            try undefined.check()
            return false
        case .object(let object): return object.isTruthy
        }
    }

    // MARK: Texts

    /// `str()`.
    @inline(__always)
    func text(_ value: JinjaValue) throws(PythonFault) -> String {
        switch value {
        case .value(.string(let text)), .markup(let text): return text
        default:
            var out = ""
            try append(value, to: &out)
            return out
        }
    }

    /// Appends `str()` of a value.
    func append(_ value: JinjaValue, to out: inout String) throws(PythonFault) {
        switch value {
        case .value(.string(let text)), .markup(let text):
            try budget.make(bytes: text.utf8.count)
            out += text
        case .undefined(let undefined): try undefined.check()
        default: try show(value, on: &out, depth: 0)
        }
    }

    /// Appends `str()` of a value to a text of many parts.
    func append(part value: JinjaValue, to out: inout String) throws(PythonFault) {
        switch value {
        case .value(.string(let text)), .markup(let text):
            try budget.make(bytes: text.utf8.count)
            budget.append(text, to: &out)
        default: try append(value, to: &out)
        }
    }

    /// `repr()`.
    func shown(_ value: JinjaValue) throws(PythonFault) -> String {
        var out = ""
        try show(value, on: &out, depth: 0)
        return out
    }

    private func show(_ value: JinjaValue, on out: inout String, depth: Int) throws(PythonFault) {
        try budget.make(bytes: 4)
        switch value {
        case .value(let value): try PythonValues.show(value, on: &out, budget, depth: depth)
        case .list(let list): try show(list.items, "[", "]", on: &out, depth)
        case .tuple(let tuple):
            try show(tuple.items, "(", tuple.items.count == 1 ? ",)" : ")", on: &out, depth)
        case .dict(let dict): try show(dict, on: &out, depth)
        case .markup(let text):
            try budget.make(bytes: text.utf8.count)
            out += "Markup(\(PythonText.quoted(text)))"
        case .undefined: out += "Undefined"
        case .object(let object): out += try nested(1) { () throws(PythonFault) in try object.shown(self) }
        }
    }

    private func show(
        _ items: [JinjaValue], _ open: String, _ close: String, on out: inout String, _ depth: Int
    ) throws(PythonFault) {
        try PythonValues.check(depth)
        out += open
        for (at, item) in items.enumerated() {
            if at > 0 { out += ", " }
            try show(item, on: &out, depth: depth + 1)
        }
        out += close
    }

    private func show(_ dict: JinjaDict, on out: inout String, _ depth: Int) throws(PythonFault) {
        try PythonValues.check(depth)
        out += "{"
        var isFirst = true
        for entry in dict.entries.values {
            if !isFirst { out += ", " }
            isFirst = false
            try show(entry.key, on: &out, depth: depth + 1)
            out += ": "
            try show(entry.value, on: &out, depth: depth + 1)
        }
        out += "}"
    }

    /// The texts of several values in one, as `~` makes it.
    func joined(_ values: [JinjaValue]) throws(PythonFault) -> JinjaValue {
        let isMarkup = escapesHTML && values.contains { if case .markup = $0 { true } else { false } }
        var out = ""
        out.reserveCapacity(min(values.reduce(0) { $0 + ($1.string?.utf8.count ?? 0) }, budget.room))
        for value in values { try append(isMarkup ? escapedHTML(value) : value, to: &out) }
        return isMarkup ? .markup(out) : .text(out)
    }

    /// The value as HTML; markup stays what it is.
    func escapedHTML(_ value: JinjaValue) throws(PythonFault) -> JinjaValue {
        if case .markup = value { return value }
        let text = try text(value)
        try budget.make(text.utf8.count, times: 5)
        return .markup(JinjaHTML.escaped(text))
    }

    // MARK: Equality and order

    func equal(_ left: JinjaValue, _ right: JinjaValue, depth: Int = 0) throws(PythonFault) -> Bool {
        switch (left, right) {
        case (.value(let one), .value(let two)): return try PythonValues.equal(one, two, budget, depth: depth)
        case (.undefined(let undefined), _):
            try undefined.check()
            return right.isUndefined
        case (_, .undefined(let undefined)):
            try undefined.check()
            return false
        case (.tuple(let one), .tuple(let two)): return try equal(one.items, two.items, depth)
        case (.tuple, _), (_, .tuple): return false
        case (.object(let one), .object(let two)): return try one.equals(two, self)
        case (.object, _), (_, .object): return false
        case (.markup(let text), _): return right.string.map { PythonText.equal(text, $0) } ?? false
        case (_, .markup(let text)): return left.string.map { PythonText.equal(text, $0) } ?? false
        default:
            if let one = left.listItems(self), let two = right.listItems(self) { return try equal(one, two, depth) }
            return try equalMappings(left, right, depth)
        }
    }

    private func equal(_ left: [JinjaValue], _ right: [JinjaValue], _ depth: Int) throws(PythonFault) -> Bool {
        guard left.count == right.count else { return false }
        try PythonValues.check(depth)
        try budget.work(left.count)
        for at in left.indices where try !equal(left[at], right[at], depth: depth + 1) { return false }
        return true
    }

    private func equalMappings(_ left: JinjaValue, _ right: JinjaValue, _ depth: Int) throws(PythonFault) -> Bool {
        guard let one = left.members(self), let two = right.members(self), one.count == two.count else { return false }
        try PythonValues.check(depth)
        try budget.work(one.count)
        for (key, entry) in one {
            guard let other = two[key], try equal(entry.value, other.value, depth: depth + 1) else { return false }
        }
        return true
    }

    /// `<` and its kin; nil for numbers without an order.
    func order(
        _ left: JinjaValue, _ right: JinjaValue, symbol: String = "<", depth: Int = 0
    ) throws(PythonFault) -> PythonOrder? {
        switch (left, right) {
        case (.value(let one), .value(let two)):
            return try PythonValues.order(one, two, symbol: symbol, budget, depth: depth)
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.fault
        case (.tuple(let one), .tuple(let two)): return try order(one.items, two.items, symbol, depth)
        default:
            if let one = left.string, let two = right.string {
                try budget.compare(one, two)
                return PythonText.order(one, two)
            }
            guard let one = left.listItems(self), let two = right.listItems(self) else {
                throw PythonValues.notOrdered(left.typeName, right.typeName, symbol)
            }
            return try order(one, two, symbol, depth)
        }
    }

    private func order(
        _ left: [JinjaValue], _ right: [JinjaValue], _ symbol: String, _ depth: Int
    ) throws(PythonFault) -> PythonOrder? {
        try PythonValues.check(depth)
        let count = min(left.count, right.count)
        try budget.work(count)
        for at in 0..<count where try !equal(left[at], right[at], depth: depth + 1) {
            return try order(left[at], right[at], symbol: symbol, depth: depth + 1)
        }
        return PythonOrder(left.count, right.count)
    }

    /// Whether a comparison holds.
    @inline(__always)
    func holds(
        _ operation: JinjaNode.Comparison, _ left: JinjaValue, _ right: JinjaValue
    ) throws(PythonFault) -> Bool {
        switch operation {
        case .equal: return try equal(left, right)
        case .notEqual: return try !equal(left, right)
        case .less: return try order(left, right, symbol: "<") == .less
        case .greater: return try order(left, right, symbol: ">") == .greater
        case .lessOrEqual:
            let order = try order(left, right, symbol: "<=")
            return order == .less || order == .equal
        case .greaterOrEqual:
            let order = try order(left, right, symbol: ">=")
            return order == .greater || order == .equal
        case .isIn: return try contains(right, left)
        case .isNotIn: return try !contains(right, left)
        }
    }

    /// `item in container`.
    func contains(_ container: JinjaValue, _ item: JinjaValue) throws(PythonFault) -> Bool {
        if let text = container.string {
            guard let part = item.string else {
                throw .type("'in <string>' requires string as left operand, not \(item.typeName)")
            }
            try budget.work(text.utf8.count / 64 + TextCost.needleSteps(part))
            return part.isEmpty || PythonText.firstOffset(of: part, in: text) != nil
        }
        switch container {
        case .value(.object(let members)):
            if case .value(.string(let key)) = item { return members[key] != nil }
            if case .string(let key) = try JinjaKey(item) { return members[key] != nil }
            return false
        case .dict(let dict): return dict[try JinjaKey(item)] != nil
        case .undefined(let undefined):
            try undefined.check()
            return false
        case .object(let range as JinjaRange):
            guard let number = PythonNumber(item.plainNumber ?? .null) else { return false }
            if case .integer(let whole) = number.hashable { return range.contains(whole) }
            return false
        case .value(.array), .list, .tuple, .object: return try isAmong(container, item)
        default: throw .type("argument of type '\(container.typeName)' is not iterable")
        }
    }

    private func isAmong(_ container: JinjaValue, _ item: JinjaValue) throws(PythonFault) -> Bool {
        if case .object(let object) = container, !object.isIterable {
            throw .type("argument of type '\(object.typeName)' is not iterable")
        }
        var iterator = try JinjaIterator(container, self)
        while let other = try iterator.next() {
            if try equal(item, other) { return true }
        }
        return false
    }
}

extension JinjaValue {
    /// The items of a list; nil for anything else.
    func listItems(_ run: JinjaRun) -> [JinjaValue]? {
        switch self {
        case .value(.array(let items)): items.map(run.wrap)
        case .list(let list): list.items
        default: nil
        }
    }

    /// The members of a mapping; nil for anything else.
    func members(_ run: JinjaRun) -> OrderedDictionary<JinjaKey, JinjaDict.Entry>? {
        switch self {
        case .value(.object(let members)): JinjaDict(shared: members).entries
        case .dict(let dict): dict.entries
        default: nil
        }
    }

    /// The plain number or boolean that this is.
    var plainNumber: Value? {
        if case .value(let value) = self, PythonNumber(value) != nil { return .some(value) }
        return .none
    }
}
