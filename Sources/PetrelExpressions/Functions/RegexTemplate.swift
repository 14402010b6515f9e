import PetrelCore

/// The replacement of Python's `re.sub`, read once: text, and the groups that it names.
struct RegexTemplate {
    private enum Part {
        case text(String)
        case group(Int)
    }

    private var parts: [Part] = []

    init(_ template: String, groupCount: Int, numbers: [String: Int]) throws(ExpressionError) {
        guard template.utf8.contains(UInt8(ascii: "\\")) else {
            parts = [.text(template)]
            return
        }
        var reader = Reader(scalars: Array(template.unicodeScalars), groupCount: groupCount, numbers: numbers)
        parts = try reader.parts()
    }

    /// The text, if no group is part of it.
    var plainText: String? {
        switch parts.first {
        case nil: ""
        case .text(let text)? where parts.count == 1: text
        default: nil
        }
    }

    /// How many bytes the replacement of one match will have.
    func size(for match: PatternMatch) -> Int {
        parts.reduce(0) { sum, part in
            switch part {
            case .text(let text): sum + text.utf8.count
            case .group(let number): sum + (match.range(of: number)?.count ?? 0)
            }
        }
    }

    /// Appends the replacement of one match; a group that took no part is empty.
    func append(to out: inout String, _ match: PatternMatch) {
        for part in parts {
            switch part {
            case .text(let text): out += text
            case .group(let number): out += match[number] ?? ""
            }
        }
    }

    private struct Reader {
        let scalars: [Unicode.Scalar]
        let groupCount: Int
        let numbers: [String: Int]
        var at = 0
        var found: [Part] = []
        var literal = ""

        private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
            "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{B}", "\\": "\\",
        ]

        init(scalars: [Unicode.Scalar], groupCount: Int, numbers: [String: Int]) {
            self.scalars = scalars
            self.groupCount = groupCount
            self.numbers = numbers
        }

        mutating func parts() throws(ExpressionError) -> [Part] {
            while let scalar = next() {
                if scalar == "\\" { try escape() } else { literal.unicodeScalars.append(scalar) }
            }
            flush()
            return found
        }

        private var peeked: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

        private mutating func next() -> Unicode.Scalar? {
            guard at < scalars.count else { return nil }
            at += 1
            return scalars[at - 1]
        }

        private mutating func flush() {
            if !literal.isEmpty { found.append(.text(literal)) }
            literal = ""
        }

        private mutating func escape() throws(ExpressionError) {
            guard let scalar = next() else { throw problem("bad escape (end of pattern)", at: at - 1) }
            switch scalar {
            case "g": try namedGroup()
            case "0": octal([scalar], atMost: 2)
            case "1"..."9": try digits(scalar)
            default:
                if let meant = Self.escapes[scalar] {
                    literal.unicodeScalars.append(meant)
                } else if scalar.isASCII, scalar.properties.isAlphabetic {
                    throw problem("bad escape \\\(scalar)", at: at - 2)
                } else {
                    literal.unicodeScalars.append("\\")
                    literal.unicodeScalars.append(scalar)
                }
            }
        }

        private mutating func digits(_ first: Unicode.Scalar) throws(ExpressionError) {
            var digits = [first]
            if let second = peeked, ("0"..."9").contains(second) {
                at += 1
                digits.append(second)
                if let third = peeked, digits.allSatisfy(isOctal), isOctal(third) {
                    at += 1
                    digits.append(third)
                    guard first <= "3" else {
                        let text = digits.map { String($0) }.joined()
                        throw problem("octal escape value \\\(text) outside of range 0-0o377", at: at - 4)
                    }
                    return appendOctal(digits)
                }
            }
            let number = digits.reduce(0) { $0 * 10 + Int($1.value) - 0x30 }
            try group(number, at: at - digits.count)
        }

        private mutating func octal(_ first: [Unicode.Scalar], atMost count: Int) {
            var digits = first
            while digits.count <= count, let digit = peeked, isOctal(digit) {
                at += 1
                digits.append(digit)
            }
            appendOctal(digits)
        }

        private mutating func appendOctal(_ digits: [Unicode.Scalar]) {
            let code = digits.reduce(UInt32(0)) { $0 * 8 + $1.value - 0x30 } & 0xFF
            literal.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: code)))
        }

        private func isOctal(_ scalar: Unicode.Scalar) -> Bool { ("0"..."7").contains(scalar) }

        private mutating func namedGroup() throws(ExpressionError) {
            guard peeked == "<" else { throw problem("missing <", at: at) }
            at += 1
            let start = at
            while let scalar = peeked, scalar != ">" { at += 1 }
            guard peeked != nil else {
                throw problem(at == start ? "missing group name" : "missing >, unterminated name", at: start)
            }
            let name = scalars[start..<at].reduce(into: "") { $0.unicodeScalars.append($1) }
            at += 1
            guard !name.isEmpty else { throw problem("missing group name", at: start) }
            if let number = numbers[name] { return try group(number, at: start) }
            guard let first = name.unicodeScalars.first, !first.properties.isXIDStart, first != "_" else {
                throw ExpressionError(.failed, "unknown group name '\(name)'")
            }
            let digits = name.utf8.filter { (0x30...0x39).contains($0) }
            guard digits.count == name.utf8.count, let number = Int(name) else {
                throw problem("bad character in group name '\(name)'", at: start)
            }
            try group(number, at: start)
        }

        private mutating func group(_ number: Int, at position: Int) throws(ExpressionError) {
            guard number <= groupCount else { throw problem("invalid group reference \(number)", at: position) }
            flush()
            found.append(.group(number))
        }

        private func problem(_ what: String, at position: Int) -> ExpressionError {
            ExpressionError(.failed, "\(what) at position \(position)")
        }
    }
}
