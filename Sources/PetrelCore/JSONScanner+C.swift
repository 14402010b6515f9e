/// Takes a JSON text apart, byte by byte.
///
/// Belongs to the thread that reads: it is made, used and dropped while the text's bytes are lent out.
struct JSONScanner: ~Copyable {
    private let start: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private var at: UnsafePointer<UInt8>
    private let maxDepth: Int
    private var nodesLeft: Int
    private var keys = MovingStack<String>()
    private var values = MovingStack<Value>()
    private var escaped: [UInt8] = []

    private static let none: StaticString = ""
    /// Up to here an ordered dictionary has no hash table, and comparing each key with each costs less.
    private static let smallObject = 15

    /// Reads a text; typed throws don't cross the closures that lend bytes out, a result does.
    static func read(_ text: String, limits: Limits) -> Result<Value, CoreError> {
        // Most strings have their bytes at hand; the others are made so here.
        var text = text
        return text.withUTF8 { document($0, limits: limits) }
    }

    /// Reads a text's bytes.
    static func read(_ bytes: [UInt8], limits: Limits) -> Result<Value, CoreError> {
        bytes.withUnsafeBufferPointer { document($0, limits: limits) }
    }

    private static func document(_ bytes: UnsafeBufferPointer<UInt8>, limits: Limits) -> Result<Value, CoreError> {
        guard bytes.count <= limits.maxBytes else {
            return .failure(
                CoreError(.badJSON, "the JSON text has \(bytes.count) bytes; \(limits.maxBytes) are allowed"))
        }
        var scanner = JSONScanner(bytes, limits: limits)
        do throws(JSONFault) { return .success(try scanner.document()) } catch {
            return .failure(CoreError(.badJSON, "\(error.text(limits)) at byte \(scanner.offset)"))
        }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, limits: Limits) {
        // An empty buffer may have no address.
        start = bytes.baseAddress ?? Self.none.utf8Start
        end = start + bytes.count
        at = start
        maxDepth = limits.maxDepth
        nodesLeft = limits.maxNodes
    }

    /// How far the text has been read.
    private var offset: Int { at - start }

    private mutating func document() throws(JSONFault) -> Value {
        let value = try value(depth: 0)
        skipBlanks()
        guard at == end else { throw .textAfterValue }
        return value
    }

    @inline(__always)
    private mutating func skipBlanks() {
        while at < end, at.pointee <= 0x20 {
            let byte = at.pointee
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            at += 1
        }
    }

    private mutating func value(depth: Int) throws(JSONFault) -> Value {
        guard depth <= maxDepth else { throw .tooDeep }
        nodesLeft -= 1
        guard nodesLeft >= 0 else { throw .tooMany }
        skipBlanks()
        guard at < end else { throw .noValue }
        switch at.pointee {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw .unexpectedCharacter
        }
    }

    private mutating func word(_ word: StaticString, _ value: Value) throws(JSONFault) -> Value {
        let length = word.utf8CodeUnitCount
        guard end - at >= length else { throw .unexpectedWord }
        for index in 0..<length where at[index] != word.utf8Start[index] { throw .unexpectedWord }
        at += length
        return value
    }

    private mutating func array(depth: Int) throws(JSONFault) -> Value {
        at += 1
        skipBlanks()
        if at < end, at.pointee == UInt8(ascii: "]") {
            at += 1
            return .array([])
        }
        let first = values.count
        while true {
            values.push(try value(depth: depth + 1))
            if try closes(with: UInt8(ascii: "]")) { return .array(Array(values.pop(from: first))) }
        }
    }

    private mutating func object(depth: Int) throws(JSONFault) -> Value {
        at += 1
        skipBlanks()
        if at < end, at.pointee == UInt8(ascii: "}") {
            at += 1
            return .object([:])
        }
        let firstKey = keys.count
        let firstValue = values.count
        while true {
            skipBlanks()
            guard at < end, at.pointee == UInt8(ascii: "\"") else { throw .noKey }
            keys.push(try string())
            skipBlanks()
            guard at < end, at.pointee == UInt8(ascii: ":") else { throw .noColon }
            at += 1
            values.push(try value(depth: depth + 1))
            if try closes(with: UInt8(ascii: "}")) {
                return .object(Self.object(keys.pop(from: firstKey), values.pop(from: firstValue)))
            }
        }
    }

    private static func object(_ keys: ContiguousArray<String>, _ values: ContiguousArray<Value>) -> ValueObject {
        if keys.count <= smallObject, areUnique(keys) {
            return ValueObject(uncheckedUniqueKeys: keys, values: values)
        }
        var members = ValueObject(minimumCapacity: keys.count)
        for (key, value) in zip(keys, values) { members[key] = value }
        return members
    }

    private static func areUnique(_ keys: ContiguousArray<String>) -> Bool {
        for index in keys.indices.dropFirst() {
            for other in 0..<index where keys[other] == keys[index] { return false }
        }
        return true
    }

    @inline(__always)
    private mutating func closes(with closing: UInt8) throws(JSONFault) -> Bool {
        skipBlanks()
        guard at < end else { throw closing == UInt8(ascii: "]") ? .noArrayEnd : .noObjectEnd }
        let byte = at.pointee
        guard byte == UInt8(ascii: ",") || byte == closing else {
            throw closing == UInt8(ascii: "]") ? .noArrayEnd : .noObjectEnd
        }
        at += 1
        return byte == closing
    }

    private mutating func number() throws(JSONFault) -> Value {
        let first = at
        if at.pointee == UInt8(ascii: "-") { at += 1 }
        let digits = at
        var magnitude: UInt64 = 0
        while at < end, let digit = Self.digit(at.pointee) {
            magnitude = magnitude &* 10 &+ digit
            at += 1
        }
        let count = at - digits
        guard count > 0, count == 1 || digits.pointee != 0x30 else { throw .badNumber }
        if at < end, at.pointee == UInt8(ascii: ".") || at.pointee | 0x20 == UInt8(ascii: "e") {
            return try double(from: first, magnitude, digits: count)
        }
        if count <= 18 {
            let number = Int(magnitude)
            return .integer(first == digits ? number : -number)
        }
        let text = String(decoding: UnsafeBufferPointer(start: first, count: at - first), as: UTF8.self)
        return Int(text).map(Value.integer) ?? .bigInteger(text)
    }

    @inline(__always)
    private static func digit(_ byte: UInt8) -> UInt64? {
        let digit = byte &- 0x30
        return digit < 10 ? UInt64(digit) : nil
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]

    /// The number whose digits before the point have been read.
    private mutating func double(
        from first: UnsafePointer<UInt8>, _ whole: UInt64, digits: Int
    ) throws(JSONFault) -> Value {
        var mantissa = whole
        var digits = digits
        var exponent = 0
        if at.pointee == UInt8(ascii: ".") {
            at += 1
            let fraction = at
            while at < end, let digit = Self.digit(at.pointee) {
                mantissa = mantissa &* 10 &+ digit
                at += 1
            }
            guard at > fraction else { throw .badNumber }
            digits += at - fraction
            exponent = fraction - at
        }
        if at < end, at.pointee | 0x20 == UInt8(ascii: "e") { exponent += try self.exponent() }
        // Both are exact then, and so the one operation on them rounds as it should.
        if digits <= 19, mantissa <= 1 << 53, exponent.magnitude <= 22 {
            let power = Self.powersOfTen[Int(exponent.magnitude)]
            let number = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return .double(first.pointee == UInt8(ascii: "-") ? -number : number)
        }
        let text = String(decoding: UnsafeBufferPointer(start: first, count: at - first), as: UTF8.self)
        guard let number = Double(text), number.isFinite else { throw .numberOutOfRange }
        return .double(number)
    }

    private mutating func exponent() throws(JSONFault) -> Int {
        at += 1
        let isNegative = at < end && at.pointee == UInt8(ascii: "-")
        if at < end, isNegative || at.pointee == UInt8(ascii: "+") { at += 1 }
        let first = at
        var exponent = 0
        while at < end, let digit = Self.digit(at.pointee) {
            // What is larger is no double anyway.
            exponent = min(exponent * 10 + Int(digit), 1_000_000)
            at += 1
        }
        guard at > first else { throw .badNumber }
        return isNegative ? -exponent : exponent
    }

    private mutating func string() throws(JSONFault) -> String {
        at += 1
        let first = at
        var isASCII = true
        while true {
            skipPlainText()
            guard at < end else { throw .openString }
            let byte = at.pointee
            if byte == UInt8(ascii: "\"") {
                let count = at - first
                at += 1
                return try Self.string(UnsafeBufferPointer(start: first, count: count), isASCII: isASCII)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: first) }
            guard byte >= 0x80 else { throw .controlCharacter }
            isASCII = false
            at += 1
        }
    }

    /// Goes on to the next quote, backslash, control character or byte beyond ASCII; eight bytes at a time.
    @inline(__always)
    private mutating func skipPlainText() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        while end - at >= 8 {
            let word = UnsafeRawPointer(at).loadUnaligned(as: UInt64.self)
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // The top bit of a byte is set where it is beyond ASCII, below a blank, or one of the two.
            let found =
                (word | (word &- ones &* 0x20) | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes)
                & tops
            if found != 0 {
                at += found.littleEndian.trailingZeroBitCount >> 3
                return
            }
            at += 8
        }
        while at < end, at.pointee >= 0x20, at.pointee < 0x80, at.pointee != UInt8(ascii: "\""),
            at.pointee != UInt8(ascii: "\\")
        {
            at += 1
        }
    }

    @inline(__always)
    private static func string(
        _ bytes: UnsafeBufferPointer<UInt8>, isASCII: Bool
    ) throws(JSONFault) -> String {
        if isASCII {
            return String(unsafeUninitializedCapacity: bytes.count) { buffer in
                _ = buffer.initialize(from: bytes)
                return bytes.count
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .badUTF8 }
        return text
    }

    private mutating func escapedString(from first: UnsafePointer<UInt8>) throws(JSONFault) -> String {
        escaped.removeAll(keepingCapacity: true)
        escaped.append(contentsOf: UnsafeBufferPointer(start: first, count: at - first))
        while true {
            let plain = at
            skipPlainText()
            escaped.append(contentsOf: UnsafeBufferPointer(start: plain, count: at - plain))
            guard at < end else { throw .openString }
            let byte = at.pointee
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: escaped, as: UTF8.self) else { throw .badUTF8 }
                return text
            case UInt8(ascii: "\\"): try appendEscape()
            case 0x80...: escaped.append(byte)
            default: throw .controlCharacter
            }
        }
    }

    private mutating func appendEscape() throws(JSONFault) {
        guard at < end else { throw .openString }
        let byte = at.pointee
        at += 1
        switch byte {
        case UInt8(ascii: "n"): escaped.append(0x0A)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escaped.append(byte)
        case UInt8(ascii: "t"): escaped.append(0x09)
        case UInt8(ascii: "r"): escaped.append(0x0D)
        case UInt8(ascii: "b"): escaped.append(0x08)
        case UInt8(ascii: "f"): escaped.append(0x0C)
        case UInt8(ascii: "u"): append(try unicodeEscape())
        default: throw .unknownEscape
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.isASCII { return escaped.append(UInt8(truncatingIfNeeded: scalar.value)) }
        escaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    /// The scalar of `\uXXXX`, of a surrogate pair, or U+FFFD for half a pair, which has no UTF-8 form.
    private mutating func unicodeEscape() throws(JSONFault) -> Unicode.Scalar {
        let first = try hexadecimal()
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        guard end - at >= 2, at[0] == UInt8(ascii: "\\"), at[1] == UInt8(ascii: "u") else { return "\u{FFFD}" }
        let mark = at
        at += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else {
            at = mark
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
        guard end - at >= 4 else { throw .badUnicodeEscape }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch at.pointee {
            case 0x30...0x39: digit = at.pointee - 0x30
            case 0x41...0x46: digit = at.pointee - 0x41 + 10
            case 0x61...0x66: digit = at.pointee - 0x61 + 10
            default: throw .badUnicodeEscape
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }
}

/// A stack whose upper part can be moved out as an array without counting a single reference.
///
/// Belongs to its scanner, and so to that one's thread.
private struct MovingStack<Element>: ~Copyable {
    private var elements: UnsafeMutablePointer<Element>
    private var capacity = 32
    private(set) var count = 0

    init() { elements = .allocate(capacity: capacity) }

    deinit {
        elements.deinitialize(count: count)
        elements.deallocate()
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (elements + count).initialize(to: element)
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: elements, count: count)
        elements.deallocate()
        elements = larger
        capacity *= 2
    }

    /// Takes away all from an index on.
    @inline(__always)
    mutating func pop(from first: Int) -> ContiguousArray<Element> {
        let size = count - first
        let source = elements + first
        count = first
        return ContiguousArray(unsafeUninitializedCapacity: size) { buffer, initialized in
            // An array of at least one element has an address.
            buffer.baseAddress?.moveInitialize(from: source, count: size)
            initialized = size
        }
    }
}
