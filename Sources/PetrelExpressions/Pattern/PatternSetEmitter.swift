/// Writes characters and character sets in PCRE2's syntax.
enum PatternSetEmitter {
    static func literal(_ scalar: Unicode.Scalar) -> String {
        if scalar.isLatinLetter || scalar.isDecimalDigit || scalar == "_" || scalar == " " { return String(scalar) }
        if scalar.value > 0xA0 { return String(scalar) }
        if scalar.value > 0x20, scalar.value < 0x7F { return "\\" + String(scalar) }
        return hexadecimal(scalar.value)
    }

    static func text(_ items: [PatternSetItem], isNegated: Bool) -> String {
        let body = items.map(text).joined()
        // Only half surrogates: nothing matches, or everything.
        if body.isEmpty { return isNegated ? "(?s:.)" : "(?!)" }
        return "[" + (isNegated ? "^" : "") + body + "]"
    }

    private static func text(_ item: PatternSetItem) -> String {
        switch item {
        case .literal(let code): Unicode.Scalar(code) == nil ? "" : hexadecimal(code)
        case .range(let low, let high): range(low, high)
        case .category(let category, let isNegated, let isASCII): text(category, isNegated, isASCII)
        }
    }

    private static func text(_ category: PatternCategory, _ isNegated: Bool, _ isASCII: Bool) -> String {
        switch (category, isASCII) {
        case (.digit, false): return isNegated ? "\\D" : "\\d"
        case (.word, false): return isNegated ? "\\W" : "\\w"
        default: break
        }
        let members: [ClosedRange<UInt32>] =
            switch category {
            case .digit: [0x30...0x39]
            case .word: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
            case .space: isASCII ? [0x09...0x0D, 0x20...0x20] : PatternNode.blanks
            }
        let ranges = isNegated ? complement(members) : members
        return ranges.map { range($0.lowerBound, $0.upperBound) }.joined()
    }

    private static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var next: UInt32 = 0
        var rest: [ClosedRange<UInt32>] = []
        for range in ranges {
            if range.lowerBound > next { rest.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        return rest + [next...0x10FFFF]
    }

    /// A range with its ends moved off the surrogates, which PCRE2 refuses to name.
    private static func range(_ low: UInt32, _ high: UInt32) -> String {
        let surrogates: Range<UInt32> = 0xD800..<0xE000
        let first = surrogates.contains(low) ? 0xE000 : low
        let last = surrogates.contains(high) ? 0xD7FF : high
        guard first <= last else { return "" }
        return first == last ? hexadecimal(first) : hexadecimal(first) + "-" + hexadecimal(last)
    }

    private static func hexadecimal(_ code: UInt32) -> String { "\\x{\(String(code, radix: 16))}" }
}
