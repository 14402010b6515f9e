extension PatternNode {
    /// The same pattern with letter case folded in literal text, and each run of literal blanks taking any white space.
    ///
    /// Named groups are values, which are read as strictly as before. So are look-behinds, which must keep their width.
    static func lenient(_ nodes: [PatternNode]) -> [PatternNode] {
        var out: [PatternNode] = []
        var isInBlanks = false
        for node in nodes {
            guard case .literal(let code) = node, isBlank(code) else {
                isInBlanks = false
                out.append(lenient(node))
                continue
            }
            if !isInBlanks { out.append(someBlanks) }
            isInBlanks = true
        }
        return out
    }

    private static let someBlanks = PatternNode.repeated(
        [.set([.category(.space, isNegated: false, isASCII: false)], isNegated: false)], least: 1, most: nil, .greedy)

    private static func lenient(_ node: PatternNode) -> PatternNode {
        switch node {
        case .literal: .group(number: nil, name: nil, flags: PatternGroupFlags(added: ["i"]), [node])
        case .group(let number, nil, let flags, let body):
            .group(number: number, name: nil, flags: flags, lenient(body))
        case .atomic(let body): .atomic(lenient(body))
        case .branch(let branches): .branch(branches.map { lenient($0) })
        case .repeated(let body, let least, let most, let greed):
            .repeated(isLoneBlank(body) ? body : lenient(body), least: least, most: most, greed)
        case .conditional(let group, let then, let otherwise):
            .conditional(group: group, then: lenient(then), otherwise: otherwise.map { lenient($0) })
        case .any, .set, .anchor, .reference, .look, .group: node
        }
    }

    /// A repetition of a repetition of blanks would be a slow way to say the same.
    private static func isLoneBlank(_ body: [PatternNode]) -> Bool {
        if body.count == 1, case .literal(let code) = body[0] { isBlank(code) } else { false }
    }
}
