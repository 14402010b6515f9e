import PetrelCore

/// Python's view of plain values: names of types, equality, order, texts.
enum PythonValues {
    /// Deepest nesting that is compared or shown.
    static let maxDepth = 128

    /// Python's name of a value's type.
    static func typeName(_ value: Value) -> String {
        switch value {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer, .bigInteger: "int"
        case .double: "float"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }

    /// `==`: numbers and booleans by value, lists item by item, mappings whatever their order.
    static func equal(
        _ left: Value, _ right: Value, _ budget: EvaluationBudget, depth: Int = 0
    ) throws(PythonFault) -> Bool {
        switch (left, right) {
        case (.string(let one), .string(let two)):
            try budget.compare(one, two)
            return PythonText.equal(one, two)
        case (.null, .null): return true
        case (.integer(let one), .integer(let two)): return one == two
        case (.array(let one), .array(let two)):
            guard one.count == two.count else { return false }
            try check(depth)
            try budget.work(one.count)
            for at in one.indices where try !equal(one[at], two[at], budget, depth: depth + 1) { return false }
            return true
        case (.object(let one), .object(let two)):
            guard one.count == two.count else { return false }
            try check(depth)
            try budget.work(one.count)
            for (key, value) in one {
                guard let other = two[key], try equal(value, other, budget, depth: depth + 1) else { return false }
            }
            return true
        default:
            guard let one = PythonNumber(left), let two = PythonNumber(right) else { return false }
            return PythonNumber.order(one, two) == .equal
        }
    }

    /// Whether the left comes before the right (`<`, or `>` and so on by `symbol`, which only messages show).
    ///
    /// Nil when numbers can't be ordered (NaN). Numbers with numbers, texts with texts, lists with lists.
    static func order(
        _ left: Value, _ right: Value, symbol: String = "<", _ budget: EvaluationBudget, depth: Int = 0
    ) throws(PythonFault) -> PythonOrder? {
        switch (left, right) {
        case (.string(let one), .string(let two)):
            try budget.compare(one, two)
            return PythonText.order(one, two)
        case (.array(let one), .array(let two)):
            try check(depth)
            try budget.work(min(one.count, two.count))
            for at in 0..<min(one.count, two.count)
            where try !equal(one[at], two[at], budget, depth: depth + 1) {
                return try order(one[at], two[at], symbol: symbol, budget, depth: depth + 1)
            }
            return PythonOrder(one.count, two.count)
        default:
            guard let one = PythonNumber(left), let two = PythonNumber(right) else {
                throw notOrdered(typeName(left), typeName(right), symbol)
            }
            return PythonNumber.order(one, two)
        }
    }

    static func notOrdered(_ left: String, _ right: String, _ symbol: String) -> PythonFault {
        .type("'\(symbol)' not supported between instances of '\(left)' and '\(right)'")
    }

    static func check(_ depth: Int) throws(PythonFault) {
        if depth > maxDepth { throw .tooComplex("The value is nested deeper than \(maxDepth) levels") }
    }

    /// `str()`: text as it is, everything else as `repr` shows it.
    static func text(_ value: Value, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        if case .string(let text) = value { return text }
        return try shown(value, budget)
    }

    /// `repr()`.
    static func shown(_ value: Value, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        var out = ""
        try show(value, on: &out, budget)
        return out
    }

    /// Appends what `repr()` gives.
    static func show(
        _ value: Value, on out: inout String, _ budget: EvaluationBudget, depth: Int = 0
    ) throws(PythonFault) {
        switch value {
        case .null: out += "None"
        case .bool(let truth): out += truth ? "True" : "False"
        case .integer(let number): out += String(number)
        case .bigInteger(let digits):
            try budget.make(bytes: digits.utf8.count)
            out += digits
        case .double(let number): out += PythonFloat.text(number)
        case .string(let text):
            try budget.make(bytes: text.utf8.count + 2)
            // Each character is looked at.
            if text.utf8.count >= 64 { try budget.work(text.utf8.count / 2) }
            PythonText.appendQuoted(text, to: &out)
        case .array(let items):
            try check(depth)
            try budget.make(items.count, times: 4)
            out += "["
            var isFirst = true
            for item in items {
                if !isFirst { out += ", " }
                isFirst = false
                try show(item, on: &out, budget, depth: depth + 1)
            }
            out += "]"
        case .object(let members): try show(members, on: &out, budget, depth)
        }
    }

    private static func show(
        _ members: ValueObject, on out: inout String, _ budget: EvaluationBudget, _ depth: Int
    ) throws(PythonFault) {
        try check(depth)
        out += "{"
        var isFirst = true
        for (key, value) in members {
            if !isFirst { out += ", " }
            isFirst = false
            try budget.make(bytes: key.utf8.count + 8)
            PythonText.appendQuoted(key, to: &out)
            out += ": "
            try show(value, on: &out, budget, depth: depth + 1)
        }
        out += "}"
    }
}
