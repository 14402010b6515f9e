import CPCRE2
import Glibc

/// Loops over whole texts, on the bytes themselves: a text's own iterator takes several nanoseconds for each byte.
///
/// A text lends its bytes out for one call, to the thread that makes it.
extension PythonText {
    /// Whether two texts have the same code points; Swift's own `==` takes composed and decomposed letters as equal.
    @inline(__always)
    static func equal(_ left: String, _ right: String) -> Bool {
        let count = left.utf8.count
        guard count == right.utf8.count else { return false }
        if count < 16 { return left == right && left.utf8.elementsEqual(right.utf8) }
        return difference(left, right) == 0
    }

    /// How two texts compare by code points; UTF-8 keeps that order.
    static func order(_ left: String, _ right: String) -> PythonOrder {
        let difference = difference(left, right)
        if difference == 0 { return PythonOrder(left.utf8.count, right.utf8.count) }
        return difference < 0 ? .less : .greater
    }

    /// What `memcmp` says of as many bytes as both have.
    private static func difference(_ left: String, _ right: String) -> Int32 {
        withBytes(left) { one in
            withBytes(right) { two in
                guard let first = one.baseAddress, let second = two.baseAddress else { return 0 }
                return memcmp(first, second, min(one.count, two.count))
            }
        }
    }

    @inline(__always)
    static func withBytes<Result>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var text = text
        return text.withUTF8(body)
    }

    /// The number of code points.
    static func length(_ text: String) -> Int { withBytes(text) { length($0) } }

    /// The number of code points in the first bytes.
    static func length(_ text: String, upTo end: Int) -> Int {
        withBytes(text) { length(UnsafeBufferPointer(rebasing: $0[..<end])) }
    }

    /// The bytes that are no continuation of a character, eight at a time.
    private static func length(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var continuations = 0
        var at = 0
        while bytes.count &- at >= 8 {
            continuations &+= self.continuations(bytes, at)
            at &+= 8
        }
        while at < bytes.count {
            if bytes[at] & 0xC0 == 0x80 { continuations &+= 1 }
            at &+= 1
        }
        return bytes.count &- continuations
    }

    /// How many of eight bytes are continuations: those have the top bit set and the next one not.
    @inline(__always)
    private static func continuations(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int {
        let word = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: at, as: UInt64.self)
        return (word >> 7 & ~(word >> 6) & 0x0101_0101_0101_0101).nonzeroBitCount
    }

    static func isASCII(_ text: String) -> Bool {
        withBytes(text) { bytes in
            var at = 0
            var all: UInt64 = 0
            while bytes.count &- at >= 8, all & 0x8080_8080_8080_8080 == 0 {
                all |= UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: at, as: UInt64.self)
                at &+= 8
            }
            guard all & 0x8080_8080_8080_8080 == 0 else { return false }
            return bytes[at...].allSatisfy { $0 < 0x80 }
        }
    }

    /// How many bytes of a text are of some kind.
    static func bytes(in text: String, _ isWanted: (UInt8) -> Bool) -> Int {
        let counts = (0..<256).map { isWanted(UInt8($0)) ? 1 : 0 }
        return withBytes(text) { bytes in
            counts.withUnsafeBufferPointer { counts in bytes.reduce(into: 0) { $0 &+= counts[Int($1)] } }
        }
    }

    /// A text of ASCII with each byte changed, whatever stands around it.
    static func mapped(_ text: String, _ change: (UInt8) -> UInt8) -> String {
        let changed = (0..<128).map { change(UInt8($0)) }
        return withBytes(text) { bytes in
            changed.withUnsafeBufferPointer { changed in
                String(unsafeUninitializedCapacity: bytes.count) { out in
                    for at in 0..<bytes.count { out[at] = changed[Int(bytes[at] & 0x7F)] }
                    return bytes.count
                }
            }
        }
    }

    /// A text of ASCII with each byte changed, from the first to the last.
    static func mappedInOrder(_ text: String, _ change: (UInt8) -> UInt8) -> String {
        withBytes(text) { bytes in
            String(unsafeUninitializedCapacity: bytes.count) { out in
                for at in 0..<bytes.count { out[at] = change(bytes[at]) }
                return bytes.count
            }
        }
    }

    /// A text of ASCII with its first byte changed, in place if nobody else has it.
    static func replacingFirst(_ text: consuming String, _ change: (UInt8) -> UInt8) -> String {
        guard let first = text.utf8.first else { return text }
        let second = text.utf8.index(after: text.utf8.startIndex)
        text.replaceSubrange(..<second, with: String(Unicode.Scalar(change(first))))
        return text
    }

    /// The text with some of its bytes written as something else; as many bytes at the end as are said.
    static func substituted(_ text: String, size: Int, _ substitute: (UInt8) -> String?) -> String {
        withBytes(text) { bytes in
            String(unsafeUninitializedCapacity: size) { out in
                var to = 0
                var from = 0
                func copy(upTo end: Int) {
                    _ = out[to...].update(fromContentsOf: bytes[from..<end])
                    to += end - from
                }
                for at in 0..<bytes.count {
                    guard let new = substitute(bytes[at]) else { continue }
                    copy(upTo: at)
                    from = at + 1
                    for byte in new.utf8 {
                        out[to] = byte
                        to += 1
                    }
                }
                copy(upTo: bytes.count)
                return to
            }
        }
    }

    /// The text with each of some ranges, which follow each other, replaced by another text.
    static func replaced(_ text: String, _ ranges: [Range<UInt32>], with new: String) -> String {
        let size = ranges.reduce(text.utf8.count) { $0 + new.utf8.count - $1.count }
        return withBytes(text) { text in
            withBytes(new) { new in
                String(unsafeUninitializedCapacity: size) { out in
                    var from = 0
                    var to = 0
                    func copy(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
                        _ = out[to...].update(fromContentsOf: bytes[range])
                        to += range.count
                    }
                    for range in ranges {
                        copy(text, from..<Int(range.lowerBound))
                        copy(new, 0..<new.count)
                        from = Int(range.upperBound)
                    }
                    copy(text, from..<text.count)
                    return to
                }
            }
        }
    }

    /// The text without what is dropped at its ends.
    static func strip(
        _ text: String, fromStart: Bool, fromEnd: Bool, _ isDropped: (Unicode.Scalar) -> Bool
    ) -> String {
        var low = 0
        var high = text.utf8.count
        let isGoneASCII = (0..<128).map { isDropped(Unicode.Scalar(UInt8($0))) }
        let isWide = withBytes(text) { bytes in
            func isGone(_ byte: UInt8) -> Bool { byte < 0x80 && isGoneASCII[Int(byte)] }
            if fromStart { while low < high, isGone(bytes[low]) { low += 1 } }
            if fromEnd { while high > low, isGone(bytes[high - 1]) { high -= 1 } }
            return low < high && (fromStart && bytes[low] >= 0x80 || fromEnd && bytes[high - 1] >= 0x80)
        }
        if !isWide, low == 0, high == text.utf8.count { return text }
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: low)
        let rest = text[start..<utf8.index(start, offsetBy: high - low)]
        guard isWide else { return String(rest) }
        var scalars = rest.unicodeScalars
        if fromStart { while let first = scalars.first, isDropped(first) { scalars.removeFirst() } }
        if fromEnd { while let last = scalars.last, isDropped(last) { scalars.removeLast() } }
        return String(scalars)
    }

    /// Where the words stand that white space separates; the first of them.
    static func wordRanges(_ text: String, most: Int) -> [Range<Int>] {
        withBytes(text) { bytes in
            var words: [Range<Int>] = []
            var at = 0
            while words.count < most {
                at = blankEnd(bytes, from: at)
                guard at < bytes.count else { break }
                let start = at
                while at < bytes.count, blankWidth(bytes, at) == 0 { at &+= 1 }
                words.append(start..<at)
            }
            return words
        }
    }

    /// Where the white space ends that begins at a place.
    static func blankEnd(_ text: String, from start: Int) -> Int { withBytes(text) { blankEnd($0, from: start) } }

    private static func blankEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var at = start
        while at < bytes.count {
            let width = blankWidth(bytes, at)
            if width == 0 { break }
            at &+= width
        }
        return at
    }

    /// How many bytes the white space has that stands here; 0 for anything else, the inside of a character too.
    @inline(__always)
    private static func blankWidth(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int {
        let first = bytes[at]
        if first > 0x20, first < 0xC2 { return 0 }
        if first < 0x80 { return first == 0x20 || 0x09...0x0D ~= first || 0x1C...0x1F ~= first ? 1 : 0 }
        // The text is valid, so the whole character is there.
        switch first {
        case 0xC2: return isSpace(Unicode.Scalar(bytes[at + 1])) ? 2 : 0
        case 0xE1, 0xE2, 0xE3:
            let code = UInt32(first & 0x0F) << 12 | UInt32(bytes[at + 1] & 0x3F) << 6 | UInt32(bytes[at + 2] & 0x3F)
            return Unicode.Scalar(code).map(isSpace) == true ? 3 : 0
        default: return 0
        }
    }

    /// A text so many times over; the standard library's takes it character by character.
    static func repeated(_ text: String, _ times: Int) -> String {
        if times < 1 || text.isEmpty { return "" }
        return withBytes(text) { part in
            let size = part.count * times
            return String(unsafeUninitializedCapacity: size) { out in
                _ = out.update(fromContentsOf: part)
                var done = part.count
                while done < size {
                    let more = min(done, size - done)
                    _ = out[done...].update(fromContentsOf: UnsafeBufferPointer(rebasing: out[..<more]))
                    done += more
                }
                return size
            }
        }
    }

    /// The code points from one number to another; both lie within the text.
    static func slice(_ text: String, _ range: Range<Int>) -> String {
        let (start, count) = withBytes(text) { bytes in
            let start = offset(ofScalar: range.lowerBound, in: bytes, from: 0)
            return (start, offset(ofScalar: range.count, in: bytes, from: start) - start)
        }
        let utf8 = text.utf8
        let first = utf8.index(utf8.startIndex, offsetBy: start)
        return String(text[first..<utf8.index(first, offsetBy: count)])
    }

    /// Where the so-and-so-many-th code point behind a place begins.
    private static func offset(ofScalar number: Int, in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var left = number
        var at = start
        while left >= 8, bytes.count &- at >= 8 {
            left &-= 8 &- continuations(bytes, at)
            at &+= 8
        }
        // The place may be inside of a character that is counted already.
        while at < bytes.count {
            if bytes[at] & 0xC0 != 0x80 {
                if left == 0 { break }
                left &-= 1
            }
            at &+= 1
        }
        return at
    }

    /// Where a text that is not empty stands first in another, as a byte offset.
    static func firstOffset(of needle: String, in text: String) -> Int? {
        withBytes(needle) { needle in withBytes(text) { find(needle, in: $0, from: 0) } }
    }

    /// Byte offsets where a text that is not empty stands in another, without overlaps, from the left.
    static func offsets(of needle: String, in text: String, limit: Int = .max) -> [Int] {
        guard needle.utf8.count <= text.utf8.count, limit > 0, !needle.isEmpty else { return [] }
        return withBytes(needle) { needle in
            withBytes(text) { text in
                var found: [Int] = []
                var at = 0
                while found.count < limit, let next = find(needle, in: text, from: at) {
                    found.append(next)
                    at = next + needle.count
                }
                return found
            }
        }
    }

    /// The bytes of a part, last byte first.
    fileprivate static func reversed(_ text: String, _ range: Range<Int>) -> [UInt8] {
        withBytes(text) { bytes in
            [UInt8](unsafeUninitializedCapacity: range.count) { out, count in
                for at in 0..<range.count { out[at] = bytes[range.upperBound &- 1 &- at] }
                count = range.count
            }
        }
    }

    /// How often a text that is not empty stands in another, without overlaps; at most `limit`.
    static func occurrences(of needle: String, in text: String, limit: Int = .max) -> Int {
        withBytes(needle) { needle in
            withBytes(text) { text in
                if needle.count == 1, limit >= text.count {
                    let byte = needle[0]
                    return text.reduce(into: 0) { count, each in if each == byte { count &+= 1 } }
                }
                var count = 0
                var at = 0
                while count < limit, let found = find(needle, in: text, from: at) {
                    count += 1
                    at = found + needle.count
                }
                return count
            }
        }
    }

    /// The text with the first `count` occurrences replaced; there are at least as many.
    static func replaced(_ text: String, _ old: String, _ new: String, count: Int) -> String {
        let size = text.utf8.count + count * (new.utf8.count - old.utf8.count)
        return withBytes(text) { text in
            withBytes(old) { old in
                withBytes(new) { new in
                    String(unsafeUninitializedCapacity: size) { out in
                        var from = 0
                        var to = 0
                        func copy(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
                            _ = out[to...].update(fromContentsOf: bytes[range])
                            to += range.count
                        }
                        for _ in 0..<count {
                            guard let place = find(old, in: text, from: from) else { break }
                            copy(text, from..<place)
                            copy(new, 0..<new.count)
                            from = place + old.count
                        }
                        copy(text, from..<text.count)
                        return to
                    }
                }
            }
        }
    }

    /// glibc's search takes time linear in both lengths and no memory, whatever the texts are.
    @inline(__always)
    fileprivate static func find(
        _ needle: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        guard let base = text.baseAddress, let first = needle.baseAddress, text.count - start >= needle.count else {
            return nil
        }
        // To prepare itself, the search reads all of what it looks for, and slowly.
        if text.count - start == needle.count { return memcmp(base + start, first, needle.count) == 0 ? start : nil }
        guard let found = memmem(base + start, text.count - start, first, needle.count) else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
}

/// Finds a text that is not empty in another from the end on, without overlaps.
///
/// It goes through the text in pieces: a copy of a whole text of megabytes, turned round, would take as much again.
struct BackwardSearch {
    private let text: String
    private let search: TextSearch
    /// What is searched now, last byte first, and where it stands in the text.
    private var piece: [UInt8] = []
    private var range: Range<Int>
    private var at = 0

    private static let pieceBytes = 1 << 16

    init(of needle: String, in text: String) {
        self.text = text
        search = TextSearch(bytes: needle.utf8.reversed())
        range = text.utf8.count..<text.utf8.count
        turn(before: text.utf8.count)
    }

    /// The byte offset of the next place towards the start.
    mutating func next() -> Int? {
        let width = search.needle.count
        while true {
            if let found = search.first(in: piece, from: at) {
                at = found + width
                return range.upperBound - at
            }
            guard range.lowerBound > 0 else { return nil }
            // A place may stand across the border of two pieces, but not over one that was found.
            turn(before: min(range.upperBound - at, range.lowerBound + width - 1))
        }
    }

    private mutating func turn(before end: Int) {
        range = max(0, end - max(Self.pieceBytes, 2 * search.needle.count))..<end
        piece = PythonText.reversed(text, range)
        at = 0
    }
}

/// Finds one text in many.
struct TextSearch {
    let needle: [UInt8]

    init(_ needle: String) { self.init(bytes: Array(needle.utf8)) }

    init(bytes: [UInt8]) { needle = bytes }

    /// The first place at or after a byte offset.
    func first(in hay: [UInt8], from start: Int) -> Int? {
        if needle.isEmpty { return start <= hay.count ? start : nil }
        return needle.withUnsafeBufferPointer { needle in
            hay.withUnsafeBufferPointer { PythonText.find(needle, in: $0, from: start) }
        }
    }
}
