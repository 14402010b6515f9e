import PetrelCore

/// The types of YAML 1.1 that a scalar's text can have, as PyYAML's resolver tells them.
///
/// Written by hand on bytes: these tests run for every scalar of every content file.
enum YAMLScalar: String {
    case bool, float, int, merge, null, str, timestamp, value

    /// The type of a plain scalar.
    static func type(of text: String) -> YAMLScalar {
        let bytes = Array(text.utf8)
        guard let first = bytes.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            if isFloat(bytes) { return .float }
            if isInteger(bytes) { return .int }
            return YAMLTimestamp.isPlain(bytes) ? .timestamp : .str
        default:
            if nulls.contains(text) { return .null }
            if truths[text] != nil { return .bool }
            return text == "<<" ? .merge : text == "=" ? .value : .str
        }
    }

    private static let nulls: Set<String> = ["~", "null", "Null", "NULL"]

    private static let truths: [String: Bool] = {
        var truths: [String: Bool] = [:]
        for (word, truth) in [
            ("yes", true), ("no", false), ("true", true), ("false", false), ("on", true), ("off", false),
        ] {
            truths[word] = truth
            truths[word.prefix(1).uppercased() + word.dropFirst()] = truth
            truths[word.uppercased()] = truth
        }
        return truths
    }()

    /// The truth of a word in any letter case, as an explicit `!!bool` reads it.
    static func truth(_ text: String) -> Bool? { truths[text.lowercased()] }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isDigitOrBar(_ byte: UInt8) -> Bool { isDigit(byte) || byte == UInt8(ascii: "_") }

    private static func unsigned(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
    }

    private static func isInteger(_ bytes: [UInt8]) -> Bool {
        let body = unsigned(bytes)
        guard let first = body.first, isDigit(first) else { return false }
        let rest = body.dropFirst()
        if first == UInt8(ascii: "0") {
            guard let mark = rest.first else { return true }
            let digits = rest.dropFirst()
            switch mark {
            case UInt8(ascii: "b"):
                return !digits.isEmpty && digits.allSatisfy { $0 == 0x30 || $0 == 0x31 || $0 == 0x5F }
            case UInt8(ascii: "x"): return !digits.isEmpty && digits.allSatisfy(isHexadecimalOrBar)
            default: return rest.allSatisfy { (0x30...0x37).contains($0) || $0 == 0x5F }
            }
        }
        let tail = rest.drop(while: isDigitOrBar)
        return tail.isEmpty || isSexagesimal(tail)
    }

    private static func isHexadecimalOrBar(_ byte: UInt8) -> Bool {
        isDigitOrBar(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    /// One or more of `:59`, each with one or two digits below 60.
    private static func isSexagesimal(_ bytes: ArraySlice<UInt8>) -> Bool {
        var at = bytes.startIndex
        while at < bytes.endIndex {
            guard bytes[at] == UInt8(ascii: ":") else { return false }
            at += 1
            let start = at
            while at < bytes.endIndex, isDigit(bytes[at]) { at += 1 }
            guard (1...2).contains(at - start), at - start == 1 || bytes[start] < 0x36 else { return false }
        }
        return true
    }

    private static func isFloat(_ bytes: [UInt8]) -> Bool {
        let body = unsigned(bytes)
        let isSigned = body.count < bytes.count
        guard let dot = body.firstIndex(of: UInt8(ascii: ".")) else { return false }
        let whole = body[..<dot]
        let fraction = body[(dot + 1)...]
        if whole.isEmpty {
            let word = String(decoding: fraction, as: UTF8.self)
            if ["inf", "Inf", "INF"].contains(word) { return true }
            if isSigned { return false }
            if ["nan", "NaN", "NAN"].contains(word) { return true }
            guard let first = fraction.first, isDigit(first) else { return false }
            return isExponent(fraction.drop(while: isDigitOrBar))
        }
        guard isDigit(whole[whole.startIndex]) else { return false }
        let tail = fraction.drop(while: isDigitOrBar)
        let afterDigits = whole.drop(while: isDigitOrBar)
        return afterDigits.isEmpty ? isExponent(tail) : isSexagesimal(afterDigits) && tail.isEmpty
    }

    /// Nothing, or an exponent with its sign, which YAML 1.1 demands.
    private static func isExponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let mark = bytes.first else { return true }
        let sign = bytes.dropFirst().first
        guard mark | 0x20 == UInt8(ascii: "e"), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
            return false
        }
        let digits = bytes.dropFirst(2)
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }
}
