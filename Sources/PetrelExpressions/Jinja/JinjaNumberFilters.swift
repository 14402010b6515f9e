import PetrelCore

/// Filters that make or take numbers.
enum JinjaNumberFilters {
    static let filters: [JinjaFilter] = [
        JinjaFilter("abs") { _, value, _ throws(PythonFault) in
            guard case .value(let plain) = value, let number = PythonNumber(plain) else {
                throw .type("bad operand type for abs(): '\(value.typeName)'")
            }
            return .number(number.magnitude)
        },
        JinjaFilter("float", ["default"]) { run, value, slots throws(PythonFault) in
            if case .undefined(let undefined) = value { throw undefined.fault }
            return try number(value).map { .value(.double($0)) } ?? slots[0] ?? .value(.double(0))
        },
        JinjaFilter("int", ["default", "base"], whole),
        JinjaFilter("round", ["precision", "method"], round),
        JinjaFilter("filesizeformat", ["binary"], fileSize),
    ]

    /// `float()`; nil for what it refuses as a type or text.
    private static func number(_ value: JinjaValue) throws(PythonFault) -> Double? {
        if let text = value.string { return PythonFloat.parse(text) }
        if case .value(let plain) = value, let number = PythonNumber(plain) { return try number.double() }
        return nil
    }

    private static func whole(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if case .undefined(let undefined) = value { throw undefined.fault }
        if case .value(let plain) = value, let number = PythonNumber(plain) {
            if case .double(let double) = number, double.isNaN { return slots[0] ?? .integer(0) }
            return .number(try number.whole())
        }
        if let text = value.string {
            try run.budget.work(text.utf8.count / 16)
            if let base = slots[1], base.int == nil {
                // As Python's `int` refuses such a base, what is left is the way through `float`.
            } else if let number = try? PythonInteger.parse(text, base: try slots.int(1, 10)) {
                return .number(number)
            }
            if let number = PythonFloat.parse(text), number.isFinite {
                return .number(try PythonNumber.double(number).whole())
            }
        }
        return slots[0] ?? .integer(0)
    }

    private static func round(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let method = try slots.text(1, "common", run)
        guard ["common", "ceil", "floor"].contains(method) else {
            throw PythonFault(.filterArgument, "method must be common, ceil or floor")
        }
        if method != "common", case .undefined(let undefined) = value { throw undefined.fault }
        guard case .value(let plain) = value, let number = PythonNumber(plain) else {
            throw .type(
                method == "common"
                    ? "type \(value.typeName) doesn't define __round__ method"
                    : "must be real number, not \(value.typeName)")
        }
        if method == "common" { return try common(number, slots, run) }
        let places = try slots[0].map { value throws(PythonFault) in try exponent(value) } ?? .integer(0)
        let scale = try PythonNumber.power(.integer(10), places, run.budget)
        let scaled = try PythonNumber.product(number, scale, run.budget)
        var cut = scaled
        if case .double(let double) = scaled {
            cut = try PythonNumber.double(double.rounded(method == "ceil" ? .up : .down)).whole()
        }
        return .number(try PythonNumber.quotient(cut, scale, run.budget))
    }

    private static func exponent(_ value: JinjaValue) throws(PythonFault) -> PythonNumber {
        guard case .value(let plain) = value, let number = PythonNumber(plain) else {
            throw .type("unsupported operand type(s) for ** or pow(): 'int' and '\(value.typeName)'")
        }
        return number
    }

    private static func common(
        _ number: PythonNumber, _ slots: [JinjaValue?], _ run: JinjaRun
    ) throws(PythonFault) -> JinjaValue {
        // Without places, Python's `round` gives a whole number.
        let hasNone = slots[0].map(\.isNone) ?? false
        let places = hasNone ? 0 : try slots.int(0, 0)
        if case .double(let double) = number {
            if hasNone { return .number(try PythonNumber.double(double.rounded(.toNearestOrEven)).whole()) }
            return .value(.double(PythonFloat.rounded(double, places: min(max(places, -400), 400))))
        }
        guard places < 0 else { return .number(number) }
        guard places > -BigInteger.maxGroups else { return .integer(0) }
        let unit = try PythonNumber.power(.integer(10), .integer(-places), run.budget)
        let rest = try PythonNumber.remainder(number, unit, run.budget)
        let down = try PythonNumber.difference(number, rest, run.budget)
        let twice = try PythonNumber.sum(rest, rest, run.budget)
        let steps = try PythonNumber.floorQuotient(down, unit, run.budget)
        let order = PythonNumber.order(twice, unit)
        let goesUp = order == .greater || order == .equal && steps.big.isOdd
        return .number(goesUp ? try PythonNumber.sum(down, unit, run.budget) : down)
    }

    private static func fileSize(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if case .undefined(let undefined) = value { throw undefined.fault }
        let isBinary = try slots.truth(0, false, run)
        guard let bytes = try number(value) else {
            if let text = value.string {
                throw .value("could not convert string to float: \(PythonText.quoted(text))")
            }
            throw .type("float() argument must be a string or a real number, not '\(value.typeName)'")
        }
        let base = isBinary ? 1024 : 1000
        if bytes == 1 { return .text("1 Byte") }
        if bytes < Double(base) { return .text("\(try PythonNumber.double(bytes).whole().text) Bytes") }
        let units = isBinary ? "KiB MiB GiB TiB PiB EiB ZiB YiB" : "kB MB GB TB PB EB ZB YB"
        var unit = PythonNumber.integer(base)
        var name = ""
        for part in units.split(separator: " ") {
            unit = try PythonNumber.product(unit, .integer(base), run.budget)
            name = String(part)
            if PythonNumber.order(.double(bytes), unit) == .less { break }
        }
        let count = Value.double(Double(base) * bytes / (try unit.double()))
        return .text(try PythonFormatSpec.format(count, ".1f", run.budget) + " " + name)
    }
}
