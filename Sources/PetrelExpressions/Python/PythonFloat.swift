/// Texts of doubles as Python writes and reads them.
enum PythonFloat {
    /// The shortest text that reads back as the same number, as `repr` gives it.
    static func text(_ number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        if number.magnitude < 1e15, number == number.rounded(.towardZero) {
            return number == 0 ? (number.sign == .minus ? "-0.0" : "0.0") : String(Int(number)) + ".0"
        }
        let digits = DecimalDigitString(shortest: number.magnitude)
        let sign = number < 0 ? "-" : ""
        guard digits.point > -4, digits.point <= 16 else { return sign + digits.exponential(padding: 0) }
        return sign + digits.plain(fraction: max(1, digits.digits.count - digits.point))
    }

    /// As `float()` reads a text: blanks around, underscores between digits, `inf` and `nan`; nil when it is no number.
    static func parse(_ text: String) -> Double? {
        let trimmed = PythonText.strip(text)
        guard let (digits, isSpecial) = readable(trimmed) else { return nil }
        if isSpecial {
            switch digits.lowercased().drop(while: { $0 == "+" || $0 == "-" }) {
            case "inf", "infinity": return digits.hasPrefix("-") ? -.infinity : .infinity
            case "nan": return .nan
            default: return nil
            }
        }
        return Double(digits)
    }

    /// The text without underscores, and whether it has other letters than an exponent's; nil where Python would stop.
    private static func readable(_ text: String) -> (String, isSpecial: Bool)? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        var isSpecial = false
        var previous: UInt8 = 0
        var hasDigit = false
        for scalar in text.unicodeScalars {
            guard let byte = PythonText.digitOrASCII(scalar) else { return nil }
            let isDigit = byte >= 0x30 && byte <= 0x39
            if byte == UInt8(ascii: "_") {
                guard previous >= 0x30, previous <= 0x39 else { return nil }
            } else {
                if previous == UInt8(ascii: "_"), !isDigit { return nil }
                // Swift wants digits on both sides of the dot.
                if byte == UInt8(ascii: "."), !(bytes.last.map { $0 >= 0x30 && $0 <= 0x39 } ?? false) {
                    bytes.append(0x30)
                }
                if previous == UInt8(ascii: "."), !isDigit { bytes.append(0x30) }
                bytes.append(byte)
                hasDigit = hasDigit || isDigit
                if byte | 0x20 != UInt8(ascii: "e"), !isDigit, !".+-".utf8.contains(byte) { isSpecial = true }
            }
            previous = byte
        }
        if previous == UInt8(ascii: "_") { return nil }
        if previous == UInt8(ascii: ".") { bytes.append(0x30) }
        guard isSpecial || hasDigit else { return nil }
        return (String(decoding: bytes, as: UTF8.self), isSpecial)
    }

    /// `%f`: so many digits after the point, exactly rounded; of a finite number's magnitude.
    static func fixed(_ magnitude: Double, precision: Int) -> String {
        var digits = DecimalDigitString(exact: magnitude)
        digits.round(toFraction: precision)
        return digits.plain(fraction: precision)
    }

    /// `%e`: one digit before the point.
    static func exponential(_ magnitude: Double, precision: Int) -> String {
        var digits = DecimalDigitString(exact: magnitude)
        digits.round(toSignificant: precision + 1)
        return digits.exponential(padding: precision)
    }

    /// `%g`: so many significant digits, in whichever form is shorter; trailing zeros stay only when asked for.
    static func general(_ magnitude: Double, precision: Int, keepsZeros: Bool, leastExponential: Int? = nil) -> String {
        let precision = max(1, precision)
        var digits = DecimalDigitString(exact: magnitude)
        digits.round(toSignificant: precision)
        if !keepsZeros { digits.dropTrailingZeros() }
        let exponent = digits.isZero ? 0 : digits.point - 1
        if exponent < -4 || exponent >= (leastExponential ?? precision) {
            return digits.exponential(padding: keepsZeros ? precision - 1 : 0)
        }
        let fraction = keepsZeros ? precision - 1 - exponent : max(0, digits.digits.count - digits.point)
        return digits.plain(fraction: digits.isZero && !keepsZeros ? 0 : max(0, fraction))
    }

    /// The number rounded to so many places after (or, if negative, before) the point, as `round(x, n)` does.
    static func rounded(_ number: Double, places: Int) -> Double {
        guard number.isFinite, number != 0, places < 325 else { return number }
        guard places > -310 else { return number < 0 ? -0.0 : 0.0 }
        var digits = DecimalDigitString(exact: number.magnitude)
        digits.round(toFraction: places)
        let magnitude = Double(digits.plain(fraction: max(0, places))) ?? .infinity
        return number < 0 ? -magnitude : magnitude
    }
}

/// The decimal digits of a number that is not negative: `0.d₁d₂d₃… × 10^point`.
struct DecimalDigitString {
    /// Values 0 to 9, the first not zero; empty for zero.
    var digits: [UInt8]
    /// How many digits stand before the point; negative when zeros follow the point first.
    var point: Int

    var isZero: Bool { digits.isEmpty }

    /// The shortest digits that identify the double.
    init(shortest number: Double) {
        var digits: [UInt8] = []
        var point = 0
        var exponent = 0
        var sawPoint = false
        var bytes = Array(number.description.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: ".") {
                sawPoint = true
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(String(decoding: bytes, as: UTF8.self)) ?? 0
                break
            } else {
                digits.append(byte &- 0x30)
                if !sawPoint { point += 1 }
            }
        }
        self.init(digits: digits, point: point + exponent)
    }

    /// All digits of the double, of which there may be several hundred.
    init(exact number: Double) {
        guard number.isFinite, number > 0 else {
            self.init(digits: [], point: 0)
            return
        }
        let exponent = Int(number.exponent) - 52
        let isSubnormal = number.exponentBitPattern == 0
        let significand = isSubnormal ? number.significandBitPattern : number.significandBitPattern | (1 << 52)
        let power = isSubnormal ? -1_074 : exponent
        var big = BigInteger(magnitude: significand, isNegative: false)
        if power >= 0 {
            big.double(power)
        } else {
            // m × 2^-n = m × 5^n × 10^-n.
            var rest = -power
            while rest > 0 {
                let step = min(rest, 12)
                big.multiply(
                    by: [
                        1, 5, 25, 125, 625, 3_125, 15_625, 78_125, 390_625, 1_953_125, 9_765_625,
                        48_828_125, 244_140_625,
                    ][step])
                rest -= step
            }
        }
        let digits = big.text.utf8.map { $0 - 0x30 }
        self.init(digits: digits, point: digits.count + min(0, power))
    }

    private init(digits: [UInt8], point: Int) {
        let zeros = digits.prefix { $0 == 0 }.count
        self.digits = Array(digits.dropFirst(zeros))
        self.point = self.digits.isEmpty ? 0 : point - zeros
        dropTrailingZeros()
    }

    mutating func dropTrailingZeros() {
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { point = 0 }
    }

    mutating func round(toFraction places: Int) { round(keeping: point + places) }
    mutating func round(toSignificant count: Int) { round(keeping: count) }

    /// Half to even; the digits are exact, so a half is one.
    private mutating func round(keeping count: Int) {
        guard count < digits.count else { return }
        guard count >= 0 else {
            self = DecimalDigitString(digits: [], point: 0)
            return
        }
        let next = digits[count]
        let isHalf = next == 5 && digits[(count + 1)...].allSatisfy { $0 == 0 }
        let isOdd = count > 0 && digits[count - 1] & 1 == 1
        let goesUp = isHalf ? isOdd : next >= 5
        digits.removeSubrange(count...)
        if goesUp { increment() }
        dropTrailingZeros()
    }

    private mutating func increment() {
        var at = digits.count - 1
        while at >= 0, digits[at] == 9 {
            digits[at] = 0
            at -= 1
        }
        if at >= 0 {
            digits[at] += 1
        } else {
            digits.insert(1, at: 0)
            point += 1
        }
    }

    /// Without exponent, with exactly so many digits after the point.
    func plain(fraction: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(1, point) + fraction + 1)
        if point <= 0 { bytes.append(0x30) }
        for at in 0..<max(0, point) { bytes.append(0x30 + (at < digits.count ? digits[at] : 0)) }
        if fraction > 0 {
            bytes.append(UInt8(ascii: "."))
            for offset in 0..<fraction {
                let at = point + offset
                bytes.append(0x30 + (at >= 0 && at < digits.count ? digits[at] : 0))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One digit before the point, at least `padding` behind it, and an exponent of two digits or more.
    func exponential(padding: Int) -> String {
        var bytes: [UInt8] = [0x30 + (digits.first ?? 0)]
        let fraction = max(padding, digits.count - 1)
        if fraction > 0 {
            bytes.append(UInt8(ascii: "."))
            for at in 1...fraction { bytes.append(0x30 + (at < digits.count ? digits[at] : 0)) }
        }
        let exponent = isZero ? 0 : point - 1
        let text = String(exponent.magnitude)
        return String(decoding: bytes, as: UTF8.self) + (exponent < 0 ? "e-" : "e+")
            + (text.utf8.count < 2 ? "0" : "") + text
    }
}
