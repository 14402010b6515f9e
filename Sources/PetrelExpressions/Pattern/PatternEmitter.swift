/// Writes parsed nodes in PCRE2's syntax.
///
/// Everything is spelled so that only one reading exists: groups by number, code points in hexadecimal, classes in full
/// where PCRE2's differ from Python's.
struct PatternEmitter {
    private(set) var text = ""

    static func text(_ nodes: [PatternNode]) -> String {
        var emitter = PatternEmitter()
        emitter.write(nodes)
        return emitter.text
    }

    private mutating func write(_ nodes: [PatternNode]) {
        for node in nodes { write(node) }
    }

    private mutating func write(_ node: PatternNode) {
        switch node {
        case .literal(let code): write(literal: code)
        case .any: text += "."
        case .set(let items, let isNegated): write(items, isNegated)
        case .anchor(let anchor): write(anchor)
        case .group(let number, _, let flags, let body):
            enclose(number != nil ? "(" : "(?\(letters(flags)):", body)
        case .atomic(let body): enclose("(?>", body)
        case .branch(let branches): write(branches)
        case .repeated(let body, let least, let most, let greed): write(body, least, most, greed)
        case .reference(let number): text += "\\g{\(number)}"
        case .conditional(let group, let then, let otherwise):
            text += "(?(\(group))"
            write(then)
            if let otherwise {
                text += "|"
                write(otherwise)
            }
            text += ")"
        case .look(let look, let body):
            enclose("(?" + (look.isAhead ? "" : "<") + (look.isNegated ? "!" : "="), body)
        }
    }

    private mutating func enclose(_ opening: String, _ body: [PatternNode]) {
        text += opening
        // A branch that fills a group needs no second pair of parentheses.
        if body.count == 1, case .branch(let branches) = body[0] { join(branches) } else { write(body) }
        text += ")"
    }

    private mutating func write(_ branches: [[PatternNode]]) {
        text += "(?:"
        join(branches)
        text += ")"
    }

    private mutating func join(_ branches: [[PatternNode]]) {
        for (index, branch) in branches.enumerated() {
            if index > 0 { text += "|" }
            write(branch)
        }
    }

    private func letters(_ flags: PatternGroupFlags) -> String {
        let added = ["i", "m", "s"].filter { flags.added.contains($0) }.map(String.init).joined()
        let removed = ["i", "m", "s"].filter { flags.removed.contains($0) }.map(String.init).joined()
        return added + (removed.isEmpty ? "" : "-" + removed)
    }

    private mutating func write(_ body: [PatternNode], _ least: Int, _ most: Int?, _ greed: PatternGreed) {
        if body.count == 1, isSingle(body[0]) { write(body[0]) } else { enclose("(?:", body) }
        switch (least, most) {
        case (0, nil): text += "*"
        case (1, nil): text += "+"
        case (0, 1): text += "?"
        case (_, nil): text += "{\(least),}"
        case (_, let most?): text += "{\(least),\(most)}"
        }
        switch greed {
        case .greedy: break
        case .lazy: text += "?"
        case .possessive: text += "+"
        }
    }

    private func isSingle(_ node: PatternNode) -> Bool {
        switch node {
        case .literal(let code): !(0xD800..<0xE000).contains(code)
        case .any, .set, .reference, .atomic, .look: true
        case .group(let number, _, _, _): number != nil
        default: false
        }
    }

    private mutating func write(_ anchor: PatternAnchor) {
        switch anchor {
        case .lineStart: text += "^"
        case .textStart: text += "\\A"
        case .lineEnd: text += "$"
        case .textEnd: text += "\\z"
        case .boundary(let isNegated, let isASCII):
            if isASCII {
                let word = "[0-9A-Za-z_]"
                text +=
                    isNegated
                    ? "(?:(?<=\(word))(?=\(word))|(?<!\(word))(?!\(word)))"
                    : "(?:(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word)))"
            } else {
                text += isNegated ? "\\B" : "\\b"
            }
        }
    }

    private mutating func write(literal code: UInt32) {
        // Half a surrogate pair never occurs in text.
        guard let scalar = Unicode.Scalar(code) else {
            text += "(?!)"
            return
        }
        text += PatternSetEmitter.literal(scalar)
    }

    private mutating func write(_ items: [PatternSetItem], _ isNegated: Bool) {
        text += PatternSetEmitter.text(items, isNegated: isNegated)
    }
}
