import PetrelCore

/// Text without its HTML: no comments, no tags, single blanks, references read.
enum JinjaTagStripper {
    static func text(_ html: String, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        try budget.make(bytes: html.utf8.count)
        let bare = without(start: "<", end: ">", in: without(start: "<!--", end: "-->", in: html))
        return unescaped(try PythonText.split(bare, budget).joined(separator: " "))
    }

    /// Cuts out each part from a start to the next end; a start without an end stays.
    private static func without(start: String, end: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let opening = TextSearch(start)
        let closing = TextSearch(end)
        var out: [UInt8] = []
        var from = 0
        while let open = opening.first(in: bytes, from: from),
            let close = closing.first(in: bytes, from: open + opening.needle.count)
        {
            out += bytes[from..<open]
            from = close + closing.needle.count
        }
        out += bytes[from...]
        return String(decoding: out, as: UTF8.self)
    }

    private static let named: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®",
        "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”",
        "laquo": "«", "raquo": "»", "euro": "€", "pound": "£", "yen": "¥", "cent": "¢", "sect": "§", "para": "¶",
        "middot": "·", "bull": "•", "times": "×", "divide": "÷", "plusmn": "±", "deg": "°", "micro": "µ",
        "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "eacute": "é",
        "egrave": "è", "agrave": "à", "ccedil": "ç", "ntilde": "ñ", "trade": "™", "larr": "←", "rarr": "→",
    ]

    static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var out = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "&", let (length, meaning) = reference(rest) else {
                out.unicodeScalars.append(scalar)
                continue
            }
            out += meaning
            rest = rest.dropFirst(length)
        }
        return out
    }

    /// The reference behind an ampersand: how long it is and what it means.
    private static func reference(_ rest: Substring.UnicodeScalarView) -> (Int, String)? {
        let body = rest.prefix(32)
        guard let end = body.firstIndex(of: ";") else { return nil }
        let name = String(body[..<end])
        let length = name.unicodeScalars.count + 1
        guard name.hasPrefix("#") else { return named[name].map { (length, $0) } }
        let isHex = name.hasPrefix("#x") || name.hasPrefix("#X")
        guard let code = UInt32(name.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10) else { return nil }
        return (length, String(code == 0 ? "\u{FFFD}" : Unicode.Scalar(code) ?? "\u{FFFD}"))
    }
}
