/// Names in plain text, by which the programs of people are called where a platform has no mentions of its own: a line that
/// holds one's name as a word makes a noise there.
enum NickCalls {
    /// Takes the names apart, so that nobody is called: a zero-width space stands after the first letter of each.
    static func quieted(_ text: String, names: some Sequence<String>) -> String {
        let names = Set(names.map { $0.lowercased() }.filter { !$0.isEmpty })
        guard !names.isEmpty else { return text }
        var out = ""
        out.reserveCapacity(text.utf8.count)
        var rest = text[...]
        while let first = rest.first {
            guard isNamePart(first) else {
                out.append(first)
                rest.removeFirst()
                continue
            }
            let word = rest.prefix(while: isNamePart)
            out += isCall(word, names) ? takenApart(word, names) : String(word)
            rest = rest[word.endIndex...]
        }
        return out
    }

    /// Takes the bot's name away from the beginning where a colon or comma follows it.
    /// - Returns: the rest; nil when it does not begin so.
    static func afterName(_ name: String, in text: String) -> String? {
        let text = text.trimmingBlanksAtEnds()
        guard text.lowercased().hasPrefix(name.lowercased()), !name.isEmpty else { return nil }
        let rest = text.dropFirst(name.count)
        guard let mark = rest.first, mark == ":" || mark == "," else { return nil }
        return String(rest.dropFirst()).trimmingBlanksAtEnds()
    }

    /// Whether one of the names stands in a text as a word.
    static func isCalling(_ text: String, names: Set<String>) -> Bool {
        let names = Set(names.map { $0.lowercased() })
        return text.split(whereSeparator: { !isNamePart($0) }).contains { isCall($0, names) }
    }

    /// Programs differ in what ends a word: each part between marks counts, too.
    private static func isCall(_ word: Substring, _ names: Set<String>) -> Bool {
        let lowered = word.lowercased()
        return names.contains(lowered)
            || lowered.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).contains { names.contains(String($0)) }
            || names.contains { !$0.allSatisfy { $0.isLetter || $0.isNumber } && lowered.contains($0) }
    }

    private static func takenApart(_ word: Substring, _ names: Set<String>) -> String {
        var out = ""
        var isInside = false
        for character in word {
            out.append(character)
            let isLetter = character.isLetter || character.isNumber
            if !isInside || !isLetter { out.append("\u{200B}") }
            isInside = isLetter
        }
        return out
    }

    private static func isNamePart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "-_[]\\`^{}|.".contains(character)
    }
}
