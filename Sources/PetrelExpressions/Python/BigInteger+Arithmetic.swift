/// The four operations as schools teach them; division after Knuth's algorithm D.
extension BigInteger {
    static func + (left: BigInteger, right: BigInteger) -> BigInteger {
        if left.isNegative == right.isNegative {
            return BigInteger(groups: sum(left.groups, right.groups), isNegative: left.isNegative)
        }
        return left.isSmaller(than: right)
            ? BigInteger(groups: difference(right.groups, left.groups), isNegative: right.isNegative)
            : BigInteger(groups: difference(left.groups, right.groups), isNegative: left.isNegative)
    }

    static func - (left: BigInteger, right: BigInteger) -> BigInteger { left + right.negated }

    static func * (left: BigInteger, right: BigInteger) -> BigInteger {
        var result = [UInt32](repeating: 0, count: left.groups.count + right.groups.count + 1)
        for (at, factor) in left.groups.enumerated() where factor != 0 {
            var carry: UInt64 = 0
            for (offset, other) in right.groups.enumerated() {
                let sum = UInt64(result[at + offset]) + UInt64(factor) * UInt64(other) + carry
                result[at + offset] = UInt32(sum % base)
                carry = sum / base
            }
            var position = at + right.groups.count
            while carry > 0 {
                let sum = UInt64(result[position]) + carry
                result[position] = UInt32(sum % base)
                carry = sum / base
                position += 1
            }
        }
        return BigInteger(groups: result, isNegative: left.isNegative != right.isNegative)
    }

    /// Quotient towards minus infinity and the remainder, which has the divisor's sign; nil for a divisor of zero.
    func floorDivided(by divisor: BigInteger) -> (quotient: BigInteger, remainder: BigInteger)? {
        guard !divisor.isZero else { return nil }
        let (quotient, rest) = Self.quotient(groups, divisor.groups)
        let remainder = BigInteger(groups: rest, isNegative: isNegative)
        let towardsZero = BigInteger(groups: quotient, isNegative: isNegative != divisor.isNegative)
        guard !remainder.isZero, remainder.isNegative != divisor.isNegative else { return (towardsZero, remainder) }
        return (towardsZero - BigInteger(1), remainder + divisor)
    }

    private static func sum(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(max(left.count, right.count) + 1)
        var carry: UInt32 = 0
        for index in 0..<max(left.count, right.count) {
            var group = carry + (index < left.count ? left[index] : 0) + (index < right.count ? right[index] : 0)
            carry = group >= UInt32(base) ? 1 : 0
            if carry == 1 { group -= UInt32(base) }
            result.append(group)
        }
        if carry > 0 { result.append(carry) }
        return result
    }

    /// The left number must not be the smaller one.
    private static func difference(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result = left
        var borrow: Int64 = 0
        for index in left.indices {
            var group = Int64(left[index]) - (index < right.count ? Int64(right[index]) : 0) - borrow
            borrow = group < 0 ? 1 : 0
            if borrow == 1 { group += Int64(base) }
            result[index] = UInt32(group)
        }
        return result
    }

    private static func quotient(_ left: [UInt32], _ right: [UInt32]) -> (quotient: [UInt32], rest: [UInt32]) {
        if right.count == 1 {
            var number = BigInteger(groups: left, isNegative: false)
            let rest = number.divide(by: right[0])
            return (number.groups, [rest])
        }
        guard left.count >= right.count else { return ([0], left) }
        // Scaled so that the divisor's first group is large: then each guessed digit is at most two too high.
        let scale = UInt32(base / (UInt64(right[right.count - 1]) + 1))
        var rest = BigInteger(groups: left, isNegative: false)
        rest.multiply(by: scale)
        var scaled = BigInteger(groups: right, isNegative: false)
        scaled.multiply(by: scale)
        var dividend = rest.groups + [UInt32](repeating: 0, count: left.count + 1 - rest.groups.count)
        let divisor = scaled.groups
        var quotient = [UInt32](repeating: 0, count: left.count - right.count + 1)
        for at in quotient.indices.reversed() { quotient[at] = digit(&dividend, divisor, at) }
        var remainder = BigInteger(groups: Array(dividend.prefix(right.count)), isNegative: false)
        _ = remainder.divide(by: scale)
        return (quotient, remainder.groups)
    }

    /// One group of the quotient; takes its multiple of the divisor off the dividend.
    private static func digit(_ dividend: inout [UInt32], _ divisor: [UInt32], _ at: Int) -> UInt32 {
        let count = divisor.count
        let top = UInt64(dividend[at + count]) * base + UInt64(dividend[at + count - 1])
        var guess = min(top / UInt64(divisor[count - 1]), base - 1)
        var rest = top - guess * UInt64(divisor[count - 1])
        while rest < base, guess * UInt64(divisor[count - 2]) > rest * base + UInt64(dividend[at + count - 2]) {
            guess -= 1
            rest += UInt64(divisor[count - 1])
        }
        if take(guess, times: divisor, off: &dividend, at) {
            guess -= 1
            give(divisor, to: &dividend, at)
        }
        return UInt32(guess)
    }

    /// Whether too much was taken.
    private static func take(_ guess: UInt64, times divisor: [UInt32], off dividend: inout [UInt32], _ at: Int) -> Bool
    {
        var carry: UInt64 = 0
        var borrow: Int64 = 0
        for index in 0...divisor.count {
            let product = (index < divisor.count ? guess * UInt64(divisor[index]) : 0) + carry
            carry = product / base
            var group = Int64(dividend[at + index]) - Int64(product % base) - borrow
            borrow = group < 0 ? 1 : 0
            if borrow == 1 { group += Int64(base) }
            dividend[at + index] = UInt32(group)
        }
        return borrow == 1
    }

    private static func give(_ divisor: [UInt32], to dividend: inout [UInt32], _ at: Int) {
        var carry: UInt64 = 0
        for index in 0...divisor.count {
            let sum = UInt64(dividend[at + index]) + (index < divisor.count ? UInt64(divisor[index]) : 0) + carry
            dividend[at + index] = UInt32(sum % base)
            carry = index < divisor.count ? sum / base : 0
        }
    }
}
