import PetrelCore

/// The fixed beginnings of commands, which Tab completes to.
enum CommandHeads {
    /// The help lines of aliases as the API lists them.
    static func displays(ofAliases aliases: [Value]) -> [String] {
        aliases.filter { $0["enabled"]?.bool != false }.flatMap { alias in
            (alias["formats"]?.array ?? []).compactMap { $0.string ?? $0["display"]?.string }
        }
    }

    /// The beginnings of help lines, sorted, each once.
    static func heads(ofDisplays displays: [String]) -> [String] {
        Set(displays.map(head)).filter { !$0.isEmpty }.sorted()
    }

    /// What stands before the first parameter or choice.
    private static func head(of display: String) -> String {
        let fixed = display.prefix { !"{[(<|*?".contains($0) }
        let words = fixed.split(separator: " ", omittingEmptySubsequences: true)
        // A word that a parameter or choice continues is not fixed to its end.
        let isCut = fixed.count < display.count && fixed.last != " "
        return (isCut ? words.dropLast()[...] : words[...]).joined(separator: " ")
    }
}
