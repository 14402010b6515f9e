import PetrelCore

/// Reads what Python's `ast.literal_eval` reads, as far as JSON can say it: numbers, strings, lists, dictionaries, tuples.
struct PythonLiteral {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    private static let maxDepth = 64

    /// The value, or nil when the text is no literal.
    static func value(_ text: String) -> Value? {
        var reader = PythonLiteral(text)
        reader.skipBlanks()
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipBlanks()
        guard reader.at == reader.scalars.count else { return nil }
        return value
    }

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private mutating func skipBlanks() {
        while let next, " \t\n\r".unicodeScalars.contains(next) { at += 1 }
    }

    private mutating func takes(_ scalar: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == scalar else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) -> Value? {
        skipBlanks()
        guard depth <= Self.maxDepth, let first = next else { return nil }
        switch first {
        case "[": return items(closing: "]", depth: depth).map(Value.array)
        case "(": return parenthesis(depth: depth)
        case "{": return dictionary(depth: depth)
        case "'", "\"": return string().map(Value.string)
        case "0"..."9", "-", "+", ".": return number()
        default: return word()
        }
    }

    private mutating func items(closing: Unicode.Scalar, depth: Int) -> [Value]? {
        at += 1
        var items: [Value] = []
        while !takes(closing) {
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
            if takes(closing) { break }
            guard takes(",") else { return nil }
        }
        return items
    }

    /// A tuple, or a value in parentheses.
    private mutating func parenthesis(depth: Int) -> Value? {
        let start = at
        guard let items = items(closing: ")", depth: depth) else { return nil }
        let hasComma = scalars[start..<at].dropLast().last { !" \t\n\r".unicodeScalars.contains($0) } == ","
        return items.count == 1 && !hasComma ? items[0] : .array(items)
    }

    private mutating func dictionary(depth: Int) -> Value? {
        at += 1
        var members = ValueObject()
        while !takes("}") {
            guard let key = value(depth: depth + 1), takes(":"), let item = value(depth: depth + 1) else { return nil }
            switch key {
            case .string(let text): members[text] = item
            case .array, .object: return nil
            default: members[JSONWriter.text(key)] = item
            }
            if takes("}") { break }
            guard takes(",") else { return nil }
        }
        return .object(members)
    }

    private mutating func word() -> Value? {
        let start = at
        while let next, next.properties.isXIDContinue { at += 1 }
        switch String(String.UnicodeScalarView(scalars[start..<at])) {
        case "None": return .null
        case "True": return true
        case "False": return false
        default: return nil
        }
    }

    private mutating func number() -> Value? {
        let start = at
        let marks = "+-._".unicodeScalars
        while let next, next.properties.isASCIIHexDigit || marks.contains(next) || "xXoO".unicodeScalars.contains(next)
        {
            at += 1
        }
        let text = String(String.UnicodeScalarView(scalars[start..<at]))
        return PythonNumber.literal(text)
    }

    private mutating func string() -> String? {
        guard let quote = next else { return nil }
        at += 1
        var view = String.UnicodeScalarView()
        while let scalar = next {
            at += 1
            if scalar == quote { return String(view) }
            guard scalar == "\\" else {
                if scalar == "\n" { return nil }
                view.append(scalar)
                continue
            }
            guard let escaped = next else { return nil }
            at += 1
            guard append(escaped, to: &view) else { return nil }
        }
        return nil
    }

    private mutating func append(_ escaped: Unicode.Scalar, to view: inout String.UnicodeScalarView) -> Bool {
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}",
            "f": "\u{C}", "v": "\u{B}", "0": "\0",
        ]
        if let scalar = plain[escaped] {
            view.append(scalar)
            return true
        }
        if escaped == "\n" { return true }
        guard let width = ["x": 2, "u": 4, "U": 8][escaped] else {
            view.append("\\")
            view.append(escaped)
            return true
        }
        let digits = String(String.UnicodeScalarView(scalars[at..<min(at + width, scalars.count)]))
        guard digits.utf8.count == width, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
            return false
        }
        at += width
        view.append(scalar)
        return true
    }
}
