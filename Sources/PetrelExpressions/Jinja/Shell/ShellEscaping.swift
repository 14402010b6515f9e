import PetrelCore

/// Writes a value so that a POSIX shell reads it as that value and as nothing else.
enum ShellEscaping {
    /// The value as it must stand in a place.
    /// - Throws: ``ExpressionError`` with code `forbidden` where there is no safe form.
    static func escaped(_ text: String, in place: ShellPlace) throws(ExpressionError) -> String {
        if text.isEmpty { return text }
        if text.utf8.contains(0) {
            throw ExpressionError(
                .forbidden, "The value has a NUL character, which a shell command can't hold",
                hint: "Take it out before the value is used in a command")
        }
        let result: String
        switch place.kind {
        case .word: result = needsQuotes(text, place) ? quoted(text) : text
        case .singleQuotes: result = insideSingleQuotes(text)
        case .doubleQuotes:
            // Closing and opening the quotes ends the variable's name.
            let joint = place.followsVariable && startsLikeName(text) ? "\"\"" : ""
            result = joint + backslashed(text, "$`\"\\")
        case .openDocument: result = backslashed(text, "$`\\")
        case .closedDocument: result = text
        case .comment: result = commented(text, isNested: place.isNested)
        case .restricted(let place): result = try restricted(text, place)
        }
        return place.isInBackquotes ? backslashed(result, "$`\\") : result
    }

    /// Whether the characters mean nothing to a shell, wherever they stand.
    static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy(isPlain) }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "="),
            UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func startsLikeName(_ text: String) -> Bool {
        text.utf8.first.map { $0 == 0x5F || isPlain($0) && !"@%+=:,./-".utf8.contains($0) } ?? false
    }

    /// Plain text too, where the shell would take it for more than a word.
    private static func needsQuotes(_ text: String, _ place: ShellPlace) -> Bool {
        if !isPlain(text) { return true }
        if place.followsVariable, startsLikeName(text) { return true }
        if place.isInBraces, text.utf8.contains(UInt8(ascii: ",")) || text.contains("..") { return true }
        guard place.isCommandPosition else { return false }
        return text.utf8.contains(UInt8(ascii: "=")) || mayBecomeKeyword(place.word + Array(text.utf8))
    }

    private static let keywords: [[UInt8]] = [
        "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in", "function",
        "select", "time", "coproc",
    ].map { Array($0.utf8) }

    /// What follows may make a keyword of it.
    private static func mayBecomeKeyword(_ word: [UInt8]) -> Bool { keywords.contains { $0.starts(with: word) } }

    private static func quoted(_ text: String) -> String { "'" + insideSingleQuotes(text) + "'" }

    private static func insideSingleQuotes(_ text: String) -> String {
        ExpressionSpans.replacing("'", by: "'\\''", in: text)
    }

    /// Without line breaks the comment goes on; inside a substitution it keeps only what can't end that either.
    private static func commented(_ text: String, isNested: Bool) -> String {
        String(
            decoding: text.utf8.map { byte -> UInt8 in
                if byte == 0x0A || byte == 0x0D { return 0x20 }
                return isNested && byte != 0x20 && !isPlain(byte) ? UInt8(ascii: "_") : byte
            }, as: UTF8.self)
    }

    private static func backslashed(_ text: String, _ marked: String) -> String {
        let marked = Array(marked.utf8)
        guard text.utf8.contains(where: { marked.contains($0) }) else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if marked.contains(byte) { out.append(UInt8(ascii: "\\")) }
            out.append(byte)
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func restricted(_ text: String, _ place: String) throws(ExpressionError) -> String {
        guard isPlain(text) else {
            let shown = PythonText.length(text) > 40 ? PythonText.slice(text, 0..<40) + "…" : text
            throw ExpressionError(
                .forbidden, "The value \(PythonText.quoted(shown)) can't be put safely \(place)",
                hint: "Assign it in a line of its own, x={{ … }}, and use \"$x\" in this place")
        }
        return text
    }
}
