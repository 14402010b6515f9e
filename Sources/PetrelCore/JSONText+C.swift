/// Bytes of JSON text as they are written.
///
/// Belongs to its writer, and so to the one thread that writes.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1_024) }

    /// The text of the bytes.
    var string: String { String(decoding: bytes, as: UTF8.self) }

    @inline(__always)
    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    /// The decimal digits of a number.
    mutating func appendDigits(_ number: Int) {
        if number >= 0, number < 10 { return bytes.append(0x30 + UInt8(truncatingIfNeeded: number)) }
        // The longest number, with its sign.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var at = 20
            var rest = number.magnitude
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                at -= 1
                digits[at] = 0x30 + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            if number < 0 {
                at -= 1
                digits[at] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[at...]))
        }
    }

    /// A text in quotes, escaped where JSON asks for it.
    mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { source in
            bytes.append(UInt8(ascii: "\""))
            var start = 0
            while true {
                let end = Self.endOfPlainText(source, from: start)
                if end > start { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: source[start..<end])) }
                guard end < source.count else { break }
                appendEscape(source[end])
                start = end + 1
            }
            bytes.append(UInt8(ascii: "\""))
        }
    }

    /// Where the next quote, backslash or control character stands; eight bytes at a time.
    @inline(__always)
    private static func endOfPlainText(_ source: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var at = start
        while source.count - at >= 8 {
            let word = UnsafeRawBufferPointer(source).loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let deletes = word ^ (ones &* 0x7F)
            // The top bit of a byte is set where it is below a blank or one of the three. A borrow may set one too many
            // behind the first, never before it.
            let found =
                ((word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
                    | (deletes &- ones) & ~deletes) & tops
            if found != 0 { return at + found.littleEndian.trailingZeroBitCount >> 3 }
            at += 8
        }
        while at < source.count, !needsEscape(source[at]) { at += 1 }
        return at
    }

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u00")
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}
