import PetrelCore

/// Reads Python's `re` syntax (3.11) into ``PatternNode``s and refuses what Python refuses, in its words.
///
/// PCRE2 accepts much that Python does not and means other things by some of it, so text is never handed on as written.
struct PatternParser {
    /// What a whole pattern came to.
    struct Outcome {
        var nodes: [PatternNode]
        var groupCount: Int
        var groupNames: [(name: String, number: Int)]
        /// Flags given at the very start, `(?i)…`.
        var flags: Set<Character>
    }

    static let maxLength = 65_536
    static let maxDepth = 100
    static let maxGroups = 1_000

    var source: PatternSource
    var groupCount = 0
    var groupNames: [(name: String, number: Int)] = []
    var groupNumbers: [String: Int] = [:]
    var widths: [Int: PatternWidth] = [:]
    var openGroups: Set<Int> = []
    /// The first group number that a look-behind being read may not refer to.
    var lookbehindCeiling: Int?
    var conditionGroups: [(number: Int, position: Int)] = []
    var flags: Set<Character> = []

    /// A change of flags at the start asks for another pass in verbose mode.
    private var isVerboseFromStart: Bool

    static func parse(_ text: String) throws(ExpressionError) -> Outcome {
        guard text.utf8.count <= maxLength else {
            throw ExpressionError(
                .badPattern, "the pattern has \(text.utf8.count) bytes; \(maxLength) are allowed",
                hint: "Split it into several shorter patterns")
        }
        var parser = PatternParser(text, isVerbose: false)
        if let outcome = try parser.whole() { return outcome }
        parser = PatternParser(text, isVerbose: true)
        guard let outcome = try parser.whole() else { throw parser.source.problem("verbose flag not settled", at: 0) }
        return outcome
    }

    private init(_ text: String, isVerbose: Bool) {
        source = PatternSource(text)
        isVerboseFromStart = isVerbose
    }

    /// Nil when the pattern turned out to be verbose and must be read again.
    private mutating func whole() throws(ExpressionError) -> Outcome? {
        let scope = Scope(isVerbose: isVerboseFromStart, isASCII: false, depth: 0)
        guard let nodes = try topLevel(scope) else { return nil }
        if !source.isAtEnd { throw source.problem("unbalanced parenthesis", at: source.at) }
        for (number, position) in conditionGroups where number > groupCount {
            throw source.problem("invalid group reference \(number)", at: position)
        }
        return Outcome(nodes: nodes, groupCount: groupCount, groupNames: groupNames, flags: flags)
    }

    private mutating func topLevel(_ scope: Scope) throws(ExpressionError) -> [PatternNode]? {
        let nodes = try alternatives(scope)
        return needsVerbosePass ? nil : nodes
    }

    var needsVerbosePass: Bool { flags.contains("x") && !isVerboseFromStart }

    /// What holds at one place of the pattern.
    struct Scope {
        var isVerbose: Bool
        var isASCII: Bool
        var depth: Int

        var deeper: Scope { Scope(isVerbose: isVerbose, isASCII: isASCII, depth: depth + 1) }
    }

    mutating func alternatives(_ scope: Scope) throws(ExpressionError) -> [PatternNode] {
        guard scope.depth <= Self.maxDepth else {
            throw source.problem("groups nested deeper than \(Self.maxDepth)", at: source.at)
        }
        var branches: [[PatternNode]] = []
        repeat {
            branches.append(try sequence(scope, isFirst: scope.depth == 0 && branches.isEmpty))
        } while source.take(if: "|")
        return branches.count == 1 ? branches[0] : [.branch(branches)]
    }

    mutating func sequence(_ scope: Scope, isFirst: Bool) throws(ExpressionError) -> [PatternNode] {
        var nodes: [PatternNode] = []
        while let scalar = source.next, scalar != "|", scalar != ")" {
            let start = source.at
            _ = source.take()
            if scope.isVerbose, skipsInVerbose(scalar) { continue }
            switch scalar {
            case "\\": nodes.append(try escape(scope, start: start))
            case "[": nodes.append(try set(scope, start: start))
            case ".": nodes.append(.any)
            case "^": nodes.append(.anchor(.lineStart))
            case "$": nodes.append(.anchor(.lineEnd))
            case "(":
                if let node = try group(scope, start: start, isFirst: isFirst && nodes.isEmpty) { nodes.append(node) }
            case "*", "+", "?", "{": try repeatLast(of: &nodes, mark: scalar, start: start)
            default: nodes.append(.literal(scalar.value))
            }
        }
        return unpacked(nodes)
    }

    /// Python dissolves plain groups, which the search for anchors depends on.
    private func unpacked(_ nodes: [PatternNode]) -> [PatternNode] {
        nodes.flatMap { node in
            if case .group(nil, _, let flags, let body) = node, flags.isEmpty { body } else { [node] }
        }
    }

    private mutating func skipsInVerbose(_ scalar: Unicode.Scalar) -> Bool {
        if [" ", "\t", "\n", "\r", "\u{0B}", "\u{0C}"].contains(scalar) { return true }
        guard scalar == "#" else { return false }
        while let next = source.take(), next != "\n" {}
        return true
    }
}
