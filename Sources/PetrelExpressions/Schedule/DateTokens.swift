/// Cuts a date's text into numbers, words, blanks and marks.
enum DateTokens {
    /// The parts in order; a number may have a fraction, of which a comma can be the point.
    static func split(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var parts: [String] = []
        var at = 0
        while at < scalars.count {
            let start = at
            let scalar = scalars[at]
            if isDigit(scalar) {
                at = end(ofNumberAt: start, in: scalars)
            } else if scalar.properties.isAlphabetic {
                while at < scalars.count, scalars[at].properties.isAlphabetic { at += 1 }
                at = end(ofDottedWordAt: start, at, in: scalars)
            } else {
                at += 1
            }
            let part = String(String.UnicodeScalarView(scalars[start..<at]))
            parts.append(scalar.properties.isWhitespace ? " " : normalized(part, isNumber: isDigit(scalar)))
        }
        return parts
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// A single point between digits belongs to the number; of several, as in 1.2.2024, none does.
    private static func end(ofNumberAt start: Int, in scalars: [Unicode.Scalar]) -> Int {
        var end = start
        while end < scalars.count, isDigit(scalars[end]) { end += 1 }
        let isPoint = end < scalars.count && (scalars[end] == "." || scalars[end] == "," && end - start >= 2)
        guard isPoint, end + 1 < scalars.count, isDigit(scalars[end + 1]) else { return end }
        var after = end + 1
        while after < scalars.count, isDigit(scalars[after]) { after += 1 }
        let hasMore = after + 1 < scalars.count && scalars[after] == "." && isDigit(scalars[after + 1])
        let hadPoint = start > 1 && scalars[start - 1] == "." && isDigit(scalars[start - 2])
        return hasMore || hadPoint ? end : after
    }

    /// `a.m.` is one word.
    private static func end(ofDottedWordAt start: Int, _ end: Int, in scalars: [Unicode.Scalar]) -> Int {
        guard end - start == 1, end + 1 < scalars.count, scalars[end] == ".",
            scalars[end + 1] == "m" || scalars[end + 1] == "M"
        else { return end }
        return end + 2
    }

    private static func normalized(_ part: String, isNumber: Bool) -> String {
        let unwanted: Unicode.Scalar = isNumber ? "," : "."
        guard part.unicodeScalars.count > 1, part.unicodeScalars.contains(unwanted) else { return part }
        var text = ""
        for scalar in part.unicodeScalars {
            if scalar != unwanted { text.unicodeScalars.append(scalar) } else if isNumber { text += "." }
        }
        return text
    }
}
