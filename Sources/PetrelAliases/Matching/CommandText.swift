import PetrelExpressions

/// A command with the `key=value` pairs at its end cut off, as every format sees it.
///
/// Made once for a message; time and memory are linear in its length.
public struct CommandText: Sendable {
    /// The command as it was given.
    public let text: String
    /// The pairs, in order; a later one with the same key wins.
    public let pairs: [(key: String, value: String)]
    /// What is left, between two blanks.
    let padded: String
    /// Whether nothing but white space is left.
    let isBlank: Bool

    /// Cuts the pairs off a command.
    public init(_ text: String) {
        var scanner = PairScanner(text)
        let tail = scanner.scan()
        self.text = text
        pairs = tail.pairs
        padded = " " + tail.rest + " "
        isBlank = tail.rest.unicodeScalars.allSatisfy { PatternNode.isBlank($0.value) }
    }

    /// The first word that is left, lower-cased; nil when none is.
    var firstWord: String? {
        let scalars = padded.unicodeScalars.drop { PatternNode.isBlank($0.value) }
        let word = scalars.prefix { !PatternNode.isBlank($0.value) }
        return word.isEmpty ? nil : String(word).lowercased()
    }
}
