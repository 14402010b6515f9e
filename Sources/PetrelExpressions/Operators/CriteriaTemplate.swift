import PetrelCore

/// A pattern that is a Jinja template; its result keeps its type where that can be told.
struct CriteriaTemplate: Sendable {
    let text: String
    /// The template with its expression written as JSON; nil when it has no `{{ }}` in one line.
    private let typed: String?

    init(_ text: String) {
        self.text = text
        typed = Self.typed(text)
    }

    /// Whether rendering would change a text in more than its line breaks.
    static func isTemplate(_ text: String) -> Bool {
        let bytes = text.utf8
        var previous: UInt8 = 0
        for byte in bytes {
            if previous == UInt8(ascii: "{"),
                byte == UInt8(ascii: "{") || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "#")
            {
                return true
            }
            previous = byte
        }
        return false
    }

    /// What rendering makes of a pattern that is no template: line breaks are `\n`, one at the end is dropped.
    static func plain(_ pattern: Value) -> Value {
        guard case .string(let text) = pattern, text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
            return pattern
        }
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        if scalars.last == "\n" || scalars.last == "\r" { scalars.removeLast() }
        var plain = ""
        for scalar in scalars { plain.unicodeScalars.append(scalar == "\r" ? "\n" : scalar) }
        return .string(plain)
    }

    /// First as JSON, which keeps the type; where that is no JSON, as text.
    func render(_ values: ValueObject, _ context: CriteriaContext) throws(ExpressionError) -> Value {
        if let typed {
            let rendered = try context.render(typed, values)
            if let value = try? StackStormFunctions.jsonParse(.string(rendered)) { return value }
        }
        return .string(try context.render(text, values))
    }

    /// In each line, what stands between the first `{{` and the last `}}` is passed on to `to_complex`.
    private static func typed(_ text: String) -> String? {
        var isChanged = false
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let bytes = Array(String(line).utf8)
            guard let start = pair(UInt8(ascii: "{"), in: bytes),
                let end = lastPair(UInt8(ascii: "}"), in: bytes), start + 2 <= end
            else { return String(line) }
            isChanged = true
            return String(decoding: bytes[..<end], as: UTF8.self) + " | to_complex"
                + String(decoding: bytes[end...], as: UTF8.self)
        }
        return isChanged ? lines.joined(separator: "\n") : nil
    }

    private static func pair(_ byte: UInt8, in bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast().first { bytes[$0] == byte && bytes[$0 + 1] == byte }
    }

    private static func lastPair(_ byte: UInt8, in bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast().last { bytes[$0] == byte && bytes[$0 + 1] == byte }
    }
}
