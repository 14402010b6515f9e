import PetrelCore

extension PatternParser {
    /// A backslash outside a set; the backslash itself is already read.
    mutating func escape(_ scope: Scope, start: Int) throws(ExpressionError) -> PatternNode {
        guard let scalar = source.take() else { throw source.problem("bad escape (end of pattern)", at: start) }
        if let item = category(scalar, scope) { return .set([item], isNegated: false) }
        switch scalar {
        case "A": return .anchor(.textStart)
        case "Z": return .anchor(.textEnd)
        case "b": return .anchor(.boundary(isNegated: false, isASCII: isASCII(scope)))
        case "B": return .anchor(.boundary(isNegated: true, isASCII: isASCII(scope)))
        case "0": return .literal(UInt32("0" + source.take(atMost: 2) { $0.isOctalDigit }, radix: 8) ?? 0)
        case "1"..."9": return try numbered(scalar, start: start)
        default: return .literal(try character(scalar, start: start))
        }
    }

    func category(_ scalar: Unicode.Scalar, _ scope: Scope) -> PatternSetItem? {
        let isASCII = isASCII(scope)
        return switch scalar {
        case "d", "D": .category(.digit, isNegated: scalar == "D", isASCII: isASCII)
        case "s", "S": .category(.space, isNegated: scalar == "S", isASCII: isASCII)
        case "w", "W": .category(.word, isNegated: scalar == "W", isASCII: isASCII)
        default: nil
        }
    }

    private func isASCII(_ scope: Scope) -> Bool { scope.isASCII || flags.contains("a") }

    /// Escapes that mean one character, in and out of sets.
    mutating func character(_ scalar: Unicode.Scalar, start: Int) throws(ExpressionError) -> UInt32 {
        switch scalar {
        case "a": return 7
        case "f": return 12
        case "n": return 10
        case "r": return 13
        case "t": return 9
        case "v": return 11
        case "x": return try hexadecimal(2, start: start)
        case "u": return try hexadecimal(4, start: start)
        case "U": return try hexadecimal(8, start: start)
        case "N":
            throw ExpressionError(
                .badPattern, "characters by name (\\N{…}) are not supported at position \(start)",
                hint: "Write the character itself or \\uXXXX")
        default:
            if scalar.isLatinLetter { throw source.problem("bad escape \\\(scalar)", at: start) }
            return scalar.value
        }
    }

    private mutating func hexadecimal(_ count: Int, start: Int) throws(ExpressionError) -> UInt32 {
        let digits = source.take(atMost: count) { $0.isHexadecimalDigit }
        guard digits.utf8.count == count, let code = UInt32(digits, radix: 16) else {
            throw source.problem("incomplete escape \(source.text(start..<source.at))", at: start)
        }
        guard code <= 0x10FFFF else {
            throw source.problem("bad escape \(source.text(start..<source.at))", at: start)
        }
        return code
    }

    /// `\12` is a group, `\123` in octal digits a character.
    private mutating func numbered(_ first: Unicode.Scalar, start: Int) throws(ExpressionError) -> PatternNode {
        var digits = String(Character(first))
        if let second = source.next, second.isDecimalDigit {
            digits.unicodeScalars.append(second)
            _ = source.take()
            if first.isOctalDigit, second.isOctalDigit, let third = source.next, third.isOctalDigit {
                digits.unicodeScalars.append(third)
                _ = source.take()
                guard let code = UInt32(digits, radix: 8), code <= 0o377 else {
                    throw source.problem("octal escape value \\\(digits) outside of range 0-0o377", at: start)
                }
                return .literal(code)
            }
        }
        let number = Int(digits) ?? 0
        guard number <= groupCount else { throw source.problem("invalid group reference \(number)", at: start + 1) }
        try checkReference(number, at: start)
        return .reference(number)
    }

    func checkReference(_ number: Int, at position: Int) throws(ExpressionError) {
        if openGroups.contains(number) { throw source.problem("cannot refer to an open group", at: position) }
        if let ceiling = lookbehindCeiling, number >= ceiling {
            throw source.problem("cannot refer to group defined in the same lookbehind subpattern", at: position)
        }
    }
}
