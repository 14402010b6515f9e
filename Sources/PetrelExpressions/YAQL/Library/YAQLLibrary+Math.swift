import PetrelCore

/// Numbers, and comparisons of whatever can be compared.
extension YAQLLibrary {
    static let math: [YAQLOverload] = [
        .function("#operator_+", [.number("left"), .number("right")], arithmetic(.plus)),
        .function("#operator_-", [.number("left"), .number("right")], arithmetic(.minus)),
        .function("#operator_*", [.number("left"), .number("right")], arithmetic(.times)),
        .function("#operator_/", [.number("left"), .number("right")], arithmetic(.divided)),
        .function("#operator_mod", [.number("left"), .number("right")], arithmetic(.modulo)),
        .function("#unary_operator_+", [.number("op")], { (arguments) throws(YAQLFault) in arguments[0] }),
        .function(
            "#unary_operator_-", [.number("op")],
            { (arguments) throws(YAQLFault) in YAQLValue(number(arguments[0]).negated) }),
        .function(
            "abs", [.number("op")], { (arguments) throws(YAQLFault) in YAQLValue(number(arguments[0]).magnitude) }),
        .function("int", [.any("value")], integer),
        .function("float", [.any("value")], float),
        .function("random", [], { (_) throws(YAQLFault) in .double(Double.random(in: 0..<1)) }),
        .function("random", [.any("from"), .any("to")], random),
        .function("bitwiseAnd", [.whole("left"), .whole("right")], bitwise { $0 & $1 }),
        .function("bitwiseOr", [.whole("left"), .whole("right")], bitwise { $0 | $1 }),
        .function("bitwiseXor", [.whole("left"), .whole("right")], bitwise { $0 ^ $1 }),
        .function("bitwiseNot", [.whole("arg")], bitwiseNot),
        .function("shiftBitsLeft", [.whole("value"), .whole("bitsNumber")], shiftLeft),
        .function("shiftBitsRight", [.whole("value"), .whole("bitsNumber")], shiftRight),
        .function("max", [.any("a"), .any("b")], { (arguments) throws(YAQLFault) in try larger(arguments) }),
        .function("min", [.any("a"), .any("b")], { (arguments) throws(YAQLFault) in try smaller(arguments) }),
        .function("pow", [.number("a"), .number("b"), .init("c", .numberOrNull, .null)], power),
        .function("sign", [.number("num")], { (arguments) throws(YAQLFault) in .integer(sign(number(arguments[0]))) }),
        .function("round", [.number("number"), .whole("ndigits", .integer(0))], round),
        .function(
            "isInteger", [.any("value")],
            { (arguments) throws(YAQLFault) in .bool(YAQLType.integer.accepts(arguments[0])) }),
        .function(
            "isNumber", [.any("value")],
            { (arguments) throws(YAQLFault) in .bool(YAQLType.number.accepts(arguments[0])) }),
        .function("hex", [.init("num", .numberOrNull)], hex),
    ]

    static let comparison: [YAQLOverload] =
        [
            .function("*equal", [.any("left"), .any("right")]) { (arguments) throws(YAQLFault) in
                .bool(try arguments.runtime.areEqual(arguments[0], arguments[1]))
            },
            .function("*not_equal", [.any("left"), .any("right")]) { (arguments) throws(YAQLFault) in
                .bool(try !arguments.runtime.areEqual(arguments[0], arguments[1]))
            },
        ] + [YAQLSymbol.less, .greater, .lessOrEqual, .greaterOrEqual].flatMap(comparisons)

    /// One operator for all types that have it.
    private static func comparisons(_ symbol: YAQLSymbol) -> [YAQLOverload] {
        let pairs: [(YAQLType, YAQLType)] = [
            (.notNull, .null), (.null, .notNull), (.null, .null), (.number, .number), (.text, .text), (.set, .set),
            (.date, .date), (.timespan, .timespan),
        ]
        return pairs.map { left, right in
            .function("#operator_" + symbol.rawValue, [.init("left", left), .init("right", right)]) {
                (arguments) throws(YAQLFault) in
                .bool(try compare(symbol, arguments[0], arguments[1], arguments.budget))
            }
        }
    }

    private static func compare(
        _ symbol: YAQLSymbol, _ left: YAQLValue, _ right: YAQLValue, _ budget: EvaluationBudget
    ) throws(YAQLFault) -> Bool {
        if let holds = YAQLComparison.simple(symbol, left, right) { return holds }
        switch (left, right) {
        case (.date(let one), .date(let two)):
            return YAQLComparison.holds(symbol, PythonOrder(one.instant, two.instant))
        case (.timespan(let one), .timespan(let two)): return YAQLComparison.holds(symbol, PythonOrder(one, two))
        default: break
        }
        guard let one = try YAQLSets.items(of: left, budget), let two = try YAQLSets.items(of: right, budget) else {
            return false
        }
        try YAQLEquality.count(one.count + two.count, budget, 0)
        switch symbol {
        case .less: return one.isStrictSubset(of: two)
        case .greater: return one.isStrictSuperset(of: two)
        case .lessOrEqual: return one.isSubset(of: two)
        default: return one.isSuperset(of: two)
        }
    }

    private static func number(_ value: YAQLValue) -> PythonNumber { value.numberOrBoolean ?? .integer(0) }

    private static func arithmetic(_ symbol: YAQLSymbol) -> YAQLOverload.Body {
        { (arguments) throws(YAQLFault) in
            try YAQLArithmetic.simple(symbol, arguments[0], arguments[1], arguments.runtime) ?? .null
        }
    }

    // MARK: Conversions

    private static func integer(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        if let number = arguments[0].numberOrBoolean { return YAQLValue(try python(number.whole)) }
        switch arguments[0] {
        case .null: return .integer(0)
        case .string(let text):
            return YAQLValue(try python { () throws(PythonFault) in try PythonInteger.parse(text) })
        case let other:
            throw .type(
                "int() argument must be a string, a bytes-like object or a real number, not '\(other.typeName)'")
        }
    }

    private static func float(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        if let number = arguments[0].numberOrBoolean { return .double(try python(number.double)) }
        switch arguments[0] {
        case .null: return .double(0)
        case .string(let text):
            guard let number = PythonFloat.parse(text) else {
                throw .value("could not convert string to float: \(PythonText.quoted(text))")
            }
            return .double(number)
        case let other: throw .type("float() argument must be a string or a real number, not '\(other.typeName)'")
        }
    }

    private static func hex(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let value = arguments[0]
        guard let number = value.number, number.isWhole else {
            throw .type("'\(value.typeName)' object cannot be interpreted as an integer")
        }
        return try arguments.text((number.isNegative ? "-0x" : "0x") + PythonInteger.digits(number, base: 16))
    }

    private static func random(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        var bounds: [Int] = []
        for value in arguments.values {
            switch value {
            case .integer(let number): bounds.append(number)
            case .bool(let truth): bounds.append(truth ? 1 : 0)
            case .double(let number):
                guard let whole = Int(exactly: number) else { throw .value("non-integer arg 1 for randrange()") }
                bounds.append(whole)
            default: throw .type("'\(value.typeName)' object cannot be interpreted as an integer")
            }
        }
        guard bounds[0] <= bounds[1] else { throw .value("empty range for randrange()") }
        return .integer(Int.random(in: bounds[0]...bounds[1]))
    }

    // MARK: Arithmetic

    private static func sign(_ number: PythonNumber) -> Int {
        number.isZero ? 0 : number.isNegative ? -1 : isNaN(number) ? 0 : 1
    }

    private static func isNaN(_ number: PythonNumber) -> Bool {
        if case .double(let number) = number { number.isNaN } else { false }
    }

    private static func round(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let places = arguments.integer(1)
        guard case .double(let number) = arguments[0] else {
            return try round(whole: number(arguments[0]), places, arguments)
        }
        let rounded = PythonFloat.rounded(number, places: places)
        if rounded.isInfinite, number.isFinite { throw .overflow("rounded value too large to represent") }
        return .double(rounded)
    }

    /// Half to even, in front of the point.
    private static func round(
        whole number: PythonNumber, _ places: Int, _ arguments: YAQLArguments
    ) throws(YAQLFault) -> YAQLValue {
        guard places < 0 else { return YAQLValue(number) }
        guard places > -20_000 else { return .integer(0) }
        let budget = arguments.budget
        return YAQLValue(
            try python { () throws(PythonFault) in
                let unit = try PythonNumber.power(.integer(10), .integer(-places), budget)
                let half = try PythonNumber.floorQuotient(unit, .integer(2), budget)
                let quotient = try PythonNumber.floorQuotient(number, unit, budget)
                let rest = try PythonNumber.remainder(number, unit, budget)
                let order = PythonNumber.order(rest, half)
                let isUp = order == .greater || order == .equal && quotient.big.isOdd
                let units = isUp ? try PythonNumber.sum(quotient, .integer(1), budget) : quotient
                return try PythonNumber.product(units, unit, budget)
            })
    }

    private static func power(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let (base, exponent) = (number(arguments[0]), number(arguments[1]))
        let budget = arguments.budget
        if arguments[2].isNull {
            return YAQLValue(try python { () throws(PythonFault) in try PythonNumber.power(base, exponent, budget) })
        }
        let modulus = number(arguments[2])
        guard base.isWhole, exponent.isWhole, modulus.isWhole else {
            throw .type("pow() 3rd argument not allowed unless all arguments are integers")
        }
        guard !modulus.isZero else { throw .value("pow() 3rd argument cannot be 0") }
        return YAQLValue(try python { () throws(PythonFault) in try powerModulo(base, exponent, modulus, budget) })
    }

    private static func powerModulo(
        _ base: PythonNumber, _ exponent: PythonNumber, _ modulus: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        var base = try PythonNumber.remainder(base, modulus, budget)
        var rest = exponent.big
        if rest.isNegative {
            base = try inverse(base, modulus, budget)
            rest = rest.negated
        }
        var result = try PythonNumber.remainder(.integer(1), modulus, budget)
        while !rest.isZero {
            try budget.work(rest.groups.count)
            if rest.isOdd {
                result = try PythonNumber.remainder(PythonNumber.product(result, base, budget), modulus, budget)
            }
            _ = rest.divide(by: 2)
            if !rest.isZero {
                base = try PythonNumber.remainder(PythonNumber.product(base, base, budget), modulus, budget)
            }
        }
        return result
    }

    /// What multiplied by the number leaves 1 (Euclid's algorithm).
    private static func inverse(
        _ number: PythonNumber, _ modulus: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        var (old, rest) = (number, modulus)
        var (oldFactor, factor) = (PythonNumber.integer(1), PythonNumber.integer(0))
        while !rest.isZero {
            let quotient = try PythonNumber.floorQuotient(old, rest, budget)
            (old, rest) = (rest, try PythonNumber.difference(old, PythonNumber.product(quotient, rest, budget), budget))
            (oldFactor, factor) = (
                factor, try PythonNumber.difference(oldFactor, PythonNumber.product(quotient, factor, budget), budget)
            )
        }
        if PythonNumber.order(old.magnitude, .integer(1)) != .equal {
            throw .value("base is not invertible for the given modulus")
        }
        if old.isNegative { oldFactor = oldFactor.negated }
        return try PythonNumber.remainder(oldFactor, modulus, budget)
    }

    // MARK: Bits

    private static func bitwise(_ operation: @escaping @Sendable (Int, Int) -> Int) -> YAQLOverload.Body {
        { (arguments) throws(YAQLFault) in
            let values = try [bits(arguments[0]), bits(arguments[1])]
            let result = operation(values[0], values[1])
            if case .bool = arguments[0], case .bool = arguments[1] { return .bool(result != 0) }
            return .integer(result)
        }
    }

    private static func bits(_ value: YAQLValue) throws(YAQLFault) -> Int {
        if case .bigInteger = value { throw .overflow("a number of more than 64 bits has no bits here") }
        return YAQLArguments.integer(value) ?? 0
    }

    private static func bitwiseNot(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        .integer(~(try bits(arguments[0])))
    }

    private static func shiftLeft(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let count = arguments.integer(1)
        guard count >= 0 else { throw .value("negative shift count") }
        let value = number(arguments[0])
        if value.isZero { return .integer(0) }
        guard count <= 66_000 else { throw .tooComplex("The number would have more than \(count) bits") }
        let budget = arguments.budget
        return YAQLValue(
            try python { () throws(PythonFault) in
                try PythonNumber.product(value, PythonNumber.power(.integer(2), .integer(count), budget), budget)
            })
    }

    private static func shiftRight(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        let count = arguments.integer(1)
        guard count >= 0 else { throw .value("negative shift count") }
        let value = number(arguments[0])
        if case .integer(let number) = value { return .integer(number >> min(count, 63)) }
        guard count <= 66_000 else { return .integer(value.isNegative ? -1 : 0) }
        let budget = arguments.budget
        return YAQLValue(
            try python { () throws(PythonFault) in
                try PythonNumber.floorQuotient(value, PythonNumber.power(.integer(2), .integer(count), budget), budget)
            })
    }

    // MARK: Larger and smaller

    private static func larger(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try larger(arguments[0], arguments[1], arguments.runtime)
    }

    private static func smaller(_ arguments: YAQLArguments) throws(YAQLFault) -> YAQLValue {
        try smaller(arguments[0], arguments[1], arguments.runtime)
    }

    /// The second if it is greater than the first.
    static func larger(_ one: YAQLValue, _ two: YAQLValue, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        try YAQLComparison.holds(.greater, two, one, runtime) ? two : one
    }

    /// The first if the second is greater.
    static func smaller(_ one: YAQLValue, _ two: YAQLValue, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLValue {
        try YAQLComparison.holds(.greater, two, one, runtime) ? one : two
    }
}
