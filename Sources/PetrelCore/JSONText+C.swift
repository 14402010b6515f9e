/// Bytes of JSON text as they are written.
///
/// Belongs to its writer, and so to the one thread that writes. Room is made before bytes are put, so that putting them
/// checks nothing; an array's own `append` took half of the time of writing.
struct JSONText: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var capacity = 1_024

    init() { base = .allocate(capacity: capacity) }

    deinit { base.deallocate() }

    /// The bytes so far.
    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The text of the bytes.
    var string: String { String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self) }

    /// Makes room for so many more bytes.
    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        put(byte)
    }

    @inline(__always)
    mutating func append(_ text: StaticString) { append(text.utf8Start, text.utf8CodeUnitCount) }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { source in
            if let start = source.baseAddress { append(start, source.count) }
        }
    }

    private mutating func append(_ start: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        (base + count).update(from: start, count: length)
        count &+= length
    }

    /// So many blanks.
    mutating func appendBlanks(_ number: Int) {
        reserve(number)
        (base + count).update(repeating: 0x20, count: number)
        count &+= number
    }

    /// The decimal digits of a number.
    mutating func appendDigits(_ number: Int) {
        // The longest number, with its sign.
        reserve(20)
        if number < 0 { put(UInt8(ascii: "-")) }
        var rest = number.magnitude
        if rest < 10 { return put(0x30 &+ UInt8(truncatingIfNeeded: rest)) }
        var length = 1
        // The highest that it comes to is 10 to the 19th, which fits.
        var limit: UInt = 10
        while rest >= limit {
            length &+= 1
            limit &*= 10
        }
        var at = count &+ length
        count = at
        while rest >= 10 {
            let quotient = rest / 10
            at &-= 1
            base[at] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        }
        base[at &- 1] = 0x30 &+ UInt8(truncatingIfNeeded: rest)
    }

    /// A text in quotes, escaped where JSON asks for it.
    mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { source in
            // Room for the text as it is, the quotes, and one word beyond what counts; an escape makes its own.
            reserve(source.count &+ 10)
            put(UInt8(ascii: "\""))
            var at = 0
            while true {
                at = copyPlain(source, from: at)
                guard at < source.count else { break }
                reserve(source.count &- at &+ 16)
                putEscape(source[at])
                at &+= 1
            }
            put(UInt8(ascii: "\""))
        }
    }

    /// Copies up to the next quote, backslash or control character, eight bytes at a time, and says where that stands.
    @inline(__always)
    private mutating func copyPlain(_ source: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var at = start
        while source.count &- at >= 8 {
            let word = UnsafeRawBufferPointer(source).loadUnaligned(fromByteOffset: at, as: UInt64.self)
            UnsafeMutableRawPointer(base + count).storeBytes(of: word, as: UInt64.self)
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let deletes = word ^ (ones &* 0x7F)
            // The top bit of a byte is set where it is below a blank or one of the three. A borrow may set one too many
            // behind the first, never before it.
            let found =
                ((word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
                    | (deletes &- ones) & ~deletes) & tops
            if found != 0 {
                let plain = found.littleEndian.trailingZeroBitCount >> 3
                count &+= plain
                return at &+ plain
            }
            at &+= 8
            count &+= 8
        }
        while at < source.count, !Self.needsEscape(source[at]) {
            put(source[at])
            at &+= 1
        }
        return at
    }

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    private mutating func putEscape(_ byte: UInt8) {
        put(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): put(byte)
        case 0x0A: put(UInt8(ascii: "n"))
        case 0x0D: put(UInt8(ascii: "r"))
        case 0x09: put(UInt8(ascii: "t"))
        default:
            put(UInt8(ascii: "u"))
            put(0x30)
            put(0x30)
            put(Self.hexDigit(byte >> 4))
            put(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}
