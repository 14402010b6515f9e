import PetrelCore

/// Writes values as Python's `json.dumps` does: other characters than ASCII as escapes, floats as Python shows them.
///
/// Belongs to the thread that writes; the bytes of a text are lent out for as long as it is copied.
struct PythonJSONText {
    let sortsKeys: Bool
    /// What starts each level of a line; nil for everything in one line.
    var indent: String?
    private let itemSeparator: [UInt8]
    private let keySeparator: [UInt8]
    private var out: [UInt8] = []
    /// What ended the writing; kept and not thrown, for an error is large and its room would be taken at each level.
    private var fault: Fault?

    private enum Fault {
        case tooLong, tooDeep
    }

    private static let maxDepth = 512

    init(sortsKeys: Bool, separators: (String, String)) {
        self.sortsKeys = sortsKeys
        itemSeparator = Array(separators.0.utf8)
        keySeparator = Array(separators.1.utf8)
    }

    mutating func text(_ value: Value) throws(ExpressionError) -> String {
        if case .string(let text) = value, text.utf8.count > Self.pieceBytes { return try longText(text) }
        return String(decoding: try bytes(value), as: UTF8.self)
    }

    private static let pieceBytes = 1 << 16

    /// A long text, written piece by piece: with its result it would else be in memory three times.
    private mutating func longText(_ text: String) throws(ExpressionError) -> String {
        let size = PythonText.withBytes(text) { source in
            var size = 2
            var at = 0
            while at < source.count, size <= StackStormFunctions.maxBytes {
                let end = Self.plainEnd(source, from: at)
                size += end - at
                if end < source.count { size += Self.escapedSize(source[end]) }
                at = end + 1
            }
            return size
        }
        guard size <= StackStormFunctions.maxBytes else { throw Self.tooLong }
        var result = "\""
        result.reserveCapacity(size)
        if size == text.utf8.count + 2 {
            result += text
            result += "\""
            return result
        }
        PythonText.withBytes(text) { source in
            var start = 0
            while start < source.count {
                var end = min(start + Self.pieceBytes, source.count)
                while end < source.count, source[end] & 0xC0 == 0x80 { end += 1 }
                out.removeAll(keepingCapacity: true)
                write(UnsafeBufferPointer(rebasing: source[start..<end]))
                result += String(decoding: out, as: UTF8.self)
                start = end
            }
        }
        result += "\""
        return result
    }

    mutating func bytes(_ value: Value) throws(ExpressionError) -> [UInt8] {
        out.removeAll(keepingCapacity: true)
        fault = nil
        write(value, depth: 0)
        switch fault {
        case nil: return out
        case .tooLong: throw Self.tooLong
        case .tooDeep: throw Self.tooDeep
        }
    }

    private mutating func write(_ value: Value, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let truth): append(truth ? "true" : "false")
        case .integer(let number): append(String(number))
        case .bigInteger(let digits): append(digits)
        case .double(let number): append(Self.text(of: number))
        case .string(let text): write(text)
        case .array(let items): write(items, depth: depth + 1)
        case .object(let members): write(members, depth: depth + 1)
        }
        if out.count > StackStormFunctions.maxTreeBytes { fault = .tooLong }
    }

    private mutating func write(_ items: [Value], depth: Int) {
        if items.isEmpty { return append("[]") }
        guard enter(depth) else { return }
        append("[")
        for position in items.indices where fault == nil {
            separate(isFirst: position == 0, depth: depth)
            write(items[position], depth: depth)
        }
        breakLine(depth: depth - 1)
        append("]")
    }

    private mutating func write(_ members: ValueObject, depth: Int) {
        if members.isEmpty { return append("{}") }
        guard enter(depth) else { return }
        append("{")
        let keys =
            sortsKeys ? members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : members.keys.elements
        for position in keys.indices where fault == nil {
            separate(isFirst: position == 0, depth: depth)
            write(keys[position])
            out += keySeparator
            // The key is one of the object's own.
            write(sortsKeys ? members[keys[position]] ?? .null : members.values[position], depth: depth)
        }
        breakLine(depth: depth - 1)
        append("}")
    }

    private mutating func enter(_ depth: Int) -> Bool {
        if depth > Self.maxDepth { fault = .tooDeep }
        return fault == nil
    }

    private mutating func separate(isFirst: Bool, depth: Int) {
        if !isFirst { out += itemSeparator }
        breakLine(depth: depth)
        if out.count > StackStormFunctions.maxTreeBytes { fault = .tooLong }
    }

    private mutating func breakLine(depth: Int) {
        guard let indent else { return }
        out.append(0x0A)
        for _ in 0..<depth { out.append(contentsOf: indent.utf8) }
    }

    private mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }

    /// Copies runs of plain text as they are, since nearly all text is plain.
    private mutating func write(_ text: String) {
        guard out.count + text.utf8.count <= StackStormFunctions.maxTreeBytes else {
            fault = .tooLong
            return
        }
        out.append(0x22)
        PythonText.withBytes(text) { write($0) }
        out.append(0x22)
    }

    private mutating func write(_ source: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var at = 0
        while true {
            at = Self.plainEnd(source, from: at)
            if at == source.count { break }
            if start < at { out.append(contentsOf: UnsafeBufferPointer(rebasing: source[start..<at])) }
            // The text is valid, so all bytes of a character are there.
            let (scalar, width) = Self.scalar(at: source.baseAddress.map { $0 + at }, first: source[at])
            write(special: scalar)
            at += width
            start = at
        }
        if start < at { out.append(contentsOf: UnsafeBufferPointer(rebasing: source[start...])) }
    }

    private static func scalar(at bytes: UnsafePointer<UInt8>?, first: UInt8) -> (UInt32, Int) {
        guard let bytes, first >= 0x80 else { return (UInt32(first), 1) }
        let width = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var code = UInt32(first) & (0x7F >> UInt32(width))
        for offset in 1..<width { code = code << 6 | UInt32(bytes[offset] & 0x3F) }
        return (code, width)
    }

    /// Where the bytes end that stand as they are, eight at a time.
    @inline(__always)
    private static func plainEnd(_ source: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var at = start
        while source.count &- at >= 8 {
            if mayBeSpecial(UnsafeRawBufferPointer(source).loadUnaligned(fromByteOffset: at, as: UInt64.self)) { break }
            at &+= 8
        }
        while at < source.count, isPlain(source[at]) { at &+= 1 }
        return at
    }

    /// Whether one of eight bytes may not stand as it is: a borrow or carry from a neighbour may say so in error.
    @inline(__always)
    private static func mayBeSpecial(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ ones &* 0x22
        let backslash = word ^ ones &* 0x5C
        let isControl = word &- ones &* 0x20
        // The top bit of each byte: below 0x20, above 0x7E, or equal to one of the two.
        let found = isControl | (word &+ ones) | word | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
        return found & ones &* 0x80 != 0
    }

    /// How many bytes stand for one that does not stand as it is; for a character of several, its first byte counts.
    private static func escapedSize(_ byte: UInt8) -> Int {
        switch byte {
        case 0x22, 0x5C, 0x0A, 0x0D, 0x09, 0x08, 0x0C: 2
        case 0x80..<0xC0: 0
        case 0xF0...: 12
        default: 6
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func write(special scalar: UInt32) {
        switch scalar {
        case 0x22, 0x5C: escape(letter: UInt8(scalar))
        case 0x0A: escape(letter: UInt8(ascii: "n"))
        case 0x0D: escape(letter: UInt8(ascii: "r"))
        case 0x09: escape(letter: UInt8(ascii: "t"))
        case 0x08: escape(letter: UInt8(ascii: "b"))
        case 0x0C: escape(letter: UInt8(ascii: "f"))
        case 0x1_0000...:
            let offset = scalar - 0x1_0000
            escape(0xD800 + offset >> 10)
            escape(0xDC00 + offset & 0x3FF)
        default: escape(scalar)
        }
    }

    private mutating func escape(letter: UInt8) {
        out.append(UInt8(ascii: "\\"))
        out.append(letter)
    }

    private mutating func escape(_ unit: UInt32) {
        escape(letter: UInt8(ascii: "u"))
        for shift in [UInt32(12), 8, 4, 0] {
            let nibble = UInt8(truncatingIfNeeded: unit >> shift & 15)
            out.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
    }

    /// A float as `json.dumps` spells it.
    static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return number.description
    }

    private static let tooLong = ExpressionError(
        .tooComplex, "The text takes more than \(StackStormFunctions.maxBytes) bytes")
    private static let tooDeep = ExpressionError(.tooComplex, "The value is nested deeper than \(maxDepth) levels")
}
