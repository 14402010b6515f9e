/// Upper and lower case as `str` has them.
extension PythonText {
    static func upper(_ text: String) -> String {
        mapped(text, ascii: { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }) { $0.properties.uppercaseMapping }
    }

    static func lower(_ text: String) -> String {
        if let fast = ascii(text, { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }) { return fast }
        let scalars = Array(text.unicodeScalars)
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for (at, scalar) in scalars.enumerated() {
            if scalar.isASCII {
                out.unicodeScalars.append(asciiLower(scalar))
            } else {
                out += lower(scalar, at, scalars)
            }
        }
        return out
    }

    /// A capital sigma at the end of a word becomes a final one.
    private static func lower(_ scalar: Unicode.Scalar, _ at: Int, _ scalars: [Unicode.Scalar]) -> String {
        guard scalar.value == 0x3A3 else {
            return scalar.isASCII ? String(asciiLower(scalar)) : scalar.properties.lowercaseMapping
        }
        let before = scalars[..<at].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(at + 1)...].first { !$0.properties.isCaseIgnorable }
        return (before?.properties.isCased ?? false) && !(after?.properties.isCased ?? false) ? "ς" : "σ"
    }

    private static func asciiLower(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        scalar.value >= 0x41 && scalar.value <= 0x5A ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar
    }

    /// For comparing without case: near enough to Unicode's folding, which the standard library does not have.
    static func casefold(_ text: String) -> String {
        mapped(text, ascii: { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }) { scalar in
            lower(scalar.properties.uppercaseMapping).replacingFinalSigma
        }
    }

    static func swapcase(_ text: String) -> String {
        if let fast = ascii(text, { isLetter($0) ? $0 ^ 0x20 : $0 }) { return fast }
        let scalars = Array(text.unicodeScalars)
        var out = ""
        for (at, scalar) in scalars.enumerated() {
            if isUpper(scalar) {
                out += lower(scalar, at, scalars)
            } else {
                out += isLower(scalar) ? scalar.properties.uppercaseMapping : String(scalar)
            }
        }
        return out
    }

    /// First letter large, the rest small.
    static func capitalize(_ text: String) -> String {
        if isASCII(text) { return replacingFirst(lower(text)) { isLetter($0) ? $0 & 0xDF : $0 } }
        let scalars = Array(text.unicodeScalars)
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for (at, scalar) in scalars.enumerated() {
            out += at == 0 ? scalar.properties.titlecaseMapping : lower(scalar, at, scalars)
        }
        return out
    }

    /// `str.title`: each run of letters starts large.
    static func title(_ text: String) -> String {
        if isASCII(text) {
            var isWord = false
            return mappedInOrder(text) { byte in
                defer { isWord = isLetter(byte) }
                return isLetter(byte) ? isWord ? byte | 0x20 : byte & 0xDF : byte
            }
        }
        let scalars = Array(text.unicodeScalars)
        var out = ""
        out.reserveCapacity(text.utf8.count)
        var isInside = false
        for (at, scalar) in scalars.enumerated() {
            out += isInside ? lower(scalar, at, scalars) : scalar.properties.titlecaseMapping
            isInside = scalar.properties.isCased
        }
        return out
    }

    static func isUpper(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isUppercase }
    static func isLower(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isLowercase }
    static func isTitle(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .titlecaseLetter }

    /// `str.islower`: cased letters, all small.
    static func isLower(_ text: String) -> Bool {
        var found = false
        for scalar in text.unicodeScalars {
            if isUpper(scalar) || isTitle(scalar) { return false }
            found = found || isLower(scalar)
        }
        return found
    }

    /// `str.isupper`: cased letters, all large.
    static func isUpper(_ text: String) -> Bool {
        var found = false
        for scalar in text.unicodeScalars {
            if isLower(scalar) || isTitle(scalar) { return false }
            found = found || isUpper(scalar)
        }
        return found
    }

    /// `str.istitle`.
    static func isTitle(_ text: String) -> Bool {
        var isInside = false
        var found = false
        for scalar in text.unicodeScalars {
            if isUpper(scalar) || isTitle(scalar) {
                if isInside { return false }
                isInside = true
                found = true
            } else if isLower(scalar) {
                if !isInside { return false }
                found = true
            } else {
                isInside = false
            }
        }
        return found
    }

    @inline(__always)
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    private static func ascii(_ text: String, _ change: (UInt8) -> UInt8) -> String? {
        guard isASCII(text) else { return nil }
        return mapped(text, change)
    }

    private static func mapped(
        _ text: String, ascii change: (UInt8) -> UInt8, _ map: (Unicode.Scalar) -> String
    ) -> String {
        if let fast = ascii(text, change) { return fast }
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                out.unicodeScalars.append(Unicode.Scalar(change(UInt8(scalar.value))))
            } else {
                out += map(scalar)
            }
        }
        return out
    }
}

extension String {
    fileprivate var replacingFinalSigma: String {
        var out = ""
        for scalar in unicodeScalars { out.unicodeScalars.append(scalar == "ς" ? "σ" : scalar) }
        return out
    }
}
