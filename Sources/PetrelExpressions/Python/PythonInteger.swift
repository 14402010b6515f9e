/// Reading and writing whole numbers as Python does.
enum PythonInteger {
    /// Python's own bound for a text that becomes a number and the other way round.
    static let maxDigits = 4_300

    /// As `int(text, base)` reads it: blanks around, a sign, underscores between digits, a prefix that fits the base.
    static func parse(_ text: String, base: Int = 10) throws(PythonFault) -> PythonNumber {
        guard base == 0 || (2...36).contains(base) else { throw .value("int() base must be >= 2 and <= 36, or 0") }
        guard let number = try number(Array(PythonText.strip(text).unicodeScalars)[...], base: base) else {
            throw .value("invalid literal for int() with base \(base): \(PythonText.quoted(text))")
        }
        return number
    }

    private static func number(
        _ scalars: ArraySlice<Unicode.Scalar>, base: Int
    ) throws(PythonFault) -> PythonNumber? {
        var rest = scalars
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        var base = base
        if rest.count >= 2, rest.first == "0", let named = prefixBase(rest[rest.startIndex + 1]),
            base == 0 || base == named
        {
            // In base 16, `0b1` is a number of three digits.
            rest.removeFirst(2)
            base = named
            if rest.first == "_" { rest.removeFirst() }
        }
        if base == 0 {
            base = 10
            let isZero = rest.allSatisfy { $0 == "0" || $0 == "_" }
            if rest.count > 1, rest.first == "0", !isZero { return nil }
        }
        guard let digits = digits(rest, base: base) else { return nil }
        return try value(digits, base: base, isNegative)
    }

    private static func prefixBase(_ letter: Unicode.Scalar) -> Int? {
        switch letter {
        case "x", "X": 16
        case "o", "O": 8
        case "b", "B": 2
        default: nil
        }
    }

    private static func digits(_ scalars: ArraySlice<Unicode.Scalar>, base: Int) -> [UInt8]? {
        var digits: [UInt8] = []
        digits.reserveCapacity(scalars.count)
        var mayBreak = false
        for scalar in scalars {
            if scalar == "_" {
                guard mayBreak else { return nil }
                mayBreak = false
                continue
            }
            guard let byte = PythonText.digitOrASCII(scalar), let digit = digit(byte), digit < base else { return nil }
            digits.append(digit)
            mayBreak = true
        }
        return mayBreak ? digits : nil
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x7A: byte - 0x61 + 10
        case 0x41...0x5A: byte - 0x41 + 10
        default: nil
        }
    }

    private static func value(_ digits: [UInt8], base: Int, _ isNegative: Bool) throws(PythonFault) -> PythonNumber {
        let isBinary = base & (base - 1) == 0
        guard isBinary ? digits.count <= maxDigits * 4 : digits.count <= maxDigits else {
            throw .value(
                "Exceeds the limit (\(maxDigits) digits) for integer string conversion: value has \(digits.count) "
                    + "digits; use sys.set_int_max_str_digits() to increase the limit")
        }
        var small = 0
        for (at, digit) in digits.enumerated() {
            let (product, isLarge) = small.multipliedReportingOverflow(by: base)
            let (sum, overflow) = product.addingReportingOverflow(Int(digit))
            guard !isLarge, !overflow else { return big(digits, from: at, small, base, isNegative) }
            small = sum
        }
        return .integer(isNegative ? -small : small)
    }

    private static func big(
        _ digits: [UInt8], from start: Int, _ head: Int, _ base: Int, _ isNegative: Bool
    ) -> PythonNumber {
        var number = BigInteger(head)
        if base == 10, let decimal = BigInteger(digits: digits.map { $0 + 0x30 }) {
            number = decimal
        } else {
            for digit in digits[start...] { number.multiply(by: UInt32(base), adding: UInt32(digit)) }
        }
        return PythonNumber(isNegative ? number.negated : number)
    }

    /// The digits of a magnitude in base 2, 8, 10 or 16.
    static func digits(_ number: PythonNumber, base: Int, uppercase: Bool = false) -> String {
        switch number {
        case .integer(let number): return String(number.magnitude, radix: base, uppercase: uppercase)
        case .double: return ""
        case .big(let number):
            if base == 10 { return number.magnitude.text }
            return bigDigits(number.magnitude, base: base, uppercase: uppercase)
        }
    }

    private static func bigDigits(_ magnitude: BigInteger, base: Int, uppercase: Bool) -> String {
        var rest = magnitude
        // 2^24 is a whole number of digits in each of these bases.
        let width = base == 2 ? 24 : base == 8 ? 8 : 6
        var parts: [String] = []
        while !rest.isZero {
            let digits = String(rest.divide(by: 1 << 24), radix: base, uppercase: uppercase)
            parts.append(String(repeating: "0", count: rest.isZero ? 0 : width - digits.utf8.count) + digits)
        }
        return parts.reversed().joined()
    }
}
