/// One piece of a parsed pattern, after CPython's parser, so that questions about its token tree have the same answers.
package indirect enum PatternNode: Hashable, Sendable {
    /// One code point; surrogates are possible and match nothing.
    case literal(UInt32)
    case any
    case set([PatternSetItem], isNegated: Bool)
    case anchor(PatternAnchor)
    /// A capturing group with its number, or a plain one, with the flags that hold inside.
    case group(number: Int?, name: String?, flags: PatternGroupFlags, [PatternNode])
    case atomic([PatternNode])
    case branch([[PatternNode]])
    case repeated([PatternNode], least: Int, most: Int?, PatternGreed)
    case reference(Int)
    case conditional(group: Int, then: [PatternNode], otherwise: [PatternNode]?)
    case look(PatternLook, [PatternNode])
}

/// A member of a character set.
package enum PatternSetItem: Hashable, Sendable {
    case literal(UInt32)
    case range(UInt32, UInt32)
    case category(PatternCategory, isNegated: Bool, isASCII: Bool)
}

/// `\d`, `\s` and `\w`.
package enum PatternCategory: Hashable, Sendable { case digit, space, word }

/// A place rather than a character.
package enum PatternAnchor: Hashable, Sendable {
    case lineStart, textStart, lineEnd, textEnd
    case boundary(isNegated: Bool, isASCII: Bool)
}

/// How eagerly a repetition takes more.
package enum PatternGreed: Hashable, Sendable { case greedy, lazy, possessive }

/// The four look-arounds.
package struct PatternLook: Hashable, Sendable {
    package var isAhead: Bool
    package var isNegated: Bool
}

/// Flags of `(?i-s:…)`: the letters i, m and s; x and a are used up by the parser.
package struct PatternGroupFlags: Hashable, Sendable {
    package var added: Set<Character> = []
    package var removed: Set<Character> = []
    package var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}

extension PatternNode {
    /// Python's white space: what `str.isspace` says, which is not PCRE2's `\s`.
    package static let blanks: [ClosedRange<UInt32>] = [
        0x09...0x0D, 0x1C...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
    ]

    /// Whether a code point is white space to Python.
    package static func isBlank(_ code: UInt32) -> Bool {
        if code < 0x80 { return code == 0x20 || (0x09...0x0D).contains(code) || (0x1C...0x1F).contains(code) }
        return blanks.contains { $0.contains(code) }
    }
}
