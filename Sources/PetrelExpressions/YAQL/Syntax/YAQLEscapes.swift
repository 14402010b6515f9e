/// The escapes in a quoted text; those that Python does not know stay as they are.
struct YAQLEscapes {
    private let scalars: ArraySlice<Unicode.Scalar>
    private var at: Int
    /// How many characters may still be looked up by name.
    private(set) var namesLeft: Int

    init(_ scalars: ArraySlice<Unicode.Scalar>, namesLeft: Int) {
        self.scalars = scalars
        at = scalars.startIndex
        self.namesLeft = namesLeft
    }

    mutating func decoded() throws(YAQLFault) -> String {
        var text = ""
        while at < scalars.endIndex {
            if scalars[at] == "\\", let decoded = try escape() {
                text.unicodeScalars.append(decoded)
            } else {
                text.unicodeScalars.append(scalars[at])
                at += 1
            }
        }
        return text
    }

    /// The character that is meant, and behind the escape; nil when this is none.
    private mutating func escape() throws(YAQLFault) -> Unicode.Scalar? {
        guard at + 1 < scalars.endIndex else { return nil }
        let kind = scalars[at + 1]
        switch kind {
        case "x": return try hexadecimal(2)
        case "u": return try hexadecimal(4)
        case "U": return try hexadecimal(8)
        case "N": return try named()
        case "0"..."7": return octal()
        default:
            guard let meant = Self.single[kind] else { return nil }
            at += 2
            return meant
        }
    }

    private static let single: [Unicode.Scalar: Unicode.Scalar] = [
        "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
        "v": "\u{B}",
    ]

    private mutating func hexadecimal(_ width: Int) throws(YAQLFault) -> Unicode.Scalar? {
        let start = at + 2
        // With fewer characters it is no escape at all; with wrong ones it is a bad one.
        guard start + width <= scalars.endIndex, !scalars[start..<(start + width)].contains("\n") else { return nil }
        var code: UInt32 = 0
        for scalar in scalars[start..<(start + width)] {
            guard let digit = scalar.isASCII ? Character(scalar).hexDigitValue : nil else { throw Self.bad("escape") }
            code = code << 4 | UInt32(digit)
        }
        guard code <= 0x10FFFF else { throw Self.bad("Unicode character") }
        at = start + width
        // Half of a pair is no character here.
        return Unicode.Scalar(code) ?? "\u{FFFD}"
    }

    private mutating func octal() -> Unicode.Scalar? {
        var code: UInt32 = 0
        var end = at + 1
        while end < scalars.endIndex, end < at + 4, ("0"..."7").contains(scalars[end]) {
            code = code * 8 + scalars[end].value - 0x30
            end += 1
        }
        at = end
        return Unicode.Scalar(code)
    }

    private mutating func named() throws(YAQLFault) -> Unicode.Scalar? {
        guard at + 2 < scalars.endIndex, scalars[at + 2] == "{",
            let end = scalars[(at + 3)...].firstIndex(of: "}"), end > at + 3
        else { return nil }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars[(at + 3)..<end])
        guard namesLeft > 0, name.utf8.count <= 100 else {
            throw .tooComplex("The expression names more characters than are looked up")
        }
        namesLeft -= 1
        guard let scalar = YAQLCharacterNames.scalar(name.uppercased()) else {
            throw Self.bad("Unicode character name")
        }
        at = end + 1
        return scalar
    }

    private static func bad(_ what: String) -> YAQLFault {
        YAQLFault(.failed, "UnicodeDecodeError", "'unicodeescape' codec can't decode bytes: bad \(what)")
    }
}

/// Characters by their Unicode names.
enum YAQLCharacterNames {
    /// Looks through all of them; the standard library has no index.
    static func scalar(_ name: String) -> Unicode.Scalar? {
        for code in UInt32(0x20)...0x1FBFF {
            guard let scalar = Unicode.Scalar(code), let known = scalar.properties.name else { continue }
            if known == name { return scalar }
        }
        return nil
    }
}
