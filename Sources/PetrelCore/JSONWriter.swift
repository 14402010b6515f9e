/// Writes a ``Value`` as JSON text.
///
/// A number that JSON can't say (NaN, infinity) becomes `null`, as StackStorm's writer does.
public struct JSONWriter {
    /// How the text is laid out.
    public enum Layout: Sendable {
        /// No blanks: `{"a":1,"b":[2]}`.
        case compact
        /// Blanks after commas and colons, as Python's `json.dumps`: `{"a": 1, "b": [2]}`.
        case spaced
        /// One member a line, so many blanks a level.
        case indented(Int)
    }

    private let layout: Layout
    private var out: [UInt8] = []

    /// The text of a value.
    public static func text(_ value: Value, _ layout: Layout = .compact) -> String {
        String(decoding: bytes(value, layout), as: UTF8.self)
    }

    /// The UTF-8 bytes of a value's text.
    public static func bytes(_ value: Value, _ layout: Layout = .compact) -> [UInt8] {
        var writer = JSONWriter(layout: layout)
        writer.write(value, depth: 0)
        return writer.out
    }

    private init(layout: Layout) {
        self.layout = layout
        out.reserveCapacity(256)
    }

    private mutating func write(_ value: Value, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let truth): append(truth ? "true" : "false")
        case .integer(let number): append(String(number))
        case .bigInteger(let digits): append(digits)
        case .double(let number): append(number.isFinite ? String(describing: number) : "null")
        case .string(let text): write(text)
        case .array(let items):
            writeAll(items, "[", "]", depth) { writer, item in writer.write(item, depth: depth + 1) }
        case .object(let members):
            writeAll(members, "{", "}", depth) { writer, member in
                writer.write(member.key)
                if case .compact = writer.layout { writer.append(":") } else { writer.append(": ") }
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func writeAll<Items: Sequence>(
        _ items: Items, _ open: StaticString, _ close: StaticString, _ depth: Int,
        _ each: (inout JSONWriter, Items.Element) -> Void
    ) {
        append(open)
        var isFirst = true
        for item in items {
            if !isFirst { append(",") }
            separate(isFirst: isFirst, depth: depth + 1)
            isFirst = false
            each(&self, item)
        }
        if !isFirst, case .indented = layout { separate(isFirst: true, depth: depth) }
        append(close)
    }

    private mutating func separate(isFirst: Bool, depth: Int) {
        switch layout {
        case .compact: break
        case .spaced: if !isFirst { out.append(0x20) }
        case .indented(let width):
            out.append(0x0A)
            out.append(contentsOf: repeatElement(0x20, count: width * depth))
        }
    }

    private mutating func append(_ text: StaticString) {
        out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }

    private mutating func write(_ text: String) {
        out.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22: append("\\\"")
            case 0x5C: append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20, 0x7F:
                append("\\u00")
                out.append(hexDigit(byte >> 4))
                out.append(hexDigit(byte & 15))
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }

    private func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}
