/// Reads JSON text (RFC 8259) into a ``Value``, within limits.
///
/// Foundation's reader is 3 to 14 times slower into `Value` (docs/adr/0002). A repeated key: the last wins, in the place
/// of the first.
public struct JSONReader {
    /// Reads a whole document.
    /// - Throws: ``CoreError`` with code `badJSON`, saying what and at which byte.
    public static func value(_ text: String, limits: Limits) throws(CoreError) -> Value {
        try JSONScanner.read(text, limits: limits).get()
    }

    /// Reads a whole document from UTF-8 bytes.
    /// - Throws: ``CoreError`` with code `badJSON`, saying what and at which byte.
    public static func value(_ bytes: [UInt8], limits: Limits) throws(CoreError) -> Value {
        try JSONScanner.read(bytes, limits: limits).get()
    }
}

/// What can be wrong with a JSON text.
///
/// One byte, so that throwing costs the reader nothing where all is well.
enum JSONFault: Error {
    case tooDeep, tooMany, noValue, textAfterValue, unexpectedCharacter, unexpectedWord, noKey, noColon
    case noArrayEnd, noObjectEnd, badNumber, numberOutOfRange, openString, controlCharacter, unknownEscape
    case badUnicodeEscape, badUTF8

    func text(_ limits: Limits) -> String {
        switch self {
        case .tooDeep: "nested deeper than \(limits.maxDepth) levels"
        case .tooMany: "more than \(limits.maxNodes) values"
        case .noValue: "the text ends where a value should be"
        case .textAfterValue: "unexpected text after the JSON value"
        case .unexpectedCharacter: "unexpected character"
        case .unexpectedWord: "unexpected word"
        case .noKey: "expected a key in quotes"
        case .noColon: "expected a colon"
        case .noArrayEnd: "expected a comma or the closing ]"
        case .noObjectEnd: "expected a comma or the closing }"
        case .badNumber: "bad number"
        case .numberOutOfRange: "number out of range"
        case .openString: "the text ends inside a string"
        case .controlCharacter: "control character inside a string"
        case .unknownEscape: "unknown escape in a string"
        case .badUnicodeEscape: "bad \\u escape"
        case .badUTF8: "invalid UTF-8 in a string"
        }
    }
}
