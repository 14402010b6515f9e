import PetrelExpressions

/// The reference's search for anchors in the token tree of a format: in groups, and of alternatives only in the second.
enum FormatAnchors {
    static func hasStart(_ nodes: [PatternNode]) -> Bool { has([.anchor(.lineStart), .anchor(.textStart)], nodes) }

    static func hasEnd(_ nodes: [PatternNode]) -> Bool { has([.anchor(.lineEnd), .anchor(.textEnd)], nodes) }

    private static func has(_ wanted: Set<PatternNode>, _ nodes: [PatternNode]) -> Bool {
        nodes.contains { node in
            switch node {
            case .group(_, _, _, let body): has(wanted, body)
            case .branch(let branches): has(wanted, branches)
            default: wanted.contains(node)
            }
        }
    }

    /// CPython moves what all alternatives begin with in front of them, where the search sees it.
    private static func has(_ wanted: Set<PatternNode>, _ branches: [[PatternNode]]) -> Bool {
        var branches = branches.map { $0[...] }
        while let first = branches.first?.first, isComparable(first), branches.allSatisfy({ $0.first == first }) {
            if wanted.contains(first) { return true }
            branches = branches.map { $0.dropFirst() }
        }
        return branches.count > 1 && has(wanted, Array(branches[1]))
    }

    /// CPython compares groups and repetitions by identity, so these are never equal.
    private static func isComparable(_ node: PatternNode) -> Bool {
        switch node {
        case .literal, .any, .set, .anchor, .reference: true
        default: false
        }
    }
}
