#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Python's arithmetic. Types are the caller's concern; these are numbers already.
extension PythonNumber {
    typealias Operation = (PythonNumber, PythonNumber, EvaluationBudget) throws(PythonFault) -> PythonNumber

    @inline(__always)
    static func sum(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if case .integer(let one) = left, case .integer(let two) = right {
            let (sum, overflow) = one.addingReportingOverflow(two)
            if !overflow { return .integer(sum) }
        }
        guard left.isWhole, right.isWhole else { return .double(try left.double() + right.double()) }
        return try checked(left.big, right.big, budget) { $0 + $1 }
    }

    @inline(__always)
    static func difference(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if case .integer(let one) = left, case .integer(let two) = right {
            let (difference, overflow) = one.subtractingReportingOverflow(two)
            if !overflow { return .integer(difference) }
        }
        guard left.isWhole, right.isWhole else { return .double(try left.double() - right.double()) }
        return try checked(left.big, right.big, budget) { $0 - $1 }
    }

    @inline(__always)
    static func product(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if case .integer(let one) = left, case .integer(let two) = right {
            let (product, overflow) = one.multipliedReportingOverflow(by: two)
            if !overflow { return .integer(product) }
        }
        guard left.isWhole, right.isWhole else { return .double(try left.double() * right.double()) }
        let one = left.big
        let two = right.big
        guard one.groups.count + two.groups.count <= BigInteger.maxGroups else { throw tooLong() }
        try budget.work(StepCost.product(one.groups.count, two.groups.count))
        return PythonNumber(one * two)
    }

    static func quotient(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        guard !right.isZero else {
            throw PythonFault(
                .zeroDivision, left.isWhole && right.isWhole ? "division by zero" : "float division by zero")
        }
        if left.isWhole, right.isWhole { return .double(try trueQuotient(left, right, budget)) }
        return .double(try left.double() / right.double())
    }

    static func floorQuotient(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if case .integer(let one) = left, case .integer(let two) = right, two != 0, two != -1 {
            let quotient = one / two
            return .integer(one % two != 0 && (one < 0) != (two < 0) ? quotient - 1 : quotient)
        }
        guard left.isWhole, right.isWhole else {
            let (one, two) = (try left.double(), try right.double())
            guard two != 0 else { throw PythonFault(.zeroDivision, "float floor division by zero") }
            return .double(floorDivision(one, two).quotient)
        }
        return PythonNumber(try bigDivision(left, right, "integer division or modulo by zero", budget).quotient)
    }

    static func remainder(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if case .integer(let one) = left, case .integer(let two) = right, two != 0, two != -1 {
            let rest = one % two
            return .integer(rest != 0 && (rest < 0) != (two < 0) ? rest + two : rest)
        }
        guard left.isWhole, right.isWhole else {
            let (one, two) = (try left.double(), try right.double())
            guard two != 0 else { throw PythonFault(.zeroDivision, "float modulo") }
            return .double(floorDivision(one, two).rest)
        }
        return PythonNumber(try bigDivision(left, right, "integer modulo by zero", budget).remainder)
    }

    static func power(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if left.isWhole, right.isWhole, !right.isNegative { return try wholePower(left, right, budget) }
        let (base, exponent) = (try left.double(), try right.double())
        if base == 0, exponent < 0 {
            throw PythonFault(.zeroDivision, "0.0 cannot be raised to a negative power")
        }
        if base < 0, base.isFinite, exponent.isFinite, exponent != exponent.rounded(.towardZero) {
            throw .value("a negative number can't be raised to a fractional power here")
        }
        let result = pow(base, exponent)
        if result.isInfinite, base.isFinite, exponent.isFinite {
            throw PythonFault(.overflow, "(34, 'Numerical result out of range')")
        }
        return .double(result)
    }

    var negated: PythonNumber {
        switch self {
        case .integer(let number): number == Int.min ? .big(BigInteger(number).negated) : .integer(-number)
        case .double(let number): .double(-number)
        case .big(let number): PythonNumber(number.negated)
        }
    }

    var magnitude: PythonNumber {
        if case .double(let number) = self { return .double(number.magnitude) }
        return isNegative ? negated : self
    }

    private static func tooLong() -> PythonFault {
        .tooComplex("The number would have more than \(BigInteger.maxGroups * 9) digits")
    }

    private static func checked(
        _ left: BigInteger, _ right: BigInteger, _ budget: EvaluationBudget,
        _ work: (BigInteger, BigInteger) -> BigInteger
    ) throws(PythonFault) -> PythonNumber {
        let groups = max(left.groups.count, right.groups.count)
        guard groups < BigInteger.maxGroups else { throw tooLong() }
        try budget.work(groups / 8 + 1)
        return PythonNumber(work(left, right))
    }

    private static func bigDivision(
        _ left: PythonNumber, _ right: PythonNumber, _ complaint: String, _ budget: EvaluationBudget
    ) throws(PythonFault) -> (quotient: BigInteger, remainder: BigInteger) {
        let (one, two) = (left.big, right.big)
        try budget.work(StepCost.product(max(0, one.groups.count - two.groups.count + 1), two.groups.count))
        guard let result = one.floorDivided(by: two) else { throw PythonFault(.zeroDivision, complaint) }
        return result
    }

    /// Rounded once: both may be longer than a double's 53 bits.
    private static func trueQuotient(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> Double {
        if case .integer(let one) = left, case .integer(let two) = right, one.magnitude < 1 << 53,
            two.magnitude < 1 << 53
        {
            return Double(one) / Double(two)
        }
        let (one, two) = (left.big.magnitude, right.big.magnitude)
        // Forty significant digits and a last one that says whether anything follows.
        let extra = max(0, two.groups.count - one.groups.count + 5)
        let scaled = BigInteger(
            groups: [UInt32](repeating: 0, count: extra) + one.groups, isNegative: false)
        try budget.work(StepCost.product(scaled.groups.count, two.groups.count))
        guard let (quotient, rest) = scaled.floorDivided(by: two) else {
            throw PythonFault(.zeroDivision, "division by zero")
        }
        let text = quotient.text + (rest.isZero ? "0" : "1") + "e-\(extra * 9 + 1)"
        guard let number = Double(text), number.isFinite else {
            throw PythonFault(.overflow, "integer division result too large for a float")
        }
        return left.isNegative != right.isNegative ? -number : number
    }

    private static func floorDivision(_ left: Double, _ right: Double) -> (quotient: Double, rest: Double) {
        var rest = left.truncatingRemainder(dividingBy: right)
        var quotient = (left - rest) / right
        if rest == 0 {
            rest = Double(signOf: right, magnitudeOf: 0)
        } else if (right < 0) != (rest < 0) {
            rest += right
            quotient -= 1
        }
        guard quotient != 0 else { return (Double(signOf: left / right, magnitudeOf: 0), rest) }
        let floor = quotient.rounded(.down)
        return (quotient - floor > 0.5 ? floor + 1 : floor, rest)
    }

    private static func wholePower(
        _ left: PythonNumber, _ right: PythonNumber, _ budget: EvaluationBudget
    ) throws(PythonFault) -> PythonNumber {
        if case .integer(let base) = left, (-1...1).contains(base) {
            return .integer(base == -1 ? (right.big.isOdd ? -1 : 1) : base == 0 ? (right.isZero ? 1 : 0) : 1)
        }
        guard case .integer(var exponent) = right, exponent < 1 << 20 else { throw tooLong() }
        var result = PythonNumber.integer(1)
        var factor = left
        while exponent > 0 {
            if exponent & 1 == 1 { result = try product(result, factor, budget) }
            exponent >>= 1
            if exponent > 0 { factor = try product(factor, factor, budget) }
        }
        return result
    }
}
