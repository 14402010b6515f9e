/// Writes a ``Value`` as JSON text.
///
/// A number that JSON can't say (NaN, infinity) becomes `null`, as StackStorm's writer does.
public struct JSONWriter: ~Copyable {
    /// How the text is laid out.
    public enum Layout: Sendable {
        /// No blanks: `{"a":1,"b":[2]}`.
        case compact
        /// Blanks after commas and colons, as Python's `json.dumps`: `{"a": 1, "b": [2]}`.
        case spaced
        /// One member a line, so many blanks a level.
        case indented(Int)
    }

    private let itemBlank: Bool
    private let keyBlank: Bool
    /// Blanks a level; nil for one line.
    private let width: Int?
    private var out: JSONText

    /// The text of a value.
    public static func text(_ value: Value, _ layout: Layout = .compact) -> String {
        var writer = JSONWriter(layout)
        writer.write(value, depth: 0)
        return writer.out.string
    }

    /// The UTF-8 bytes of a value's text.
    public static func bytes(_ value: Value, _ layout: Layout = .compact) -> [UInt8] {
        var writer = JSONWriter(layout)
        writer.write(value, depth: 0)
        return writer.out.bytes
    }

    private init(_ layout: Layout) {
        switch layout {
        case .compact: (itemBlank, keyBlank, width) = (false, false, nil)
        case .spaced: (itemBlank, keyBlank, width) = (true, true, nil)
        case .indented(let blanks): (itemBlank, keyBlank, width) = (false, true, max(0, blanks))
        }
        out = JSONText()
    }

    private mutating func write(_ value: Value, depth: Int) {
        switch value {
        case .null: out.append("null")
        case .bool(let truth): out.append(truth ? "true" : "false")
        case .integer(let number): out.appendDigits(number)
        case .bigInteger(let digits): out.append(digits)
        case .double(let number): if number.isFinite { out.append(number.description) } else { out.append("null") }
        case .string(let text): out.appendQuoted(text)
        case .array(let items): write(items, depth: depth)
        case .object(let members): write(members, depth: depth)
        }
    }

    private mutating func write(_ items: [Value], depth: Int) {
        out.append(UInt8(ascii: "["))
        var isFirst = true
        for item in items {
            separate(isFirst: isFirst, depth: depth + 1)
            isFirst = false
            write(item, depth: depth + 1)
        }
        if !isFirst { breakLine(depth) }
        out.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ members: ValueObject, depth: Int) {
        out.append(UInt8(ascii: "{"))
        // By index: the keys and values are arrays, which an iterator over pairs would go through more slowly.
        let keys = members.keys
        let values = members.values
        for index in keys.indices {
            separate(isFirst: index == 0, depth: depth + 1)
            out.appendQuoted(keys[index])
            out.append(UInt8(ascii: ":"))
            if keyBlank { out.append(0x20) }
            write(values[index], depth: depth + 1)
        }
        if !keys.isEmpty { breakLine(depth) }
        out.append(UInt8(ascii: "}"))
    }

    private mutating func separate(isFirst: Bool, depth: Int) {
        if !isFirst {
            out.append(UInt8(ascii: ","))
            if itemBlank { out.append(0x20) }
        }
        breakLine(depth)
    }

    private mutating func breakLine(_ depth: Int) {
        guard let width else { return }
        out.append(0x0A)
        out.appendBlanks(width * depth)
    }
}
