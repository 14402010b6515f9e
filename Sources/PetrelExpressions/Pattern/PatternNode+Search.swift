extension PatternNode {
    /// Whether a positive look-ahead stands anywhere in a pattern.
    static func hasLookahead(_ nodes: [PatternNode]) -> Bool {
        contains(nodes) { node in
            if case .look(let look, _) = node { look.isAhead && !look.isNegated } else { false }
        }
    }

    private static func contains(_ nodes: [PatternNode], where isWanted: (PatternNode) -> Bool) -> Bool {
        nodes.contains { isWanted($0) || contains($0.parts, where: isWanted) }
    }

    private var parts: [PatternNode] {
        switch self {
        case .look(_, let body), .group(_, _, _, let body), .atomic(let body), .repeated(let body, _, _, _): body
        case .branch(let branches): branches.flatMap(\.self)
        case .conditional(_, let then, let otherwise): then + (otherwise ?? [])
        case .literal, .any, .set, .anchor, .reference: []
        }
    }
}
