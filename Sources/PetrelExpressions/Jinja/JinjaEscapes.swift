/// The backslash sequences of string literals, as Python reads them.
enum JinjaEscapes {
    /// The text of a literal from what stands between its quotes.
    static func text(_ raw: ArraySlice<UInt8>, _ lexer: JinjaLexer) throws(PythonFault) -> String {
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        var out: [UInt8] = []
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                out.append(byte)
                continue
            }
            if let plain = plain[next] {
                out.append(plain)
            } else {
                try special(next, &rest, &out, lexer)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let plain: [UInt8: UInt8] = [
        UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "'"): 0x27, UInt8(ascii: "\""): 0x22, UInt8(ascii: "a"): 7,
        UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
        UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
    ]

    private static func special(
        _ letter: UInt8, _ rest: inout ArraySlice<UInt8>, _ out: inout [UInt8], _ lexer: JinjaLexer
    ) throws(PythonFault) {
        switch letter {
        case 0x0A: return
        case 0x30...0x37:
            var code = UInt32(letter - 0x30)
            for _ in 0..<2 {
                guard let digit = rest.first, digit >= 0x30, digit <= 0x37 else { break }
                rest.removeFirst()
                code = code * 8 + UInt32(digit - 0x30)
            }
            append(code, &out)
        case UInt8(ascii: "x"): append(try hex(2, "\\xXX", &rest, lexer), &out)
        case UInt8(ascii: "u"): append(try hex(4, "\\uXXXX", &rest, lexer), &out)
        case UInt8(ascii: "U"):
            let code = try hex(8, "\\UXXXXXXXX", &rest, lexer)
            guard code < 0x110000 else { throw lexer.fault("illegal Unicode character") }
            append(code, &out)
        case UInt8(ascii: "N"): try named(&rest, &out, lexer)
        default:
            // Python keeps what it does not know, backslash included.
            out.append(UInt8(ascii: "\\"))
            out.append(letter)
        }
    }

    private static func append(_ code: UInt32, _ out: inout [UInt8]) {
        // A lone surrogate can't be said in UTF-8.
        out.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8))
    }

    private static func hex(
        _ count: Int, _ shown: String, _ rest: inout ArraySlice<UInt8>, _ lexer: JinjaLexer
    ) throws(PythonFault) -> UInt32 {
        let digits = String(decoding: rest.prefix(count), as: UTF8.self)
        guard digits.utf8.count == count, digits.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
            let code = UInt32(digits, radix: 16)
        else { throw lexer.fault("truncated \(shown) escape") }
        rest = rest.dropFirst(count)
        return code
    }

    private static func named(
        _ rest: inout ArraySlice<UInt8>, _ out: inout [UInt8], _ lexer: JinjaLexer
    ) throws(PythonFault) {
        guard rest.first == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
            throw lexer.fault("malformed \\N character escape")
        }
        // The standard library has no table from names to characters.
        throw lexer.fault(
            "unknown Unicode character name \(String(decoding: rest[rest.startIndex...end], as: UTF8.self))")
    }
}
