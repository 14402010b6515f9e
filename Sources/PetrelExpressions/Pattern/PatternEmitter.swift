/// Writes parsed nodes in PCRE2's syntax.
///
/// Everything is spelled so that only one reading exists: groups by number, code points in hexadecimal, classes in full
/// where PCRE2's differ from Python's.
struct PatternEmitter {
    /// The numbers of points: before a back reference, behind characters that are looked up in tables, and all others.
    static let pointOfReference: UInt32 = 2
    static let pointOfTables: UInt32 = 3
    private static let pointOfOthers: UInt32 = 1

    /// More simple items than this are not read without a point between them.
    private static let uncountedItems = 64
    /// So many characters in a row make few turns of a group, which the small stack of the machine code has room for.
    private static let blockItems = 32_768

    private(set) var text = ""
    /// Whether points are set at which PCRE2 calls back, so that no more than bounded work lies between two of them.
    private let counts: Bool

    private init(counts: Bool) { self.counts = counts }

    static func text(_ nodes: [PatternNode], counts: Bool = false) -> String {
        var emitter = PatternEmitter(counts: counts)
        emitter.write(nodes)
        return emitter.text
    }

    private mutating func point(_ number: UInt32 = pointOfOthers) {
        if counts { text += "(?C\(number))" }
    }

    private mutating func write(_ nodes: [PatternNode]) {
        for (index, node) in nodes.enumerated() {
            if index > 0, index % Self.uncountedItems == 0 { point() }
            write(node)
        }
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
        case .reference(let number):
            point(Self.pointOfReference)
            text += "\\g{\(number)}"
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
            if index > 0 {
                text += "|"
                point()
            }
            write(branch)
        }
    }

    private func letters(_ flags: PatternGroupFlags) -> String {
        let added = ["i", "m", "s"].filter { flags.added.contains($0) }.map(String.init).joined()
        let removed = ["i", "m", "s"].filter { flags.removed.contains($0) }.map(String.init).joined()
        return added + (removed.isEmpty ? "" : "-" + removed)
    }

    private mutating func write(_ body: [PatternNode], _ least: Int, _ most: Int?, _ greed: PatternGreed) {
        if counts { return writeCounted(body, least, most, greed) }
        if body.count == 1, isSingle(body[0]) { write(body[0]) } else { enclose("(?:", body) }
        text += times(least, most, greed)
    }

    /// A repeated item has a point behind it, which is come by for each number of times that is tried.
    ///
    /// A long row that must be there has points inside, and a repeated group has one at the end of each turn.
    private mutating func writeCounted(
        _ body: [PatternNode], _ least: Int, _ most: Int?, _ greed: PatternGreed
    ) {
        let isItem = body.count == 1 && isItem(body[0])
        guard isItem else {
            text += "(?:"
            enclose("(?:", body)
            point()
            text += ")" + times(least, most, greed)
            // A turn that is not taken is a way to go, too.
            if least == 0 { point() }
            return
        }
        let rows = least > Self.uncountedItems ? least / Self.uncountedItems : 0
        if rows > 0 {
            text += "(?:"
            write(body[0])
            text += "{\(Self.uncountedItems)}(?C1)){\(rows)}"
        }
        let done = rows * Self.uncountedItems
        if most == done { return }
        if most == nil, greed != .lazy, isLookedUp(body[0]) {
            writeBlocks(of: body[0], least: least - done, greed)
        } else {
            write(body[0])
            text += times(least - done, most.map { $0 - done }, greed)
        }
        if most != least { point(isLookedUp(body[0]) ? Self.pointOfTables : Self.pointOfOthers) }
    }

    /// Any number of characters that are looked up, in blocks with a point behind each: a text of megabytes would else be
    /// read to its end without one.
    private mutating func writeBlocks(of item: PatternNode, least: Int, _ greed: PatternGreed) {
        if least > 0 {
            write(item)
            text += "{\(least)}"
        }
        text += "(?:"
        write(item)
        text += "{\(Self.blockItems)}"
        point(Self.pointOfTables)
        text += ")" + times(0, nil, greed)
        write(item)
        text += times(0, Self.blockItems - 1, greed)
    }

    private func times(_ least: Int, _ most: Int?, _ greed: PatternGreed) -> String {
        let count =
            switch (least, most) {
            case (0, nil): "*"
            case (1, nil): "+"
            case (0, 1): "?"
            case (_, nil): "{\(least),}"
            case (_, let most?): "{\(least),\(most)}"
            }
        return switch greed {
        case .greedy: count
        case .lazy: count + "?"
        case .possessive: count + "+"
        }
    }

    /// Whether a node is one character.
    private func isItem(_ node: PatternNode) -> Bool {
        switch node {
        case .literal(let code): !(0xD800..<0xE000).contains(code)
        case .any, .set: true
        default: false
        }
    }

    /// Whether characters are told apart by Unicode's tables, which takes several times as long as comparing bytes.
    private func isLookedUp(_ node: PatternNode) -> Bool {
        guard case .set(let items, _) = node else { return false }
        return items.contains { if case .category = $0 { true } else { false } }
    }

    private func isSingle(_ node: PatternNode) -> Bool {
        switch node {
        case .reference, .atomic, .look: true
        case .group(let number, _, _, _): number != nil
        default: isItem(node)
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
