public import PetrelCore

extension AliasMatcher {
    private static let maxCommandWords = 12
    private static let maxFormatWords = 8

    /// The help lines of the formats that a command comes near to, the nearest first; none when nothing is near.
    ///
    /// Near is at most one typing mistake for three letters of the format's fixed words.
    public func nearest(to text: String, limit: Int, where isVisible: (ActionAlias) -> Bool) -> [String] {
        let words = CommandText(String(text.prefix(1_024))).padded.lowercased().split(whereSeparator: \.isWhitespace)
        let command = words.prefix(Self.maxCommandWords).map(String.init)
        guard !command.isEmpty, limit > 0 else { return [] }
        var distance = WordDistance()
        var best: OrderedDictionary<String, Double> = [:]
        for entry in entries where isVisible(entry.alias) {
            guard let display = entry.format.display, let outline = entry.compiled?.outline else { continue }
            let wanted = Array(outline.words.prefix(Self.maxFormatWords))
            let letters = wanted.reduce(0) { $0 + $1.unicodeScalars.count }
            guard letters > 0 else { continue }
            let mistakes = distance.between(words: wanted, command: command)
            guard mistakes <= max(1, letters / 3), mistakes < letters else { continue }
            let share = Double(mistakes) / Double(letters)
            best[display] = min(best[display] ?? share, share)
        }
        let ranked = best.elements.enumerated().sorted { ($0.element.value, $0.offset) < ($1.element.value, $1.offset) }
        return ranked.prefix(limit).map(\.element.key)
    }
}
