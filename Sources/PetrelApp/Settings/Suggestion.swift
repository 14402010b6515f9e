/// Finds what a mistyped word may have meant.
enum Suggestion {
    /// The nearest of the words, if it is near enough to be meant.
    static func nearest(to word: String, in words: [String]) -> String? {
        let bound = max(1, min(3, word.count / 3))
        let distances = words.map { (word: $0, distance: distance(Array($0), Array(word))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= bound else { return nil }
        return best.word
    }

    /// Edit distance in which two swapped neighbours count once; both words are short.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard left.count < 100, right.count < 100 else { return Int.max }
        var table = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
        for i in 0...left.count { table[i][0] = i }
        for j in 0...right.count { table[0][j] = j }
        for i in left.indices {
            for j in right.indices {
                let change = table[i][j] + (left[i] == right[j] ? 0 : 1)
                var least = min(change, table[i][j + 1] + 1, table[i + 1][j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    least = min(least, table[i - 1][j - 1] + 1)
                }
                table[i + 1][j + 1] = least
            }
        }
        return table[left.count][right.count]
    }
}
