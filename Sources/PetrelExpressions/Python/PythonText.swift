/// What Python knows about text: code points, not characters.
enum PythonText {
    /// `str.isspace` for one code point.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    /// Where `splitlines` breaks.
    static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Whether `repr` leaves a code point as it is.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value >= 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// The digit that a decimal code point of any script stands for, or the ASCII byte; nil for others.
    static func digitOrASCII(_ scalar: Unicode.Scalar) -> UInt8? {
        if scalar.value < 0x80 { return UInt8(scalar.value) }
        return decimalDigit(scalar).map { 0x30 + $0 }
    }

    /// The value of a decimal digit of any script.
    static func decimalDigit(_ scalar: Unicode.Scalar) -> UInt8? {
        if scalar.value < 0x80 {
            return scalar.value >= 0x30 && scalar.value <= 0x39 ? UInt8(scalar.value - 0x30) : nil
        }
        guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else { return nil }
        return UInt8(value)
    }

    /// Without the white space at both ends.
    static func strip(_ text: String) -> String {
        // Most texts have none; then no copy is made.
        if let first = text.utf8.first, let last = text.utf8.last, first > 0x20, first < 0x80, last > 0x20, last < 0x80
        {
            return text
        }
        return strip(text, fromStart: true, fromEnd: true, isSpace)
    }

    /// The text as `repr` shows it: single quotes, double ones only if that saves an escape.
    static func quoted(_ text: String) -> String {
        var out = ""
        appendQuoted(text, to: &out)
        return out
    }

    static func appendQuoted(_ text: String, to out: inout String) {
        var hasSingle = false
        var hasDouble = false
        var isPlain = true
        for byte in text.utf8 {
            if byte == UInt8(ascii: "'") { hasSingle = true }
            if byte == UInt8(ascii: "\"") { hasDouble = true }
            if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\\") { isPlain = false }
        }
        let quote: Unicode.Scalar = hasSingle && !hasDouble ? "\"" : "'"
        out.unicodeScalars.append(quote)
        if isPlain, !(hasSingle && hasDouble) {
            out += text
        } else {
            for scalar in text.unicodeScalars { appendEscaped(scalar, quote, to: &out) }
        }
        out.unicodeScalars.append(quote)
    }

    private static func appendEscaped(_ scalar: Unicode.Scalar, _ quote: Unicode.Scalar, to out: inout String) {
        switch scalar {
        case quote, "\\":
            out += "\\"
            out.unicodeScalars.append(scalar)
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case _ where isPrintable(scalar): out.unicodeScalars.append(scalar)
        case _ where scalar.value < 0x100: out += "\\x" + hex(scalar.value, 2)
        case _ where scalar.value < 0x10000: out += "\\u" + hex(scalar.value, 4)
        default: out += "\\U" + hex(scalar.value, 8)
        }
    }

    /// The text with everything outside ASCII as an escape, as `ascii()` shows it.
    static func asciiOnly(_ text: String) -> String {
        if isASCII(text) { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case ..<0x80: out.unicodeScalars.append(scalar)
            case ..<0x100: out += "\\x" + hex(scalar.value, 2)
            case ..<0x10000: out += "\\u" + hex(scalar.value, 4)
            default: out += "\\U" + hex(scalar.value, 8)
            }
        }
        return out
    }

    /// Lower-case hexadecimal digits, filled up with zeros.
    static func hex(_ number: UInt32, _ width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
