/// How far words and commands are apart, in typing mistakes; bounded in every direction.
struct WordDistance {
    private struct Pair: Hashable {
        var left: String
        var right: String
    }

    /// Longer words are compared by their beginnings.
    private static let maxLength = 24
    private var known: [Pair: Int] = [:]

    /// Mistakes between two words: a letter more, less, other, or two that changed places.
    mutating func between(_ left: String, _ right: String) -> Int {
        if left == right { return 0 }
        let (few, many) = (min(left.utf8.count, right.utf8.count), max(left.utf8.count, right.utf8.count))
        // Words of such different lengths are not one word mistyped.
        guard many - few <= max(1, few / 2) else { return many }
        let pair = Pair(left: left, right: right)
        if let distance = known[pair] { return distance }
        let distance = Self.mistakes(
            Array(left.unicodeScalars.prefix(Self.maxLength)), Array(right.unicodeScalars.prefix(Self.maxLength)))
        known[pair] = distance
        return distance
    }

    private static func mistakes(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var rows = [Array(0...right.count), [Int](repeating: 0, count: right.count + 1)]
        for i in 1...left.count {
            var row = [Int](repeating: i, count: right.count + 1)
            let above = rows[rows.count - (i == 1 ? 2 : 1)]
            for j in 1...right.count {
                let isSame = left[i - 1] == right[j - 1]
                row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (isSame ? 0 : 1))
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    row[j] = min(row[j], rows[rows.count - 2][j - 2] + 1)
                }
            }
            rows = [above, row]
        }
        return rows[1][right.count]
    }

    /// Mistakes between a format's fixed words, in order, and a command, whose other words may be values.
    mutating func between(words: [String], command: [String]) -> Int {
        var row = command.indices.map { _ in 0 } + [0]
        for word in words {
            var next = [row[0] + word.unicodeScalars.count]
            for (index, given) in command.enumerated() {
                let missing = row[index + 1] + word.unicodeScalars.count
                next.append(min(missing, next[index], row[index] + between(word, given)))
            }
            row = next
        }
        return row[command.count]
    }
}
