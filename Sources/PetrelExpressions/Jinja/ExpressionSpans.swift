import PetrelCore

/// Finds Jinja's expressions and blocks in a workflow's text: shortest, each within one line.
enum ExpressionSpans {
    /// The `{{…}}` of a text, braces included.
    static func inline(_ text: String) -> [String] { texts(text, "{{", "}}") }

    /// Where the `{{…}}` of a text stand, in bytes.
    static func inlineRanges(_ text: String) -> [Range<Int>] { ranges(Array(text.utf8), "{{", "}}") }

    /// Whether a text has a `{%…%}`.
    static func hasBlock(_ text: String) -> Bool { !ranges(Array(text.utf8), "{%", "%}", limit: 1).isEmpty }

    /// The raw blocks of a text that are written in exactly this way.
    static func rawBlocks(_ text: String) -> [String] { texts(text, "{% raw %}", "{% endraw %}") }

    private static func texts(_ text: String, _ open: String, _ close: String) -> [String] {
        let bytes = Array(text.utf8)
        return ranges(bytes, open, close).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    private static func ranges(
        _ bytes: [UInt8], _ open: String, _ close: String, limit: Int = .max
    ) -> [Range<Int>] {
        let opening = TextSearch(open)
        let closing = TextSearch(close)
        var ranges: [Range<Int>] = []
        var at = 0
        // The next closing mark and the next line break, kept so that each byte is looked at once.
        var end = -1
        var line = -1
        while ranges.count < limit, let start = opening.first(in: bytes, from: at) {
            let body = start + opening.needle.count
            if end < body { end = closing.first(in: bytes, from: body) ?? Int.max }
            if line < body { line = bytes[body...].firstIndex(of: 0x0A) ?? bytes.count }
            if end < line {
                at = end + closing.needle.count
                ranges.append(start..<at)
            } else {
                at = start + 1
            }
        }
        return ranges
    }

    /// An expression without braces and blanks around it.
    static func stripped(_ expression: String) -> String {
        let bare = PythonText.strip(expression, fromStart: true, fromEnd: true) { $0 == "{" || $0 == "}" }
        return PythonText.strip(bare)
    }

    /// The inside of a raw block; the first line break behind it stays, unlike in a template.
    static func inside(raw block: String) -> String {
        String(decoding: Array(block.utf8.dropFirst(9).dropLast(12)), as: UTF8.self)
    }

    static func replacing(_ old: String, by new: String, in text: String) -> String {
        let places = PythonText.offsets(of: old, in: text)
        guard !places.isEmpty else { return text }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var from = 0
        for place in places {
            out += bytes[from..<place]
            out += new.utf8
            from = place + old.utf8.count
        }
        out += bytes[from...]
        return String(decoding: out, as: UTF8.self)
    }
}
