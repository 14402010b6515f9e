import PetrelCore

/// The numbers of YAML 1.1: underscores, four bases, sexagesimal parts.
enum YAMLNumber {
    /// The integer that a text stands for, as PyYAML's `!!int` reads it; nil when it is none.
    static func integer(_ text: String) -> Value? {
        let (isNegative, body) = split(text)
        guard body.utf8.first == UInt8(ascii: "0") else {
            return body.utf8.contains(UInt8(ascii: ":"))
                ? sexagesimal(body, isNegative) : integer(body[...], radix: 10, isNegative)
        }
        if body == "0" { return 0 }
        if body.hasPrefix("0b") { return integer(body.dropFirst(2), radix: 2, isNegative) }
        if body.hasPrefix("0x") { return integer(body.dropFirst(2), radix: 16, isNegative) }
        return integer(body.dropFirst(body.hasPrefix("0o") ? 2 : 1), radix: 8, isNegative)
    }

    /// The number that a text stands for, as PyYAML's `!!float` reads it; nil when it is none.
    static func float(_ text: String) -> Double? {
        let (isNegative, body) = split(text.lowercased())
        let sign = isNegative ? -1.0 : 1.0
        switch body {
        case ".inf", "inf", "infinity": return sign * .infinity
        case ".nan", "nan": return .nan
        default: break
        }
        if !body.utf8.contains(UInt8(ascii: ":")) { return decimal(body[...]).map { sign * $0 } }
        var sum = 0.0
        for part in body.split(separator: ":", omittingEmptySubsequences: false) {
            guard let number = decimal(part) else { return nil }
            sum = sum * 60 + number
        }
        return sign * sum
    }

    /// Python's `float`, without the forms that Swift adds.
    private static func decimal(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".e+-".utf8.contains($0) }) else { return nil }
        // Swift wants digits on both sides of the dot.
        var digits = text.hasPrefix(".") ? "0" + text : String(text)
        if let dot = digits.firstIndex(of: ".") {
            let next = digits.index(after: dot)
            if next == digits.endIndex || !("0"..."9").contains(digits[next]) { digits.insert("0", at: next) }
        }
        return Double(digits)
    }

    private static func split(_ text: String) -> (isNegative: Bool, body: String) {
        let bytes = text.utf8
        let bare =
            bytes.contains(UInt8(ascii: "_"))
            ? String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self) : text
        let isNegative = bare.hasPrefix("-")
        return (isNegative, isNegative || bare.hasPrefix("+") ? String(bare.dropFirst()) : bare)
    }

    private static func integer(_ digits: Substring, radix: Int, _ isNegative: Bool) -> Value? {
        // Int(_:radix:) would take a second sign.
        guard let first = digits.utf8.first, first != 0x2B, first != 0x2D,
            digits.utf8.count <= DecimalDigits.maxDigits
        else { return nil }
        if let number = Int((isNegative ? "-" : "") + digits, radix: radix) { return .integer(number) }
        guard let decimal = DecimalDigits(digits, radix: radix)?.text else { return nil }
        return .bigInteger((isNegative ? "-" : "") + decimal)
    }

    private static func sexagesimal(_ body: String, _ isNegative: Bool) -> Value? {
        if let sum = smallSexagesimal(body) { return .integer(isNegative ? -sum : sum) }
        var sum = DecimalDigits()
        // Each part may add seven digits, and a number has its bound.
        guard body.utf8.count <= DecimalDigits.maxDigits else { return nil }
        for part in body.split(separator: ":", omittingEmptySubsequences: false) {
            guard let number = Int(part), number >= 0, number < 1 << 50 else { return nil }
            sum.multiply(by: 60, adding: number)
        }
        let text = (isNegative && sum.text != "0" ? "-" : "") + sum.text
        return Int(text).map(Value.integer) ?? .bigInteger(text)
    }

    /// The same for parts of digits alone that are sure to fit: eighteen characters come to less than 10^18.
    private static func smallSexagesimal(_ body: String) -> Int? {
        guard body.utf8.count <= 18 else { return nil }
        var sum = 0
        var part = 0
        var isEmpty = true
        for byte in body.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                part = part * 10 + Int(byte - 0x30)
                isEmpty = false
            case UInt8(ascii: ":") where !isEmpty:
                sum = sum * 60 + part
                part = 0
                isEmpty = true
            default: return nil
            }
        }
        return isEmpty ? nil : sum * 60 + part
    }
}

/// A whole number of any size, held as decimal digits in groups of nine; for the few literals that pass 64 bits.
struct DecimalDigits {
    /// Least significant group first.
    private var groups: [UInt64] = [0]
    private static let base: UInt64 = 1_000_000_000
    /// Python's own bound for a text that becomes a number.
    static let maxDigits = 4_300

    init() {}

    init?(_ digits: Substring, radix: Int) {
        guard !digits.isEmpty, digits.utf8.count <= Self.maxDigits else { return nil }
        for character in digits {
            guard let digit = character.hexDigitValue, digit < radix else { return nil }
            multiply(by: radix, adding: digit)
        }
    }

    mutating func multiply(by factor: Int, adding: Int) {
        var carry = UInt64(adding)
        for index in groups.indices {
            let sum = groups[index] * UInt64(factor) + carry
            groups[index] = sum % Self.base
            carry = sum / Self.base
        }
        while carry > 0 {
            groups.append(carry % Self.base)
            carry /= Self.base
        }
    }

    var text: String {
        let padded = groups.dropLast().reversed().map { group in
            let digits = String(group)
            return String(repeating: "0", count: 9 - digits.count) + digits
        }
        return String(groups[groups.count - 1]) + padded.joined()
    }
}
