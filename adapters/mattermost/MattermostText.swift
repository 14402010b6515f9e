import PetrelCore

/// Text as Mattermost has it: Markdown, in which `@name` calls people.
enum MattermostText {
    /// Takes the bot's mention away from the beginning (with a colon or comma after it) or, failing that, from the end.
    /// - Returns: the rest, and whether the bot is mentioned anywhere.
    static func withoutMention(of name: String, in text: String) -> (text: String, isMentioned: Bool) {
        let ranges = mentions(of: name, in: text)
        let text = text.trimmingBlanksAtEnds()
        guard !ranges.isEmpty else { return (text, false) }
        let trimmed = mentions(of: name, in: text)
        if let first = trimmed.first, first.lowerBound == text.startIndex {
            var rest = text[first.upperBound...]
            if rest.first == ":" || rest.first == "," { rest = rest.dropFirst() }
            return (String(rest).trimmingBlanksAtEnds(), true)
        }
        if let last = trimmed.last, last.upperBound == text.endIndex {
            return (String(text[..<last.lowerBound]).trimmingBlanksAtEnds(), true)
        }
        return (text, true)
    }

    /// Makes text fit to be posted: no name in it calls anybody unless that is allowed.
    ///
    /// A zero-width space after the `@` takes a mention apart; where letters or digits stand before the `@`, as in an
    /// address, the server sees none.
    static func escaped(_ text: String, allowsMentions: Bool = false) -> String {
        let text = PlainText.cleaned(text)
        guard !allowsMentions, text.utf8.contains(0x40) else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        var before: UInt8 = 0x20
        for byte in text.utf8 {
            out.append(byte)
            if byte == 0x40, !isLetterOrDigit(before) { out += [0xE2, 0x80, 0x8B] }
            before = byte
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The same value with every mention in its texts taken apart.
    static func withoutMentions(_ value: Value) -> Value {
        switch value {
        case .string(let text): .string(escaped(text))
        case .array(let items): .array(items.map(withoutMentions))
        case .object(let members): .object(members.mapValues(withoutMentions))
        default: value
        }
    }

    private static func mentions(of name: String, in text: String) -> [Range<String.Index>] {
        let wanted = Array(("@" + name).lowercased().utf8)
        let bytes = Array(text.utf8)
        guard wanted.count > 1, bytes.count >= wanted.count else { return [] }
        var found: [Range<String.Index>] = []
        for start in 0...(bytes.count - wanted.count) where bytes[start] == 0x40 {
            let end = start + wanted.count
            guard bytes[start..<end].elementsEqual(wanted, by: { lowercased($0) == $1 }),
                start == 0 || !isLetterOrDigit(bytes[start - 1]), isEnd(bytes, end)
            else { continue }
            found.append(
                text.utf8.index(text.startIndex, offsetBy: start)..<text.utf8.index(text.startIndex, offsetBy: end))
        }
        return found
    }

    /// Names hold dots and hyphens, sentences end with them.
    private static func isEnd(_ bytes: [UInt8], _ at: Int) -> Bool {
        guard at < bytes.count else { return true }
        switch bytes[at] {
        case 0x2E, 0x2D, 0x5F: return bytes[at] != 0x5F && (at + 1 >= bytes.count || !isLetterOrDigit(bytes[at + 1]))
        default: return !isLetterOrDigit(bytes[at])
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
