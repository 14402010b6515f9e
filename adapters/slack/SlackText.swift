import PetrelCore

/// A message's text as Slack sends it, taken apart: `&amp;`, `<@U1>`, `<#C1|name>`, `<!here>`, `<url|label>`.
struct SlackText: Sendable, Hashable {
    /// A piece of the text.
    enum Piece: Sendable, Hashable {
        case text(String)
        case user(id: String, label: String?)
        case channel(id: String, label: String?)
    }
    private(set) var pieces: [Piece] = []

    init(_ text: String) {
        var rest = text[...]
        while let open = rest.firstIndex(of: "<") {
            append(Self.unescaped(rest[..<open]))
            let inner = rest[rest.index(after: open)...]
            guard let close = inner.firstIndex(where: { $0 == ">" || $0 == "<" || $0 == "\n" }), inner[close] == ">"
            else {
                // Slack escapes a typed `<`, so this one is not Slack's; it is kept as it is.
                append("<")
                rest = inner
                continue
            }
            append(reference: inner[..<close])
            rest = inner[inner.index(after: close)...]
        }
        append(Self.unescaped(rest))
    }

    /// A text that holds no markup.
    init(literal text: String) { append(text) }

    /// Takes the bot's mention away from the beginning (with a colon or comma after it) or, failing that, from the end.
    /// - Returns: whether the bot is mentioned anywhere.
    mutating func removeMention(of bot: String) -> Bool {
        let isMention: (Piece) -> Bool = { if case .user(bot, _) = $0 { true } else { false } }
        guard pieces.contains(where: isMention) else { return false }
        let visible = pieces.indices.filter { index in
            if case .text(let text) = pieces[index] { !text.allSatisfy(\.isWhitespace) } else { true }
        }
        if let first = visible.first, isMention(pieces[first]) {
            pieces.removeSubrange(...first)
            dropAddressMark()
        } else if let last = visible.last, isMention(pieces[last]) {
            pieces.removeSubrange(last...)
        }
        return true
    }

    /// The users whose names are needed.
    var users: Set<String> {
        Set(pieces.compactMap { if case .user(let id, nil) = $0 { id } else { nil } })
    }

    /// The channels whose names are needed.
    var channels: Set<String> {
        Set(pieces.compactMap { if case .channel(let id, nil) = $0 { id } else { nil } })
    }

    /// The text as its writer typed it; ids stand where there is no name.
    func typed(names: [String: String]) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .user(let id, let label): "@" + (label ?? names[id] ?? id)
            case .channel(let id, let label): "#" + (label ?? names[id] ?? id)
            }
        }.joined().trimmingBlanksAtEnds()
    }

    private mutating func dropAddressMark() {
        guard case .text(let text)? = pieces.first else { return }
        var rest = text.drop(while: \.isWhitespace)
        if rest.first == ":" || rest.first == "," { rest = rest.dropFirst() }
        pieces[0] = .text(String(rest.drop(while: \.isWhitespace)))
    }

    private mutating func append(_ text: String) {
        guard !text.isEmpty else { return }
        if case .text(let before)? = pieces.last {
            pieces[pieces.count - 1] = .text(before + text)
        } else {
            pieces.append(.text(text))
        }
    }

    private mutating func append(reference: Substring) {
        let parts = reference.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        let target = parts.first ?? ""
        let label = parts.count > 1 && !parts[1].isEmpty ? Self.unescaped(parts[1]) : nil
        switch target.first {
        case "@": pieces.append(.user(id: String(target.dropFirst()), label: label.map { Self.bare($0, "@") }))
        case "#": pieces.append(.channel(id: String(target.dropFirst()), label: label.map { Self.bare($0, "#") }))
        case "!": append(Self.special(target.dropFirst(), label: label))
        default: append(Self.link(Self.unescaped(target), label: label))
        }
    }

    private static func bare(_ label: String, _ mark: Character) -> String {
        label.first == mark ? String(label.dropFirst()) : label
    }

    private static func special(_ name: Substring, label: String?) -> String {
        let word = name.prefix { $0 != "^" }
        switch word {
        case "here", "channel", "everyone": return "@" + word
        case "subteam": return label.map { "@" + bare($0, "@") } ?? "@" + name.dropFirst(word.count + 1)
        default: return label ?? String(word)
        }
    }

    /// What was typed: Slack makes a link of `example.org` and keeps the typed words as its label.
    private static func link(_ url: String, label: String?) -> String {
        let schemes = ["http://", "https://", "mailto:", "tel:"]
        let scheme = schemes.first { url.hasPrefix($0) } ?? ""
        let bare = url.dropFirst(scheme.count)
        guard let label else { return scheme == "mailto:" || scheme == "tel:" ? String(bare) : url }
        if label == bare || label + "/" == bare || label == bare + "/" { return label }
        return scheme == "mailto:" || scheme == "tel:" ? label : url
    }

    /// With the three entities resolved, each once.
    private static func unescaped(_ text: Substring) -> String {
        guard text.utf8.contains(0x26) else { return String(text) }
        var out = ""
        var rest = text
        while let at = rest.firstIndex(of: "&") {
            out += rest[..<at]
            rest = rest[at...]
            let entity = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")].first { rest.hasPrefix($0.0) }
            out += entity?.1 ?? "&"
            rest = rest.dropFirst(entity?.0.count ?? 1)
        }
        return out + rest
    }
}
