/// Text from programs and people, made fit for a chat.
enum PlainText {
    /// What is said where there is nothing to say; platforms refuse an empty message.
    static let empty = "(no text)"

    /// Without control characters, terminal colours and marks that turn the direction of text.
    static func cleaned(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnwanted) else { return text }
        var out = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar == "\u{1B}" {
                skipEscape(&scalars, into: &out)
            } else if scalar == "\r" {
                continue
            } else if !isUnwanted(scalar) {
                out.append(scalar)
            }
        }
        return String(out)
    }

    /// Whether nothing of it can be seen.
    static func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.isWhitespace || (0x200B...0x200F).contains($0.value) }
    }

    private static func isUnwanted(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// Leaves out what follows an escape: `[`, parameters and a letter, or one character.
    private static func skipEscape(
        _ scalars: inout String.UnicodeScalarView.Iterator, into out: inout String.UnicodeScalarView
    ) {
        guard let first = scalars.next(), first == "[" else { return }
        for _ in 0..<64 {
            guard let scalar = scalars.next() else { return }
            if (0x40...0x7E).contains(scalar.value) { return }
            guard (0x20...0x3F).contains(scalar.value) else {
                if !isUnwanted(scalar) { out.append(scalar) }
                return
            }
        }
    }
}

extension String {
    /// Without blanks and line ends at both ends.
    func trimmingBlanksAtEnds() -> String {
        var part = self[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }
}
