import PetrelCore

/// Numbers in Python's spelling.
enum PythonNumber {
    /// What `int(text)` gives: blanks around, a sign, single underscores between digits.
    static func integer(_ text: String) -> Value? {
        let (sign, digits) = split(text)
        guard isGrouped(digits), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x5F }) else {
            return nil
        }
        let bare = String(digits.filter { $0 != "_" }.drop { $0 == "0" })
        // Python's own bound for a text that becomes an integer.
        guard bare.utf8.count <= 4_300 else { return nil }
        if bare.isEmpty { return 0 }
        return Int(sign + bare).map(Value.integer) ?? .bigInteger(sign + bare)
    }

    /// What `float(text)` gives: also `nan`, `inf`, `1e3`, `.5` and `5.`.
    static func float(_ text: String) -> Double? {
        let (sign, body) = split(text.lowercased())
        let factor = sign.isEmpty ? 1.0 : -1.0
        switch body {
        case "nan": return .nan
        case "inf", "infinity": return factor * .infinity
        default: break
        }
        guard isGrouped(body), !body.hasPrefix("-"), !body.hasPrefix("+"),
            body.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".e+-_".utf8.contains($0) })
        else { return nil }
        var digits = body.filter { $0 != "_" }
        // Swift wants digits on both sides of the dot.
        if let dot = digits.firstIndex(of: ".") {
            let after = digits.index(after: dot)
            let hasAfter = after < digits.endIndex && digits[after].isNumber
            guard hasAfter || dot > digits.startIndex else { return nil }
            if !hasAfter { digits.insert("0", at: after) }
            if dot == digits.startIndex { digits = "0" + digits }
        }
        return Double(digits).map { factor * $0 }
    }

    /// What a number in Python source stands for: no leading zeros, other bases with their prefix.
    static func literal(_ text: String) -> Value? {
        let (sign, body) = split(text)
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where body.lowercased().hasPrefix(prefix) {
            return Int(sign + body.dropFirst(2).filter { $0 != "_" }, radix: radix).map(Value.integer)
        }
        if let integer = integer(text) {
            let hasLeadingZero = body.hasPrefix("0") && body.contains { ("1"..."9").contains($0) }
            // Not `? nil :`, which would be a null value: Value has a nil literal of its own.
            if hasLeadingZero { return nil }
            return integer
        }
        guard body.utf8.first.map({ $0 < 0x3A }) ?? false else { return nil }
        return float(text).map(Value.double)
    }

    private static func split(_ text: String) -> (sign: String, body: String) {
        let trimmed = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        if trimmed.hasPrefix("-") { return ("-", String(trimmed.dropFirst())) }
        return ("", trimmed.hasPrefix("+") ? String(trimmed.dropFirst()) : trimmed)
    }

    /// Whether underscores stand between digits only, and there is anything at all.
    private static func isGrouped(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        let bytes = Array(text.utf8)
        let isSound = bytes.indices.dropFirst().dropLast().allSatisfy { index in
            bytes[index] != 0x5F || isDigit(bytes[index - 1]) && isDigit(bytes[index + 1])
        }
        return first != 0x5F && last != 0x5F && isSound
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
