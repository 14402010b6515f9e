public import PetrelCore

/// A regular expression with the meaning of Python's `re`, carried out by PCRE2 within limits.
///
/// Compiling costs about 50 µs; keep a pattern and share it, any thread may use it at any time.
public struct Pattern: Sendable {
    /// How a pattern is read, beyond the flags that it carries itself.
    public struct Options: OptionSet, Sendable, Hashable {
        /// One bit for each option.
        public let rawValue: Int

        /// Options from their bits.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Letters match in either case, as `re.IGNORECASE`.
        public static let ignoresCase = Options(rawValue: 1)
        /// The dot takes line breaks too, as `re.DOTALL`.
        public static let dotMatchesNewline = Options(rawValue: 2)
        /// `^` and `$` match at each line, as `re.MULTILINE`.
        public static let anchorsMatchLines = Options(rawValue: 4)
        /// Literal text outside named groups matches in either case, and its blanks take any run of white space.
        package static let isLenient = Options(rawValue: 8)
    }

    /// The pattern as it was written.
    public let text: String
    /// The names of its groups, in the order of the groups.
    public let groupNames: [String]
    /// How many groups it has, unnamed ones included.
    public let groupCount: Int
    package let nodes: [PatternNode]
    let numbers: [String: Int]
    let program: PatternProgram

    /// Compiles a pattern.
    /// - Throws: ``ExpressionError`` with code `badPattern`, Python's words and the offset in code points; `tooComplex`
    ///   when the compiled form would be too large.
    public init(_ text: String, options: Options = []) throws(ExpressionError) {
        let outcome = try PatternParser.parse(text)
        self.text = text
        groupNames = outcome.groupNames.map(\.name)
        groupCount = outcome.groupCount
        nodes = outcome.nodes
        numbers = Dictionary(outcome.groupNames.map { ($0.name, $0.number) }, uniquingKeysWith: { first, _ in first })
        var options = options
        if outcome.flags.contains("i") { options.insert(.ignoresCase) }
        if outcome.flags.contains("m") { options.insert(.anchorsMatchLines) }
        if outcome.flags.contains("s") { options.insert(.dotMatchesNewline) }
        let nodes = options.contains(.isLenient) ? PatternNode.lenient(outcome.nodes) : outcome.nodes
        program = try PatternProgram(nodes, options: options, shown: text)
    }

    /// The parsed form of a pattern, without the cost of compiling it.
    package static func nodes(_ text: String) throws(ExpressionError) -> [PatternNode] {
        try PatternParser.parse(text).nodes
    }

    /// The first place at or after a byte offset where the pattern fits, as `re.search` finds it; nil when there is none.
    /// - Throws: ``ExpressionError`` with code `tooComplex` when the search passes its limits.
    public func firstMatch(in subject: String, from: Int = 0) throws(ExpressionError) -> PatternMatch? {
        try firstMatch(in: subject, from: from, paidBy: nil)
    }

    func firstMatch(
        in subject: String, from: Int = 0, paidBy budget: EvaluationBudget?
    ) throws(ExpressionError) -> PatternMatch? {
        var found: [Range<Int>?]?
        try program.forEachMatch(in: subject, from: from, stepsOfMatch: 0, paidBy: budget) { place in
            found = place.ranges
            return false
        }
        return found.map { match(subject, $0) }
    }

    /// All places where the pattern fits, without overlaps, as `re.finditer` finds them; at most `limit`.
    /// - Throws: ``ExpressionError`` with code `tooComplex` when the search passes its limits.
    public func matches(in subject: String, limit: Int) throws(ExpressionError) -> [PatternMatch] {
        try matches(in: subject, limit: limit, paidBy: nil)
    }

    func matches(in subject: String, limit: Int, paidBy budget: EvaluationBudget?) throws(ExpressionError)
        -> [PatternMatch]
    {
        var found: [PatternMatch] = []
        if limit > 0 {
            try forEachMatch(in: subject, paidBy: budget) { match in
                found.append(match)
                return found.count < limit
            }
        }
        return found
    }

    /// Hands over the places that ``matches(in:limit:)`` would collect, one after the other, until the answer is false.
    package func forEachMatch(
        in subject: String, _ body: (PatternMatch) -> Bool
    ) throws(ExpressionError) {
        try forEachMatch(in: subject, paidBy: nil, body)
    }

    func forEachMatch(
        in subject: String, paidBy budget: EvaluationBudget?, _ body: (PatternMatch) -> Bool
    ) throws(ExpressionError) {
        try program.forEachMatch(in: subject, from: 0, stepsOfMatch: PatternBudget.stepsOfMatch, paidBy: budget) {
            place in
            body(match(subject, place.ranges))
        }
    }

    /// The same for the places alone, which need no memory.
    func forEachRange(
        in subject: String, paidBy budget: EvaluationBudget?, _ body: (Range<Int>) -> Bool
    ) throws(ExpressionError) {
        try program.forEachMatch(in: subject, from: 0, stepsOfMatch: PatternBudget.stepsOfPlace, paidBy: budget) {
            body($0.range)
        }
    }

    private func match(_ subject: String, _ ranges: [Range<Int>?]) -> PatternMatch {
        PatternMatch(subject: subject, ranges: ranges, numbers: numbers)
    }
}

/// One place where a ``Pattern`` fits.
public struct PatternMatch: Sendable {
    let subject: String
    let ranges: [Range<Int>?]
    let numbers: [String: Int]

    /// Where the whole match stands, in UTF-8 byte offsets.
    public var range: Range<Int> { ranges[0] ?? 0..<0 }

    /// The text of the whole match.
    public var text: String { text(range) }

    /// The text of a group by its number, 0 being the whole match; nil when it did not take part.
    public subscript(number: Int) -> String? {
        guard ranges.indices.contains(number) else { return nil }
        return ranges[number].map(text)
    }

    /// The text of a group by its name; nil when it did not take part or there is none of that name.
    public subscript(name: String) -> String? { numbers[name].flatMap { self[$0] } }

    /// Where a group stands, in UTF-8 byte offsets; nil when it did not take part.
    public func range(of number: Int) -> Range<Int>? { ranges.indices.contains(number) ? ranges[number] : nil }

    private func text(_ range: Range<Int>) -> String {
        let utf8 = subject.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        let end = utf8.index(start, offsetBy: range.count)
        return String(subject[start..<end])
    }
}
