import PetrelCore

/// Writes values as Python's `json.dumps` does: other characters than ASCII as escapes, floats as Python shows them.
struct PythonJSONText {
    let sortsKeys: Bool
    /// What starts each level of a line; nil for everything in one line.
    var indent: String?
    private let itemSeparator: [UInt8]
    private let keySeparator: [UInt8]
    private var out: [UInt8] = []

    private static let maxDepth = 512

    init(sortsKeys: Bool, separators: (String, String)) {
        self.sortsKeys = sortsKeys
        itemSeparator = Array(separators.0.utf8)
        keySeparator = Array(separators.1.utf8)
    }

    mutating func text(_ value: Value) throws(ExpressionError) -> String {
        String(decoding: try bytes(value), as: UTF8.self)
    }

    mutating func bytes(_ value: Value) throws(ExpressionError) -> [UInt8] {
        out.removeAll(keepingCapacity: true)
        try write(value, depth: 0)
        return out
    }

    private mutating func write(_ value: Value, depth: Int) throws(ExpressionError) {
        switch value {
        case .null: append("null")
        case .bool(let truth): append(truth ? "true" : "false")
        case .integer(let number): append(String(number))
        case .bigInteger(let digits): append(digits)
        case .double(let number): append(Self.text(of: number))
        case .string(let text): write(text)
        case .array(let items): try write(items, depth: depth + 1)
        case .object(let members): try write(members, depth: depth + 1)
        }
        guard out.count <= StackStormFunctions.maxBytes else { throw Self.tooLong }
    }

    private mutating func write(_ items: [Value], depth: Int) throws(ExpressionError) {
        guard depth <= Self.maxDepth else { throw Self.tooDeep }
        if items.isEmpty { return append("[]") }
        append("[")
        for (position, item) in items.enumerated() {
            try separate(isFirst: position == 0, depth: depth)
            try write(item, depth: depth)
        }
        breakLine(depth: depth - 1)
        append("]")
    }

    private mutating func write(_ members: ValueObject, depth: Int) throws(ExpressionError) {
        guard depth <= Self.maxDepth else { throw Self.tooDeep }
        if members.isEmpty { return append("{}") }
        append("{")
        var isFirst = true
        if sortsKeys {
            let keys = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for key in keys {
                // The key is one of the object's own.
                try write(key, members[key] ?? .null, isFirst: &isFirst, depth: depth)
            }
        } else {
            for (key, value) in members { try write(key, value, isFirst: &isFirst, depth: depth) }
        }
        breakLine(depth: depth - 1)
        append("}")
    }

    private mutating func write(
        _ key: String, _ value: Value, isFirst: inout Bool, depth: Int
    ) throws(ExpressionError) {
        try separate(isFirst: isFirst, depth: depth)
        isFirst = false
        write(key)
        out += keySeparator
        try write(value, depth: depth)
    }

    private mutating func separate(isFirst: Bool, depth: Int) throws(ExpressionError) {
        if !isFirst { out += itemSeparator }
        breakLine(depth: depth)
        guard out.count <= StackStormFunctions.maxBytes else { throw Self.tooLong }
    }

    private mutating func breakLine(depth: Int) {
        guard let indent else { return }
        out.append(0x0A)
        for _ in 0..<depth { out.append(contentsOf: indent.utf8) }
    }

    private mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }

    private mutating func write(_ text: String) {
        out.append(0x22)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: append("\\\"")
            case 0x5C: append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0x08: append("\\b")
            case 0x0C: append("\\f")
            case 0x20..<0x7F: out.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0x1_0000...:
                let offset = scalar.value - 0x1_0000
                escape(0xD800 + offset >> 10)
                escape(0xDC00 + offset & 0x3FF)
            default: escape(scalar.value)
            }
        }
        out.append(0x22)
    }

    private mutating func escape(_ unit: UInt32) {
        append("\\u")
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
