/// Reads JSON text (RFC 8259) into a ``Value``, within limits.
///
/// Foundation's reader is 3 to 14 times slower into `Value` (docs/adr/0002). A repeated key: the last wins, in the place of
/// the first.
public struct JSONReader {
    /// Reads a whole document.
    /// - Throws: ``CoreError`` with code `badJSON`, saying what and at which byte.
    public static func value(_ text: String, limits: Limits) throws(CoreError) -> Value {
        // Most strings have their bytes at hand; the others are made so here.
        var text = text
        text.makeContiguousUTF8()
        let read = text.utf8.withContiguousStorageIfAvailable { document($0, limits: limits) }
        return try (read ?? Array(text.utf8).withUnsafeBufferPointer { document($0, limits: limits) }).get()
    }

    /// Reads a whole document from UTF-8 bytes.
    /// - Throws: ``CoreError`` with code `badJSON`, saying what and at which byte.
    public static func value(_ bytes: [UInt8], limits: Limits) throws(CoreError) -> Value {
        // Typed throws don't cross withUnsafeBufferPointer; a Result does.
        try bytes.withUnsafeBufferPointer { document($0, limits: limits) }.get()
    }

    private static func document(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: Limits
    ) -> Result<Value, CoreError> {
        guard bytes.count <= limits.maxBytes else {
            return .failure(
                CoreError(.badJSON, "the JSON text has \(bytes.count) bytes; \(limits.maxBytes) are allowed"))
        }
        var scanner = JSONScanner(bytes, limits: limits)
        do throws(JSONFault) { return .success(try scanner.document()) } catch {
            let what = error.text(limits)
            return .failure(CoreError(.badJSON, "\(what) at byte \(scanner.offset)"))
        }
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
