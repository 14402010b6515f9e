import PetrelCore

extension PatternParser {
    /// `(?i)`, which holds for the whole pattern, or `(?i-s:…)`.
    mutating func flagged(
        first: Unicode.Scalar, _ scope: Scope, start: Int, isFirst: Bool
    ) throws(ExpressionError) -> PatternNode? {
        var added: Set<Character> = []
        var removed: Set<Character> = []
        var scalar: Unicode.Scalar? = first
        if first != "-" { scalar = try flagLetters(first, into: &added, isRemoving: false) }
        if scalar == ")" { return try setGlobal(added, scope, start: start, isFirst: isFirst) }
        if scalar == "-" {
            guard let letter = source.take() else { throw source.problem("missing flag", at: source.at) }
            guard "aiLmsux".unicodeScalars.contains(letter) else {
                throw source.problem(letter.isLatinLetter ? "unknown flag" : "missing flag", at: source.at - 1)
            }
            scalar = try flagLetters(letter, into: &removed, isRemoving: true)
        }
        guard scalar == ":" else { throw source.problem("missing :", at: source.at) }
        if !added.isDisjoint(with: removed) {
            throw source.problem("bad inline flags: flag turned on and off", at: source.at - 1)
        }
        return try flaggedGroup(added, removed, scope, start: start)
    }

    private mutating func flaggedGroup(
        _ added: Set<Character>, _ removed: Set<Character>, _ scope: Scope, start: Int
    ) throws(ExpressionError) -> PatternNode {
        var inner = scope.deeper
        if added.contains("a") { inner.isASCII = true }
        if added.contains("u") { inner.isASCII = false }
        if added.contains("x") { inner.isVerbose = true }
        if removed.contains("x") { inner.isVerbose = false }
        let body = try alternatives(inner)
        guard source.take(if: ")") else { throw source.problem("missing ), unterminated subpattern", at: start) }
        return .group(number: nil, name: nil, flags: PatternGroupFlags(added: added, removed: removed), body)
    }

    private mutating func setGlobal(
        _ added: Set<Character>, _ scope: Scope, start: Int, isFirst: Bool
    ) throws(ExpressionError) -> PatternNode? {
        guard isFirst else {
            throw source.problem("global flags not at the start of the expression", at: start)
        }
        flags.formUnion(added)
        // The rest is read again in verbose mode; read in this one it might not even parse.
        if needsVerbosePass { source.seek(source.scalars.count) }
        return nil
    }

    /// Reads letters up to what ends them, which is returned.
    private mutating func flagLetters(
        _ first: Unicode.Scalar, into letters: inout Set<Character>, isRemoving: Bool
    ) throws(ExpressionError) -> Unicode.Scalar {
        var scalar = first
        while true {
            try checkFlag(scalar, letters, isRemoving: isRemoving)
            letters.insert(Character(scalar))
            let ends = isRemoving ? ":" : ")-:"
            guard let next = source.take() else {
                throw source.problem(isRemoving ? "missing :" : "missing -, : or )", at: source.at)
            }
            if ends.unicodeScalars.contains(next) { return next }
            guard "aiLmsux".unicodeScalars.contains(next) else {
                let missing = isRemoving ? "missing :" : "missing -, : or )"
                throw source.problem(next.isLatinLetter ? "unknown flag" : missing, at: source.at - 1)
            }
            scalar = next
        }
    }

    private func checkFlag(
        _ flag: Unicode.Scalar, _ letters: Set<Character>, isRemoving: Bool
    ) throws(ExpressionError) {
        if isRemoving, "auL".unicodeScalars.contains(flag) {
            throw source.problem("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", at: source.at)
        }
        if flag == "L" {
            throw source.problem("bad inline flags: cannot use 'L' flag with a str pattern", at: source.at)
        }
        if flag == "a" && letters.contains("u") || flag == "u" && letters.contains("a") {
            throw source.problem("bad inline flags: flags 'a', 'u' and 'L' are incompatible", at: source.at)
        }
    }
}
