import PetrelCore

/// A shell pattern for a whole text, as Python's `fnmatch` reads it: `*`, `?`, `[seq]`, `[!seq]`.
struct Wildcard: Sendable {
    private enum Part: Sendable {
        case scalar(Unicode.Scalar)
        case anyOne
        case anyMany
        case set([ClosedRange<UInt32>], isNegated: Bool)
    }

    private let parts: [Part]

    /// Looks at more places than this are more work than a rule may ask for.
    private static let maxSteps = 10_000_000

    init(_ text: String) {
        let scalars = Array(text.unicodeScalars)
        var parts: [Part] = []
        var at = 0
        while at < scalars.count {
            let scalar = scalars[at]
            at += 1
            switch scalar {
            case "*": if case .anyMany? = parts.last {} else { parts.append(.anyMany) }
            case "?": parts.append(.anyOne)
            case "[":
                if let end = Self.end(ofSetAt: at, in: scalars) {
                    parts.append(Self.set(scalars[at..<end]))
                    at = end + 1
                } else {
                    parts.append(.scalar("["))
                }
            default: parts.append(.scalar(scalar))
            }
        }
        self.parts = parts
    }

    /// Whether the whole text fits; a `*` is widened only when what follows it fails.
    func matches(_ text: String) throws(ExpressionError) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (at, part) = (0, 0)
        var retry: (at: Int, part: Int)?
        var steps = 0
        while at < scalars.count || part < parts.count {
            steps += 1
            guard steps <= Self.maxSteps else {
                throw ExpressionError(.tooComplex, "matching took more steps than allowed", hint: "Use fewer `*`")
            }
            if part < parts.count {
                if case .anyMany = parts[part] {
                    retry = (at, part)
                    part += 1
                    continue
                }
                if at < scalars.count, fits(scalars[at], parts[part]) {
                    at += 1
                    part += 1
                    continue
                }
            }
            guard let last = retry, last.at < scalars.count else { return false }
            retry = (last.at + 1, last.part)
            (at, part) = (last.at + 1, last.part + 1)
        }
        return true
    }

    private func fits(_ scalar: Unicode.Scalar, _ part: Part) -> Bool {
        switch part {
        case .scalar(let expected): scalar == expected
        case .anyOne, .anyMany: true
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar.value) } != isNegated
        }
    }

    /// Where the bracket closes; one right at the start of the set belongs to it.
    private static func end(ofSetAt start: Int, in scalars: [Unicode.Scalar]) -> Int? {
        var at = start
        if at < scalars.count, scalars[at] == "!" { at += 1 }
        if at < scalars.count, scalars[at] == "]" { at += 1 }
        return at < scalars.count ? scalars[at...].firstIndex(of: "]") : nil
    }

    private static func set(_ content: ArraySlice<Unicode.Scalar>) -> Part {
        let isNegated = content.first == "!"
        let content = isNegated ? content.dropFirst() : content
        var ranges: [ClosedRange<UInt32>] = []
        var at = content.startIndex
        while at < content.endIndex {
            let first = content[at].value
            if at + 2 < content.endIndex, content[at + 1] == "-" {
                let last = content[at + 2].value
                // A range from high to low holds nothing.
                if first <= last { ranges.append(first...last) }
                at += 3
            } else {
                ranges.append(first...first)
                at += 1
            }
        }
        return .set(ranges, isNegated: isNegated)
    }
}
