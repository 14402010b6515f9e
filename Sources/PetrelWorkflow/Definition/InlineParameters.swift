import PetrelCore

/// The `name=value` pairs inside an action or publish text, such as `core.local cmd="uptime" timeout=5`.
///
/// What is not recognised (an unquoted word, say) is skipped without an error, as Orquesta does.
enum InlineParameters {
    static func scan(_ text: String) -> [(name: String, value: Value)] {
        let scalars = Array(text.unicodeScalars)
        var pairs: [(name: String, value: Value)] = []
        var at = 0
        while at < scalars.count {
            guard isWord(scalars[at]) else {
                at += 1
                continue
            }
            let start = at
            while at < scalars.count, isWord(scalars[at]) { at += 1 }
            guard at < scalars.count, scalars[at] == "=" else { continue }
            let valueStart = at + 1
            guard let end = valueEnd(scalars, valueStart) else { continue }
            pairs.append((string(scalars[start..<at]), decoded(string(scalars[valueStart..<end]))))
            at = end
        }
        return pairs
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// Where the value that begins here ends; the first form that fits counts.
    private static func valueEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
        guard start < text.count else { return nil }
        switch text[start] {
        case "[":
            let line = text[start...].prefix { $0 != "\n" }
            return line.lastIndex(of: "]").map { $0 + 1 } ?? numberOrWordEnd(text, start)
        case "\"", "'": return text[(start + 1)...].firstIndex(of: text[start]).map { $0 + 1 }
        case "{": return closed(text, start, "{", "}", "}")
        case "<": return closed(text, start, "%", "%", ">")
        default: return numberOrWordEnd(text, start)
        }
    }

    private static func closed(
        _ text: [Unicode.Scalar], _ start: Int, _ second: Unicode.Scalar, _ first: Unicode.Scalar,
        _ last: Unicode.Scalar
    ) -> Int? {
        guard start + 1 < text.count, text[start + 1] == second else { return nil }
        var at = start + 2
        while at + 1 < text.count, text[at] != "\n" {
            if text[at] == first, text[at + 1] == last { return at + 2 }
            at += 1
        }
        return nil
    }

    private static func numberOrWordEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
        func digits(from index: Int) -> Int {
            index + text[min(index, text.count)...].prefix { ("0"..."9").contains($0) }.count
        }
        let first = text[start] == "-" ? start + 1 : start
        let whole = digits(from: first)
        if whole < text.count, text[whole] == "." {
            let fraction = digits(from: whole + 1)
            if fraction > whole + 1 { return fraction }
        }
        if whole > first { return whole }
        let rest = string(text[start...].prefix(5))
        if rest.prefix(4).lowercased() == "true" { return start + 4 }
        if rest.lowercased() == "false" { return start + 5 }
        return rest.hasPrefix("null") ? start + 4 : nil
    }

    private static func decoded(_ raw: String) -> Value {
        var text = raw[...]
        let isQuoted = hasQuotedPart(raw)
        for quote in ["\"", "'"] {
            if text.hasPrefix(quote) { text = text.dropFirst() }
            if text.hasSuffix(quote) { text = text.dropLast() }
        }
        let content = String(text)
        if isQuoted, !(content.hasPrefix("{") && content.hasSuffix("}")) { return .string(content) }
        let lowered = content.lowercased()
        let candidate = lowered == "true" || lowered == "false" ? lowered : content
        return (try? JSONReader.value(Array(candidate.utf8), limits: .contentFile)) ?? .string(content)
    }

    private static func hasQuotedPart(_ text: String) -> Bool {
        ["\"", "'"].contains { quote in text.utf8.filter { $0 == quote.utf8.first }.count > 1 }
    }
}
