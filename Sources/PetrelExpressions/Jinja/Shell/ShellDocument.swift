/// The word behind `<<`.
struct ShellDelimiter {
    enum Step {
        case goesOn
        case ended
        /// Written in a way that this lexer does not follow.
        case strange
    }

    let stripsTabs: Bool
    private(set) var text: [UInt8] = []
    private(set) var isQuoted = false
    private var quote: UInt8 = 0
    private var hasEnded = false

    init(stripsTabs: Bool) { self.stripsTabs = stripsTabs }

    mutating func read(_ byte: UInt8) -> Step {
        if quote != 0 {
            guard byte != quote else {
                quote = 0
                hasEnded = true
                return .goesOn
            }
            return append(byte)
        }
        switch byte {
        case 0x20, 0x09: return text.isEmpty && !isQuoted ? .goesOn : .ended
        case 0x0A, UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: ")"):
            return text.isEmpty ? .strange : .ended
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            guard text.isEmpty, !isQuoted else { return .strange }
            quote = byte
            isQuoted = true
            return .goesOn
        case UInt8(ascii: "\\"):
            guard text.isEmpty, !isQuoted else { return .strange }
            isQuoted = true
            return .goesOn
        default: return hasEnded ? .strange : append(byte)
        }
    }

    private mutating func append(_ byte: UInt8) -> Step {
        let isWord =
            byte == 0x5F || byte >= 0x30 && byte <= 0x39 || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            || "-.+@%:,/!".utf8.contains(byte)
        guard isWord, text.count < 200 else { return .strange }
        text.append(byte)
        return .goesOn
    }
}

/// The body of a here-document.
struct ShellDocument {
    let isQuoted: Bool
    private let delimiter: [UInt8]
    private let stripsTabs: Bool
    /// The line so far, as far as it matters.
    private var line: [UInt8] = []
    private var isTooLong = false
    private(set) var hasValueInLine = false

    init(_ delimiter: ShellDelimiter) {
        isQuoted = delimiter.isQuoted
        self.delimiter = delimiter.text
        stripsTabs = delimiter.stripsTabs
    }

    /// Whether the byte ends the line that ends the document.
    mutating func read(_ byte: UInt8, isValue: Bool) -> Bool {
        guard byte == 0x0A else {
            hasValueInLine = isValue || hasValueInLine
            if line.count > delimiter.count + 1 {
                isTooLong = true
            } else if !(stripsTabs && byte == 0x09 && line.isEmpty) {
                line.append(byte)
            }
            return false
        }
        let ends = !isTooLong && line == delimiter
        if !ends || isValue {
            line = []
            isTooLong = false
            hasValueInLine = isValue
        }
        return ends
    }
}
