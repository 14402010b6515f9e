import PetrelCore

extension StackStormFunctions {
    /// More places than this are more work than a template may ask for.
    private static let maxMatches = 60_000
    /// Places that are replaced need not be kept with their groups.
    private static let maxReplacements = 200_000
    /// A text that may become longer than this is given room for the longest at once, so that it need not be moved.
    private static let largeText = 1 << 20

    /// `regex_match`: whether the pattern fits at the start.
    static func regexMatch(_ value: Value, _ pattern: String, ignoreCase: Bool, _ budget: EvaluationBudget? = nil)
        throws(ExpressionError) -> Bool
    {
        try compiled(pattern, ignoreCase).firstMatch(in: value.pythonString, paidBy: budget)?.range.lowerBound == 0
    }

    /// `regex_search`: whether the pattern fits anywhere.
    static func regexSearch(_ value: Value, _ pattern: String, ignoreCase: Bool, _ budget: EvaluationBudget? = nil)
        throws(ExpressionError) -> Bool
    {
        try compiled(pattern, ignoreCase).firstMatch(in: value.pythonString, paidBy: budget) != nil
    }

    /// `regex_replace`: every place is replaced; the replacement follows the rules of Python's `re.sub`.
    static func regexReplace(
        _ value: Value, _ pattern: String, _ replacement: String, ignoreCase: Bool, _ budget: EvaluationBudget? = nil
    ) throws(ExpressionError) -> String {
        let pattern = try compiled(pattern, ignoreCase)
        let template = try RegexTemplate(replacement, groupCount: pattern.groupCount, numbers: pattern.numbers)
        let subject = value.pythonString
        guard let text = template.plainText else { return try replaced(subject, pattern, template, budget) }
        var places: [Range<UInt32>] = []
        try pattern.forEachRange(in: subject, paidBy: budget) { range in
            places.append(UInt32(range.lowerBound)..<UInt32(range.upperBound))
            return places.count <= maxReplacements
        }
        guard places.count <= maxReplacements else { throw tooMany(maxReplacements) }
        let removed = places.reduce(0) { $0 + $1.count }
        guard subject.utf8.count - removed + places.count * text.utf8.count <= maxBytes else { throw tooLong }
        return places.isEmpty ? subject : PythonText.replaced(subject, places, with: text)
    }

    /// The same where what stands for a place is made from its groups.
    private static func replaced(
        _ subject: String, _ pattern: Pattern, _ template: RegexTemplate, _ budget: EvaluationBudget? = nil
    ) throws(ExpressionError) -> String {
        let bytes = subject.utf8
        var out = ""
        var last = bytes.startIndex
        var isTooLong = false
        out.reserveCapacity(bytes.count < largeText ? bytes.count : maxBytes)
        try pattern.forEachMatch(in: subject, paidBy: budget) { match in
            let start = bytes.index(bytes.startIndex, offsetBy: match.range.lowerBound)
            out += subject[last..<start]
            last = bytes.index(start, offsetBy: match.range.count)
            let size = out.utf8.count + template.size(for: match)
            isTooLong = size > maxBytes
            if isTooLong { return false }
            if size > largeText { out.reserveCapacity(maxBytes) }
            template.append(to: &out, match)
            return true
        }
        guard !isTooLong, out.utf8.count + subject[last...].utf8.count <= maxBytes else { throw tooLong }
        out += subject[last...]
        return out
    }

    private static var tooLong: ExpressionError {
        ExpressionError(.tooComplex, "The text takes more than \(maxBytes) bytes")
    }

    /// `regex_substring`: one of the places where the pattern fits; several groups come as an array.
    static func regexSubstring(
        _ value: Value, _ pattern: String, index: Int, ignoreCase: Bool, _ budget: EvaluationBudget? = nil
    ) throws(ExpressionError) -> Value {
        let pattern = try compiled(pattern, ignoreCase)
        let subject = value.pythonString
        let limit = index >= 0 ? min(index, maxMatches) + 1 : maxMatches + 1
        let matches = try allMatches(pattern, in: subject, limit: limit, budget)
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
        _ pattern: Pattern, in subject: String, limit: Int = maxMatches + 1, _ budget: EvaluationBudget? = nil
    ) throws(ExpressionError) -> [PatternMatch] {
        let matches = try pattern.matches(in: subject, limit: limit, paidBy: budget)
        guard matches.count <= maxMatches else { throw tooMany(maxMatches) }
        return matches
    }

    private static func tooMany(_ limit: Int) -> ExpressionError {
        ExpressionError(.tooComplex, "The pattern fits at more than \(limit) places")
    }
}
