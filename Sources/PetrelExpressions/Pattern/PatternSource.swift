import PetrelCore

/// The text of a pattern while it is parsed: code points, as Python counts them, with escapes taken in pairs.
struct PatternSource {
    let scalars: [Unicode.Scalar]
    private(set) var at = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The code point to be read next; a backslash alone stands for the escape that it starts.
    var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    var isAtEnd: Bool { at >= scalars.count }

    mutating func take() -> Unicode.Scalar? {
        guard at < scalars.count else { return nil }
        at += 1
        return scalars[at - 1]
    }

    mutating func take(if scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        at += 1
        return true
    }

    mutating func take(atMost count: Int, where isWanted: (Unicode.Scalar) -> Bool) -> String {
        var taken = String.UnicodeScalarView()
        while taken.count < count, let scalar = next, isWanted(scalar) {
            taken.append(scalar)
            at += 1
        }
        return String(taken)
    }

    mutating func seek(_ position: Int) { at = position }

    /// The text up to a closing mark, which is consumed.
    mutating func take(until end: Unicode.Scalar, _ what: String) throws(ExpressionError) -> String {
        let start = at
        while let scalar = take() {
            guard scalar == end else { continue }
            guard at - 1 > start else { throw problem("missing \(what)", at: start) }
            return text(start..<(at - 1))
        }
        guard at > start else { throw problem("missing \(what)", at: at) }
        throw problem("missing \(end), unterminated name", at: start)
    }

    func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    /// An error in Python's words, with the offset in code points.
    func problem(_ message: String, at position: Int) -> ExpressionError {
        let before = scalars[..<min(position, scalars.count)]
        let isMultiline = scalars.contains("\n")
        let line = before.count { $0 == "\n" } + 1
        let column = position - ((before.lastIndex(of: "\n") ?? -1) + 1) + 1
        let place = isMultiline ? " (line \(line), column \(column))" : ""
        return ExpressionError(.badPattern, "\(message) at position \(position)\(place)")
    }
}

extension Unicode.Scalar {
    var isDecimalDigit: Bool { ("0"..."9").contains(self) }
    var isOctalDigit: Bool { ("0"..."7").contains(self) }
    var isHexadecimalDigit: Bool { isDecimalDigit || ("a"..."f").contains(self) || ("A"..."F").contains(self) }
    var isLatinLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
