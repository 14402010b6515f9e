/// A whole number of any size: sign, and groups of nine decimal digits, least significant first.
///
/// Decimal groups, because values carry such numbers as their digits; swift-numerics has no such type.
struct BigInteger: Sendable, Hashable {
    /// Never empty; no leading zero group, except for zero itself.
    private(set) var groups: [UInt32]
    private(set) var isNegative: Bool

    static let base: UInt64 = 1_000_000_000
    /// Most groups of a result; some 20,000 digits.
    static let maxGroups = 2_200

    init(groups: [UInt32], isNegative: Bool) {
        var groups = groups
        while groups.count > 1, groups[groups.count - 1] == 0 { groups.removeLast() }
        if groups.isEmpty { groups = [0] }
        self.groups = groups
        self.isNegative = isNegative && !(groups.count == 1 && groups[0] == 0)
    }

    init(_ number: Int) { self.init(magnitude: UInt64(number.magnitude), isNegative: number < 0) }

    init(magnitude: UInt64, isNegative: Bool) {
        var rest = magnitude
        var groups: [UInt32] = []
        repeat {
            groups.append(UInt32(rest % Self.base))
            rest /= Self.base
        } while rest > 0
        self.init(groups: groups, isNegative: isNegative)
    }

    /// Reads decimal digits with an optional sign; nil for anything else.
    init?(digits text: some Collection<UInt8>) {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        let count = digits.count
        guard count > 0, count <= Self.maxGroups * 9 else { return nil }
        var groups: [UInt32] = []
        var group: UInt32 = 0
        var open = (count - 1) % 9 + 1
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            group = group * 10 + UInt32(digit - 0x30)
            open -= 1
            if open == 0 {
                groups.append(group)
                group = 0
                open = 9
            }
        }
        groups.reverse()
        self.init(groups: groups, isNegative: isNegative)
    }

    /// The whole part of a finite number, exactly.
    init(truncating number: Double) {
        let whole = number.magnitude.rounded(.towardZero)
        guard whole >= 1 else {
            self.init(0)
            return
        }
        let exponent = max(0, Int(whole.exponent) - 52)
        let significand = UInt64(
            exponent == 0 ? whole : whole * Double(sign: .plus, exponent: -exponent, significand: 1))
        var result = BigInteger(magnitude: significand, isNegative: number < 0)
        result.double(exponent)
        self = result
    }

    var isZero: Bool { groups.count == 1 && groups[0] == 0 }

    /// The decimal digits, with a leading `-` when negative.
    var text: String {
        var text = Array((isNegative ? "-" : "") + String(groups[groups.count - 1])).compactMap(\.asciiValue)
        text.reserveCapacity(groups.count * 9 + 1)
        for group in groups.dropLast().reversed() {
            var place: UInt32 = 100_000_000
            while place > 0 {
                text.append(UInt8(ascii: "0") + UInt8(group / place % 10))
                place /= 10
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The number in 64 bits; nil when it does not fit.
    var int: Int? {
        guard groups.count <= 3 else { return nil }
        var magnitude: UInt64 = 0
        for group in groups.reversed() {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: Self.base)
            let (sum, carry) = product.addingReportingOverflow(UInt64(group))
            if overflow || carry { return nil }
            magnitude = sum
        }
        if isNegative { return magnitude <= UInt64(1) << 63 ? Int(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int(exactly: magnitude)
    }

    /// The nearest double; infinite when it is too large for one.
    var double: Double { Double(text) ?? (isNegative ? -.infinity : .infinity) }

    var negated: BigInteger { BigInteger(groups: groups, isNegative: !isNegative) }
    var magnitude: BigInteger { BigInteger(groups: groups, isNegative: false) }
    var isOdd: Bool { groups[0] & 1 == 1 }

    /// Multiplies by a small factor and adds a small number, both to the magnitude.
    mutating func multiply(by factor: UInt32, adding: UInt32 = 0) {
        var carry = UInt64(adding)
        for index in groups.indices {
            let sum = UInt64(groups[index]) * UInt64(factor) + carry
            groups[index] = UInt32(sum % Self.base)
            carry = sum / Self.base
        }
        while carry > 0 {
            groups.append(UInt32(carry % Self.base))
            carry /= Self.base
        }
        if factor == 0 { self = BigInteger(groups: groups, isNegative: isNegative) }
    }

    /// Divides the magnitude by a small number and returns what is left over.
    mutating func divide(by divisor: UInt32) -> UInt32 {
        var rest: UInt64 = 0
        for index in groups.indices.reversed() {
            let whole = rest * Self.base + UInt64(groups[index])
            groups[index] = UInt32(whole / UInt64(divisor))
            rest = whole % UInt64(divisor)
        }
        self = BigInteger(groups: groups, isNegative: isNegative)
        return UInt32(rest)
    }

    /// Doubles the magnitude so many times.
    mutating func double(_ times: Int) {
        var rest = times
        while rest > 0 {
            let step = min(rest, 29)
            multiply(by: 1 << UInt32(step))
            rest -= step
        }
    }
}

extension BigInteger: Comparable {
    static func < (left: BigInteger, right: BigInteger) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// Compares magnitudes.
    func isSmaller(than other: BigInteger) -> Bool {
        if groups.count != other.groups.count { return groups.count < other.groups.count }
        for index in groups.indices.reversed() where groups[index] != other.groups[index] {
            return groups[index] < other.groups[index]
        }
        return false
    }
}
