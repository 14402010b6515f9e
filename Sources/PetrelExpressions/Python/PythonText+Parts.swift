/// Finding, splitting and cutting as `str` does it, on UTF-8 bytes: code points never overlap in UTF-8.
extension PythonText {
    private static let mostReplacements = 1_500_000

    /// `str.replace`; a negative limit is none.
    static func replace(
        _ text: String, _ old: String, _ new: String, limit: Int, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        if limit == 0 { return text }
        let limit = limit < 0 ? Int.max : limit
        if old.isEmpty { return try interleave(text, new, limit, budget) }
        // More than these are refused anyway.
        let count = occurrences(of: old, in: text, limit: min(limit, mostReplacements))
        if count == 0 { return text }
        if count == mostReplacements { throw .tooComplex("The text is found more than \(count) times") }
        try budget.work(count / 4)
        try budget.make(count, times: new.utf8.count)
        try budget.make(bytes: text.utf8.count)
        return replaced(text, old, new, count: count)
    }

    private static func interleave(
        _ text: String, _ new: String, _ limit: Int, _ budget: EvaluationBudget
    ) throws(PythonFault) -> String {
        try budget.make(text.utf8.count + 1, times: new.utf8.count + 1)
        var out = ""
        var left = limit
        for scalar in text.unicodeScalars {
            if left > 0 { out += new }
            left -= left > 0 ? 1 : 0
            out.unicodeScalars.append(scalar)
        }
        return left > 0 ? out + new : out
    }

    /// `str.split(separator)` for what is short.
    static func split(_ text: String, separator: String) -> [String] {
        cut(text, offsets(of: separator, in: text), separator.utf8.count)
    }

    /// `str.split(separator, limit)`; the separator is not empty, a negative limit is none.
    ///
    /// The parts are counted before they are made.
    static func split(
        _ text: String, separator: String, limit: Int, _ budget: EvaluationBudget
    ) throws(PythonFault) -> [String] {
        try budget.makeItems(
            occurrences(of: separator, in: text, limit: limit < 0 ? budget.mostItems : min(limit, budget.mostItems)) + 1
        )
        try budget.make(bytes: text.utf8.count)
        let places = offsets(of: separator, in: text, limit: limit < 0 ? .max : limit)
        return cut(text, places, separator.utf8.count)
    }

    /// `str.rsplit(separator, limit)`.
    static func splitFromEnd(
        _ text: String, separator: String, limit: Int, _ budget: EvaluationBudget
    ) throws(PythonFault) -> [String] {
        try budget.makeItems(
            occurrences(of: separator, in: text, limit: limit < 0 ? budget.mostItems : min(limit, budget.mostItems)) + 1
        )
        try budget.make(bytes: text.utf8.count)
        var search = BackwardSearch(of: separator, in: text)
        var places: [Int] = []
        while limit < 0 || places.count < limit, let place = search.next() { places.append(place) }
        return cut(text, places.reversed(), separator.utf8.count)
    }

    /// A part from one byte offset to another, both between characters.
    static func part(of text: String, _ range: Range<Int>) -> String {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        return String(text[start..<utf8.index(start, offsetBy: range.count)])
    }

    private static func cut(_ text: String, _ places: [Int], _ width: Int) -> [String] {
        var parts: [String] = []
        parts.reserveCapacity(places.count + 1)
        var from = 0
        for place in places {
            parts.append(part(of: text, from..<place))
            from = place + width
        }
        parts.append(part(of: text, from..<text.utf8.count))
        return parts
    }

    /// `str.split()`: runs of white space separate, ends are dropped.
    static func split(_ text: String, limit: Int = -1, _ budget: EvaluationBudget) throws(PythonFault) -> [String] {
        let most = limit < 0 ? Int.max : limit
        var words = wordRanges(text, most: min(most, budget.mostItems))
        // What is behind the last word that is cut off stays whole.
        let end = words.last?.upperBound ?? 0
        let hasRest = words.count == most || words.count == budget.mostItems
        let rest = hasRest ? blankEnd(text, from: end) : text.utf8.count
        if rest < text.utf8.count { words.append(rest..<text.utf8.count) }
        try budget.makeItems(words.count)
        try budget.make(bytes: text.utf8.count)
        return words.map { part(of: text, $0) }
    }

    /// `str.rsplit(None, limit)`.
    static func splitFromEnd(_ text: String, limit: Int, _ budget: EvaluationBudget) throws(PythonFault) -> [String] {
        if limit < 0 { return try split(text, budget) }
        var parts: [String] = []
        var rest = text.unicodeScalars[...]
        while true {
            while let last = rest.last, isSpace(last) { rest.removeLast() }
            if rest.isEmpty { return parts.reversed() }
            if parts.count >= limit {
                parts.append(String(rest))
                return parts.reversed()
            }
            var start = rest.endIndex
            while start > rest.startIndex, !isSpace(rest[rest.index(before: start)]) {
                start = rest.index(before: start)
            }
            try budget.makeItems(1)
            parts.append(String(rest[start...]))
            rest = rest[..<start]
        }
    }

    /// `str.splitlines`.
    static func lines(_ text: String, keepingEnds: Bool = false) -> [String] {
        var lines: [String] = []
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        var at = start
        while at < scalars.endIndex {
            let scalar = scalars[at]
            let here = at
            at = scalars.index(after: at)
            guard isLineBreak(scalar) else { continue }
            if scalar == "\r", at < scalars.endIndex, scalars[at] == "\n" { at = scalars.index(after: at) }
            lines.append(String(scalars[start..<(keepingEnds ? at : here)]))
            start = at
        }
        if start < scalars.endIndex { lines.append(String(scalars[start...])) }
        return lines
    }

    /// `str.expandtabs`.
    static func expandTabs(_ text: String, _ size: Int, _ budget: EvaluationBudget) throws(PythonFault) -> String {
        var out = ""
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                guard size > 0 else { continue }
                let fill = size - column % size
                try budget.make(bytes: fill)
                out += String(repeating: " ", count: fill)
                column += fill
            } else {
                out.unicodeScalars.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return out
    }
}
