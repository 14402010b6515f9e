import PetrelCore

extension StackStormFunctions {
    /// More places than this are more work than a template may ask for.
    private static let maxMatches = 100_000

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
        let matches = try allMatches(pattern, in: subject)
        if matches.isEmpty { return subject }
        let bytes = subject.utf8
        var out = ""
        var last = bytes.startIndex
        var size = 0
        for match in matches {
            let start = bytes.index(bytes.startIndex, offsetBy: match.range.lowerBound)
            out += subject[last..<start]
            template.append(to: &out, match)
            last = bytes.index(start, offsetBy: match.range.count)
            size = out.utf8.count
            guard size <= maxBytes else {
                throw ExpressionError(.tooComplex, "The text takes more than \(maxBytes) bytes")
            }
        }
        return out + subject[last...]
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
        guard matches.count <= maxMatches else {
            throw ExpressionError(.tooComplex, "The pattern fits at more than \(maxMatches) places")
        }
        return matches
    }
}
