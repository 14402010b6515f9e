/// Reads JSON text (RFC 8259) into a ``Value``, within limits.
///
/// Foundation's reader is 2 to 14 times slower into `Value` (docs/adr/0002). A repeated key: the last wins.
public struct JSONReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: Limits
    private var at = 0
    private var nodes = 0

    /// Reads a whole document.
    /// - Throws: ``CoreError`` with code `badJSON`, saying what and at which byte.
    public static func value(_ text: String, limits: Limits) throws(CoreError) -> Value {
        try value(Array(text.utf8), limits: limits)
    }

    /// Reads a whole document from UTF-8 bytes.
    /// - Throws: ``CoreError`` with code `badJSON`, saying what and at which byte.
    public static func value(_ bytes: [UInt8], limits: Limits) throws(CoreError) -> Value {
        guard bytes.count <= limits.maxBytes else {
            throw CoreError(.badJSON, "the JSON text has \(bytes.count) bytes; \(limits.maxBytes) are allowed")
        }
        // Typed throws don't cross withUnsafeBufferPointer; a Result does.
        let result: Result<Value, CoreError> = bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(bytes: buffer, limits: limits)
            do throws(CoreError) { return .success(try reader.document()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    private func problem(_ what: String) -> CoreError { CoreError(.badJSON, "\(what) at byte \(at)") }

    private mutating func document() throws(CoreError) -> Value {
        let value = try value(depth: 0)
        skipBlanks()
        guard at == bytes.count else { throw problem("unexpected text after the JSON value") }
        return value
    }

    private mutating func skipBlanks() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 {
            at += 1
        }
    }

    private mutating func value(depth: Int) throws(CoreError) -> Value {
        guard depth <= limits.maxDepth else { throw problem("nested deeper than \(limits.maxDepth) levels") }
        nodes += 1
        guard nodes <= limits.maxNodes else { throw problem("more than \(limits.maxNodes) values") }
        skipBlanks()
        guard at < bytes.count else { throw problem("the text ends where a value should be") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw problem("unexpected character")
        }
    }

    private mutating func word(_ word: StaticString, _ value: Value) throws(CoreError) -> Value {
        let length = word.utf8CodeUnitCount
        guard at + length <= bytes.count, (0..<length).allSatisfy({ bytes[at + $0] == word.utf8Start[$0] }) else {
            throw problem("unexpected word")
        }
        at += length
        return value
    }

    private mutating func object(depth: Int) throws(CoreError) -> Value {
        at += 1
        var members = ValueObject()
        skipBlanks()
        if at < bytes.count, bytes[at] == UInt8(ascii: "}") {
            at += 1
            return .object(members)
        }
        while true {
            skipBlanks()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw problem("expected a key in quotes") }
            let key = try string()
            skipBlanks()
            guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { throw problem("expected a colon") }
            at += 1
            members[key] = try value(depth: depth + 1)
            if try closes(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(CoreError) -> Value {
        at += 1
        var items: [Value] = []
        skipBlanks()
        if at < bytes.count, bytes[at] == UInt8(ascii: "]") {
            at += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            if try closes(with: UInt8(ascii: "]")) { return .array(items) }
        }
    }

    private mutating func closes(with end: UInt8) throws(CoreError) -> Bool {
        skipBlanks()
        guard at < bytes.count, bytes[at] == UInt8(ascii: ",") || bytes[at] == end else {
            throw problem("expected a comma or the closing \(Character(Unicode.Scalar(end)))")
        }
        at += 1
        return bytes[at - 1] == end
    }

    private mutating func number() throws(CoreError) -> Value {
        let start = at
        if bytes[at] == UInt8(ascii: "-") { at += 1 }
        let firstDigit = at
        skipDigits()
        guard at > firstDigit, bytes[firstDigit] != 0x30 || at == firstDigit + 1 else { throw problem("bad number") }
        var isInteger = true
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            isInteger = false
            at += 1
            let fraction = at
            skipDigits()
            guard at > fraction else { throw problem("bad number") }
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            let exponent = at
            skipDigits()
            guard at > exponent else { throw problem("bad number") }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isInteger { return Int(text).map(Value.integer) ?? .bigInteger(text) }
        guard let number = Double(text), number.isFinite else { throw problem("number out of range") }
        return .double(number)
    }

    private mutating func skipDigits() {
        while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
    }

    private mutating func string() throws(CoreError) -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 {
            at += 1
        }
        guard at < bytes.count else { throw problem("the text ends inside a string") }
        if bytes[at] == UInt8(ascii: "\"") {
            at += 1
            return try checked(bytes[start..<(at - 1)])
        }
        return try escapedString(from: start)
    }

    private mutating func escapedString(from start: Int) throws(CoreError) -> String {
        var buffer = Array(bytes[start..<at])
        while true {
            guard at < bytes.count else { throw problem("the text ends inside a string") }
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return try checked(buffer)
            case UInt8(ascii: "\\"): try appendEscape(to: &buffer)
            case 0..<0x20: throw problem("control character inside a string")
            default: buffer.append(byte)
            }
        }
    }

    private mutating func appendEscape(to buffer: inout [UInt8]) throws(CoreError) {
        guard at < bytes.count else { throw problem("the text ends inside a string") }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): buffer.append(contentsOf: String(Character(try unicodeEscape())).utf8)
        default: throw problem("unknown escape in a string")
        }
    }

    /// The scalar of `\uXXXX`, of a surrogate pair, or U+FFFD for half a pair, which has no UTF-8 form.
    private mutating func unicodeEscape() throws(CoreError) -> Unicode.Scalar {
        let first = try hexadecimal()
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
            return "\u{FFFD}"
        }
        let mark = at
        at += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else {
            at = mark
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(CoreError) -> UInt32 {
        guard at + 4 <= bytes.count, let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
        else { throw problem("bad \\u escape") }
        at += 4
        return code
    }

    private func checked(_ bytes: some Collection<UInt8>) throws(CoreError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw problem("invalid UTF-8 in a string") }
        return text
    }
}
