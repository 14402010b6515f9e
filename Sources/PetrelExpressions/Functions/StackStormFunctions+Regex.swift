import PetrelCore

extension StackStormFunctions {
    /// More places than this are more work than a template may ask for.
    private static let maxMatches = 100_000
    /// Places that are replaced need not be kept.
    private static let maxReplacements = 300_000

    /// `regex_match`: whether the pattern fits at the start.
    static func regexMatch(_ value: Value, _ pattern: String, ignoreCase: Bool) throws(ExpressionError) -> Bool {
        try compiled(pattern, ignoreCase).firstMatch(in: value.pythonString)?.range.lowerBound == 0
    }

    /// `regex_search`: whether the pattern fits anywhere.
    static func regexSearch(_ value: Value, _ pattern: String, ignoreCase: Bool) throws(ExpressionError) -> Bool {
        try compiled(pattern, ignoreCase).firstMatch(in: value.pythonString) != nil
    }

    /// `regex_replace`: every place is replaced; the replacement follows the rules of Python's `re.sub`.
    static func regexReplace(
        _ value: Value, _ pattern: String, _ replacement: String, ignoreCase: Bool
    ) throws(ExpressionError) -> String {
        let pattern = try compiled(pattern, ignoreCase)
        let template = try RegexTemplate(replacement, groupCount: pattern.groupCount, numbers: pattern.numbers)
        let subject = value.pythonString
        let bytes = subject.utf8
        var out = ""
        var last = bytes.startIndex
        var count = 0
        func keep(to range: Range<Int>) {
            let start = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
            if out.isEmpty { out.reserveCapacity(min(bytes.count + bytes.count / 16, maxBytes)) }
            out += subject[last..<start]
            last = bytes.index(start, offsetBy: range.count)
            count += 1
        }
        var mayGoOn: Bool { count <= maxReplacements && out.utf8.count <= maxBytes }
        if let text = template.plainText {
            try pattern.forEachRange(in: subject) { range in
                keep(to: range)
                out += text
                return mayGoOn
            }
        } else {
            try pattern.forEachMatch(in: subject) { match in
                keep(to: match.range)
                template.append(to: &out, match)
                return mayGoOn
            }
        }
        guard count <= maxReplacements else { throw tooMany(maxReplacements) }
        guard out.utf8.count <= maxBytes else {
            throw ExpressionError(.tooComplex, "The text takes more than \(maxBytes) bytes")
        }
        if count == 0 { return subject }
        out += subject[last...]
        return out
    }

    /// `regex_substring`: one of the places where the pattern fits; several groups come as an array.
    static func regexSubstring(
        _ value: Value, _ pattern: String, index: Int, ignoreCase: Bool
    ) throws(ExpressionError) -> Value {
        let pattern = try compiled(pattern, ignoreCase)
        let subject = value.pythonString
        let limit = index >= 0 ? min(index, maxMatches) + 1 : maxMatches + 1
        let matches = try allMatches(pattern, in: subject, limit: limit)
        let position = index < 0 ? matches.count + index : index
        guard matches.indices.contains(position) else { throw ExpressionError(.failed, "list index out of range") }
        let match = matches[position]
        switch pattern.groupCount {
        case 0: return .string(match.text)
        case 1: return .string(match[1] ?? "")
        default: return .array((1...pattern.groupCount).map { .string(match[$0] ?? "") })
        }
    }

    private static func compiled(_ pattern: String, _ ignoreCase: Bool) throws(ExpressionError) -> Pattern {
        do throws(ExpressionError) {
            return try PatternCache.shared.pattern(pattern, options: ignoreCase ? [.ignoresCase] : [])
        } catch {
            throw error.code == .tooComplex ? error : ExpressionError(.failed, error.message)
        }
    }

    private static func allMatches(
        _ pattern: Pattern, in subject: String, limit: Int = maxMatches + 1
    ) throws(ExpressionError) -> [PatternMatch] {
        let matches = try pattern.matches(in: subject, limit: limit)
        guard matches.count <= maxMatches else { throw tooMany(maxMatches) }
        return matches
    }

    private static func tooMany(_ limit: Int) -> ExpressionError {
        ExpressionError(.tooComplex, "The pattern fits at more than \(limit) places")
    }
}
