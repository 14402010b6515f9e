/// The fewest and most characters that a piece of a pattern takes; Python refuses a look-behind where they differ.
struct PatternWidth: Hashable {
    var least: Int
    var most: Int

    static let ceiling = 1 << 32

    static func of(_ nodes: [PatternNode], groups: [Int: PatternWidth]) -> PatternWidth {
        nodes.reduce(PatternWidth(least: 0, most: 0)) { sum, node in
            let width = of(node, groups: groups)
            return PatternWidth(least: sum.least + width.least, most: sum.most + width.most).capped
        }
    }

    private static func of(_ node: PatternNode, groups: [Int: PatternWidth]) -> PatternWidth {
        switch node {
        case .literal, .any, .set: PatternWidth(least: 1, most: 1)
        case .anchor, .look: PatternWidth(least: 0, most: 0)
        case .group(_, _, _, let body), .atomic(let body): of(body, groups: groups)
        case .branch(let branches): union(branches.map { of($0, groups: groups) })
        case .repeated(let body, let least, let most, _): of(body, groups: groups).times(least, most)
        case .reference(let number): groups[number] ?? PatternWidth(least: 0, most: ceiling)
        case .conditional(_, let then, let otherwise):
            union([of(then, groups: groups), of(otherwise ?? [], groups: groups)])
        }
    }

    private static func union(_ widths: [PatternWidth]) -> PatternWidth {
        PatternWidth(least: widths.map(\.least).min() ?? 0, most: widths.map(\.most).max() ?? 0)
    }

    private func times(_ least: Int, _ most: Int?) -> PatternWidth {
        let (low, lowOverflow) = self.least.multipliedReportingOverflow(by: least)
        let (high, highOverflow) = self.most.multipliedReportingOverflow(by: most ?? Self.ceiling)
        return PatternWidth(least: lowOverflow ? Self.ceiling : low, most: highOverflow ? Self.ceiling : high).capped
    }

    private var capped: PatternWidth {
        PatternWidth(least: min(least, Self.ceiling), most: min(most, Self.ceiling))
    }
}
