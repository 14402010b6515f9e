import PetrelExpressions

/// What of a format is fixed text: for the index, for choosing among candidates and for finding near ones.
struct FormatOutline {
    /// Whether a command must be exactly the format's text.
    var isExact: Bool
    /// How many characters other than blanks every fitting command has in common.
    var literalCharacters: Int
    /// The lower-cased word that every fitting command begins with; nil when there is no one such word.
    var firstWord: String?
    /// The fixed words, lower-cased, for finding near formats.
    var words: [String]

    init(_ nodes: [PatternNode], isStartAdded: Bool, isEndAdded: Bool) {
        isExact = nodes.allSatisfy { if case .literal = $0 { true } else { false } }
        literalCharacters = Self.count(nodes)
        firstWord = isStartAdded ? Self.firstWord(nodes, isEndAdded: isEndAdded) : nil
        var text = String.UnicodeScalarView()
        Self.gather(nodes, into: &text)
        words = String(text).lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func count(_ nodes: [PatternNode]) -> Int {
        nodes.reduce(0) { sum, node in
            switch node {
            case .literal(let code): sum + (PatternNode.isBlank(code) ? 0 : 1)
            case .group(_, nil, _, let body), .atomic(let body): sum + count(body)
            case .branch(let branches): sum + (branches.map { count($0) }.min() ?? 0)
            case .repeated(let body, let least, _, _): sum + (least > 0 ? count(body) : 0)
            default: sum
            }
        }
    }

    private static func firstWord(_ nodes: [PatternNode], isEndAdded: Bool) -> String? {
        let rest = nodes.drop { if case .literal(let code) = $0 { PatternNode.isBlank(code) } else { false } }
        var word = String.UnicodeScalarView()
        var end = rest.startIndex
        while end < rest.endIndex, case .literal(let code) = rest[end], !PatternNode.isBlank(code),
            let scalar = Unicode.Scalar(code)
        {
            word.append(scalar)
            end += 1
        }
        guard !word.isEmpty, endsWord(rest[end...], isEndAdded: isEndAdded) else { return nil }
        return String(word).lowercased()
    }

    /// Whether what follows a word begins with white space or is the end, however it is matched.
    private static func endsWord(_ nodes: ArraySlice<PatternNode>, isEndAdded: Bool) -> Bool {
        guard let node = nodes.first else { return isEndAdded }
        if beginsBlank(node) { return true }
        guard case .repeated(let body, 0, _, _) = node, let first = body.first, beginsBlank(first) else { return false }
        return endsWord(nodes.dropFirst(), isEndAdded: isEndAdded)
    }

    private static func beginsBlank(_ node: PatternNode) -> Bool {
        switch node {
        case .literal(let code): return PatternNode.isBlank(code)
        case .set(let items, isNegated: false):
            return items.allSatisfy { if case .category(.space, isNegated: false, _) = $0 { true } else { false } }
        case .group(_, _, _, let body): return body.first.map(beginsBlank) ?? false
        case .repeated(let body, 1..., _, _): return body.first.map(beginsBlank) ?? false
        default: return false
        }
    }

    /// The optional quotes around a value are sets, and no place where a word ends.
    private static func isSet(_ node: PatternNode) -> Bool { if case .set = node { true } else { false } }

    private static func gather(_ nodes: [PatternNode], into text: inout String.UnicodeScalarView) {
        for node in nodes {
            switch node {
            case .literal(let code): if let scalar = Unicode.Scalar(code) { text.append(scalar) }
            case .group(_, nil, _, let body), .atomic(let body): gather(body, into: &text)
            case .branch(let branches): if let first = branches.first { gather(first, into: &text) }
            case .repeated(let body, 1..., _, _): gather(body, into: &text)
            case .look, .anchor: break
            case .repeated(let body, 0, 1, _) where body.count == 1 && Self.isSet(body[0]): break
            default: text.append(" ")
            }
        }
    }
}
