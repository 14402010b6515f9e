import PetrelCore

/// Text on its way to Slack.
enum SlackMarkup {
    /// Escapes what Slack would read as markup of its own, so that nothing in the text mentions or links.
    ///
    /// With `allowsMentions`, `<@U1>`, `<!here>`, `<!subteam^S1>` and `<#C1>` stay what they are.
    static func escaped(_ text: String, allowsMentions: Bool = false) -> String {
        let text = PlainText.cleaned(text)
        guard text.utf8.contains(where: { $0 == 0x26 || $0 == 0x3C || $0 == 0x3E }) else { return text }
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        out.reserveCapacity(bytes.count + 64)
        var at = 0
        while at < bytes.count {
            if allowsMentions, bytes[at] == 0x3C, let end = mentionEnd(bytes, at) {
                out += bytes[at...end]
                at = end + 1
                continue
            }
            switch bytes[at] {
            case 0x26: out += Array("&amp;".utf8)
            case 0x3C: out += Array("&lt;".utf8)
            case 0x3E: out += Array("&gt;".utf8)
            default: out.append(bytes[at])
            }
            at += 1
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The same value with every mention in its texts taken apart; links, which an alias writes on purpose, stay.
    static func withoutMentions(_ value: Value) -> Value {
        switch value {
        case .string(let text):
            .string(
                ["<!": "&lt;!", "<@": "&lt;@", "<#": "&lt;#"].reduce(text) { text, pair in
                    text.split(separator: pair.key, omittingEmptySubsequences: false).joined(separator: pair.value)
                })
        case .array(let items): .array(items.map(withoutMentions))
        case .object(let members): .object(members.mapValues(withoutMentions))
        default: value
        }
    }

    /// Where a mention that begins here ends: `<`, a mark, an id of letters, digits and few signs, `>`.
    private static func mentionEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        guard start + 1 < bytes.count, [0x40, 0x21, 0x23].contains(bytes[start + 1]) else { return nil }
        for at in (start + 2)..<min(bytes.count, start + 80) {
            switch bytes[at] {
            case 0x3E: return at > start + 2 ? at : nil
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5E: continue
            default: return nil
            }
        }
        return nil
    }
}
