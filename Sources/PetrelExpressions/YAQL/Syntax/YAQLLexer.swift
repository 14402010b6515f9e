import PetrelCore

/// Cuts an expression into tokens, one at a time: an illegal character counts when the parser gets there.
struct YAQLLexer {
    private let scalars: [Unicode.Scalar]
    private let isASCII: Bool
    private var at = 0
    /// Where the last token began, in code points.
    private(set) var start = 0
    /// Looking a character up by name is slow; more than these are refused.
    private var namesLeft = 8

    /// Most code points of one expression.
    static let maxLength = 100_000

    init(_ source: String) throws(YAQLFault) {
        guard source.utf8.count <= Self.maxLength * 4 else { throw Self.tooLong }
        scalars = Array(source.unicodeScalars)
        isASCII = scalars.count == source.utf8.count
        guard scalars.count <= Self.maxLength else { throw Self.tooLong }
    }

    private static let tooLong = YAQLFault.tooComplex("The expression is longer than \(maxLength) characters")

    mutating func next() throws(YAQLFault) -> YAQLToken {
        while let scalar = peek(), scalar == " " || scalar == "\t" || scalar == "\r" || scalar == "\n" { at += 1 }
        start = at
        guard let scalar = peek() else { return .end }
        if scalar == "$" { return variable() }
        if Self.isDigit(scalar) { return try number() }
        if Self.isWord(scalar) { return try word() }
        if scalar == "'" || scalar == "\"" || scalar == "`" { return try string(scalar) }
        if let symbol = symbol(scalar) { return .symbol(symbol) }
        throw illegal()
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? { at + offset < scalars.count ? scalars[at + offset] : nil }

    private func illegal() -> YAQLFault {
        YAQLFault(
            .syntax, "YaqlLexicalException", "Lexical error: illegal character '\(scalars[start])' at position \(start)"
        )
    }

    private func text(_ range: Range<Int>) -> String {
        if isASCII {
            return String(unsafeUninitializedCapacity: range.count) { bytes in
                for offset in 0..<range.count {
                    bytes[offset] = UInt8(truncatingIfNeeded: scalars[range.lowerBound + offset].value)
                }
                return range.count
            }
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[range])
        return text
    }

    private mutating func skipWord() {
        while let scalar = peek(), Self.isWord(scalar) { at += 1 }
    }

    private mutating func variable() -> YAQLToken {
        at += 1
        skipWord()
        return .variable(text(start..<at))
    }

    /// A number ends where a word could not go on: `1.5e3` is `1`, a dot, and something illegal.
    private mutating func number() throws(YAQLFault) -> YAQLToken {
        let whole = digits(from: at)
        var end = whole
        if whole + 1 < scalars.count, scalars[whole] == ".", Self.isDigit(scalars[whole + 1]) {
            let fraction = digits(from: whole + 1)
            if isWordEnd(fraction) { end = fraction }
        }
        guard isWordEnd(end) else { throw illegal() }
        at = end
        var bytes: [UInt8] = []
        for scalar in scalars[start..<end] {
            if let byte = PythonText.digitOrASCII(scalar) { bytes.append(byte) }
        }
        let digits = String(decoding: bytes, as: UTF8.self)
        if end > whole { return .literal(.double(Double(digits) ?? .infinity)) }
        return .literal(try python { () throws(PythonFault) in try PythonInteger.parse(digits).value })
    }

    private func digits(from start: Int) -> Int {
        var end = start
        while end < scalars.count, Self.isDigit(scalars[end]) { end += 1 }
        return end
    }

    private func isWordEnd(_ position: Int) -> Bool { position >= scalars.count || !Self.isWord(scalars[position]) }

    private mutating func word() throws(YAQLFault) -> YAQLToken {
        skipWord()
        let word = text(start..<at)
        if peek() == "(" {
            at += 1
            return .function(word)
        }
        if word.utf8.starts(with: "__".utf8) { throw illegal() }
        if let symbol = YAQLSymbol.word(word) { return .symbol(symbol) }
        switch word {
        case "true": return .constant(true)
        case "false": return .constant(false)
        case "null": return .constant(.null)
        default: return .word(word)
        }
    }

    private mutating func symbol(_ scalar: Unicode.Scalar) -> YAQLSymbol? {
        if let second = peek(1), let symbol = Self.symbol(scalar, second) {
            at += 2
            return symbol
        }
        at += 1
        return Self.symbol(scalar)
    }

    private static func symbol(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> YAQLSymbol? {
        switch (first, second) {
        case ("?", "."): .optionalDot
        case ("=", "~"): .matches
        case ("!", "~"): .matchesNot
        case ("-", ">"): .send
        case ("=", ">"): .arrow
        case (">", "="): .greaterOrEqual
        case ("<", "="): .lessOrEqual
        case ("!", "="): .notEqual
        default: nil
        }
    }

    private static func symbol(_ scalar: Unicode.Scalar) -> YAQLSymbol? {
        switch scalar {
        case ".": .dot
        case "[": .openList
        case "{": .openMap
        case "(": .open
        case ")": .close
        case "]": .closeList
        case "}": .closeMap
        case ",": .comma
        case "+": .plus
        case "-": .minus
        case "*": .times
        case "/": .divided
        case ">": .greater
        case "<": .less
        case "=": .equal
        default: nil
        }
    }

    private mutating func string(_ quote: Unicode.Scalar) throws(YAQLFault) -> YAQLToken {
        var end = at + 1
        while end < scalars.count, scalars[end] != quote {
            if scalars[end] == "\\" {
                // The escaped character may be anything but a line break.
                guard end + 1 < scalars.count, scalars[end + 1] != "\n" else { throw illegal() }
                end += 1
            }
            end += 1
        }
        guard end < scalars.count else { throw illegal() }
        let content = scalars[(at + 1)..<end]
        at = end + 1
        guard content.contains("\\") else { return .literal(.string(text((start + 1)..<end))) }
        if quote == "`" { return .literal(.string(Self.verbatim(content))) }
        var escapes = YAQLEscapes(content, namesLeft: namesLeft)
        defer { namesLeft = escapes.namesLeft }
        return .literal(.string(try escapes.decoded()))
    }

    /// Only the quote itself can be escaped.
    private static func verbatim(_ content: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        var at = content.startIndex
        while at < content.endIndex {
            if content[at] == "\\", at + 1 < content.endIndex, content[at + 1] == "`" { at += 1 }
            text.unicodeScalars.append(content[at])
            at += 1
        }
        return text
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar.value >= 0x30 && scalar.value <= 0x39 : PythonText.decimalDigit(scalar) != nil
    }

    /// What Python's `\w` takes.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": return true
            default: return false
            }
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
            return true
        default: return scalar.properties.numericType != nil
        }
    }
}
