import PetrelCore

/// One way in which a value does not fit its schema.
public struct SchemaViolation: Sendable, Hashable, CustomStringConvertible {
    /// Keys and indexes (as text) that lead to the value.
    public let path: [String]
    /// The keyword that is not satisfied, such as `type` or `required`.
    public let keyword: String
    /// What is wrong, in the words that StackStorm's users know: `'a' is not of type 'integer'`.
    public let message: String
    /// What was expected, in a few words: `an integer`, `at most 5`.
    public let expectation: String
    /// What went wrong in the alternatives of an `anyOf` or `oneOf`.
    public let causes: [SchemaViolation]

    /// Path and message in one line.
    public var description: String { path.isEmpty ? message : path.joined(separator: ".") + ": " + message }

    /// The one that says most: nearest to the top, alternatives last; then what is deepest inside.
    static func mostRelevant(of violations: [SchemaViolation]) -> SchemaViolation? {
        guard var best = violations.first else { return nil }
        for other in violations.dropFirst() where other.relevance > best.relevance { best = other }
        while let first = best.causes.first {
            best = best.causes.dropFirst().reduce(first) { $1.relevance < $0.relevance ? $1 : $0 }
        }
        return best
    }

    private var relevance: (Int, Int) { (-path.count, keyword == "anyOf" || keyword == "oneOf" ? 0 : 1) }
}
