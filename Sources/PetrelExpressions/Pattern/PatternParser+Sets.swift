import PetrelCore

extension PatternParser {
    /// A set in brackets; the opening bracket is already read.
    mutating func set(_ scope: Scope, start: Int) throws(ExpressionError) -> PatternNode {
        let isNegated = source.take(if: "^")
        var items: [PatternSetItem] = []
        while true {
            let itemStart = source.at
            guard let scalar = source.take() else { throw unterminated(start) }
            if scalar == "]", !items.isEmpty { break }
            let low = try setItem(scalar, scope, start: itemStart)
            guard source.take(if: "-") else {
                items.append(low)
                continue
            }
            let highStart = source.at
            guard let last = source.take() else { throw unterminated(start) }
            if last == "]" {
                items += [low, .literal(0x2D)]
                break
            }
            let high = try setItem(last, scope, start: highStart)
            items.append(try range(low, high, itemStart))
        }
        var unique: [PatternSetItem] = []
        for item in items where !unique.contains(item) { unique.append(item) }
        if unique.count == 1, !isNegated, case .literal(let code) = unique[0] { return .literal(code) }
        return .set(unique, isNegated: isNegated)
    }

    private func unterminated(_ start: Int) -> ExpressionError {
        source.problem("unterminated character set", at: start)
    }

    private func range(
        _ low: PatternSetItem, _ high: PatternSetItem, _ start: Int
    ) throws(ExpressionError) -> PatternSetItem {
        guard case .literal(let first) = low, case .literal(let last) = high, first <= last else {
            throw source.problem("bad character range \(source.text(start..<source.at))", at: start)
        }
        return .range(first, last)
    }

    private mutating func setItem(
        _ scalar: Unicode.Scalar, _ scope: Scope, start: Int
    ) throws(ExpressionError) -> PatternSetItem {
        guard scalar == "\\" else { return .literal(scalar.value) }
        guard let escaped = source.take() else { throw source.problem("bad escape (end of pattern)", at: start) }
        if let item = category(escaped, scope) { return item }
        switch escaped {
        case "b": return .literal(8)
        case "0"..."7":
            let digits = String(Character(escaped)) + source.take(atMost: 2) { $0.isOctalDigit }
            guard let code = UInt32(digits, radix: 8), code <= 0o377 else {
                throw source.problem("octal escape value \\\(digits) outside of range 0-0o377", at: start)
            }
            return .literal(code)
        case "8", "9": throw source.problem("bad escape \\\(escaped)", at: start)
        default: return .literal(try character(escaped, start: start))
        }
    }
}
