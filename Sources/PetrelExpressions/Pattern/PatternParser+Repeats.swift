import PetrelCore

extension PatternParser {
    mutating func repeatLast(
        of nodes: inout [PatternNode], mark: Unicode.Scalar, start: Int
    ) throws(ExpressionError) {
        guard let (least, most) = try bounds(mark, start: start) else {
            nodes.append(.literal(mark.value))
            return
        }
        guard let last = nodes.last else { throw source.problem("nothing to repeat", at: start) }
        switch last {
        case .anchor: throw source.problem("nothing to repeat", at: start)
        case .repeated: throw source.problem("multiple repeat", at: start)
        default: break
        }
        nodes.removeLast()
        let greed: PatternGreed = source.take(if: "?") ? .lazy : source.take(if: "+") ? .possessive : .greedy
        nodes.append(.repeated(body(of: last), least: least, most: most, greed))
    }

    private func body(of node: PatternNode) -> [PatternNode] {
        if case .group(nil, _, let flags, let body) = node, flags.isEmpty { return body }
        return [node]
    }

    /// The bounds of a quantifier; nil when a brace is only a brace.
    private mutating func bounds(_ mark: Unicode.Scalar, start: Int) throws(ExpressionError) -> (Int, Int?)? {
        switch mark {
        case "?": return (0, 1)
        case "*": return (0, nil)
        case "+": return (1, nil)
        default: break
        }
        guard source.next != "}" else { return nil }
        let afterBrace = source.at
        let low = source.take(atMost: .max) { $0.isDecimalDigit }
        let high = source.take(if: ",") ? source.take(atMost: .max) { $0.isDecimalDigit } : low
        guard source.take(if: "}") else {
            source.seek(afterBrace)
            return nil
        }
        let least = try count(low, start: start) ?? 0
        let most = try count(high, start: start)
        if let most, most < least {
            throw source.problem("min repeat greater than max repeat", at: start)
        }
        return (least, most)
    }

    private func count(_ digits: String, start: Int) throws(ExpressionError) -> Int? {
        guard !digits.isEmpty else { return nil }
        // PCRE2's own bound; Python allows more than anybody needs.
        guard let number = Int(digits), number <= 65_535 else {
            throw source.problem("the repetition number is too large; 65535 is the most", at: start)
        }
        return number
    }
}
