import PetrelCore

/// Text as IRC has it: lines of a few hundred bytes, without markup.
enum IRCText {
    /// How many lines are sent before the server is asked whether it has dealt with them.
    static let batch = 4

    /// What programs of others take for a command to them; services obey those of a bot that is an operator.
    private static let commandMarks: Set<Character> = ["!", ".", "@", "`", "~", "$", "%", "&"]

    /// A text as the lines that it takes, none of them empty.
    ///
    /// Fences of code are left out; nobody is called by name unless that is allowed, and no line is a command to
    /// another program.
    /// - Parameter maxBytes: most bytes of a line.
    static func lines(_ text: String, maxBytes: Int, names: [String], allowsMentions: Bool) -> [String] {
        var lines: [String] = []
        for part in PlainText.cleaned(text).split(separator: "\n") {
            var line = part.replacing("\t", with: "    ")
            while line.last == " " { line.removeLast() }
            guard !isFence(line), !PlainText.isBlank(String(line)) else { continue }
            let quiet = allowsMentions ? String(line) : NickCalls.quieted(String(line), names: names)
            lines += cut(withoutCommand(quiet), maxBytes: maxBytes)
        }
        return lines.isEmpty ? [PlainText.empty] : lines
    }

    /// A post as steps of a few lines each.
    static func plan(_ lines: [String]) -> PostPlan {
        PostPlan(
            messages: stride(from: 0, to: lines.count, by: batch).map { start in
                lines[start..<min(start + batch, lines.count)].joined(separator: "\n")
            })
    }

    /// Without the marks of colour and weight that people's programs send.
    static func typed(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar.value {
            case 0x03: dropColour(&scalars, isDigit: { (0x30...0x39).contains($0) }, length: 2)
            case 0x04: dropColour(&scalars, isDigit: { Character(Unicode.Scalar($0) ?? " ").isHexDigit }, length: 6)
            case 0x00...0x08, 0x0A...0x1F, 0x7F: continue
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    private static func dropColour(
        _ scalars: inout ArraySlice<Unicode.Scalar>, isDigit: (UInt32) -> Bool, length: Int
    ) {
        func digits(_ from: Int) -> Int {
            scalars.dropFirst(from).prefix(length).prefix { isDigit($0.value) }.count
        }
        let first = digits(0)
        guard first > 0 else { return }
        let comma = scalars.dropFirst(first).first == "," ? digits(first + 1) : 0
        scalars = scalars.dropFirst(first + (comma > 0 ? comma + 1 : 0))
    }

    private static func isFence(_ line: some StringProtocol) -> Bool {
        let bare = String(line).trimmingBlanksAtEnds()
        return bare.hasPrefix("```") && bare.dropFirst(3).allSatisfy { $0.isLetter || $0.isNumber || $0 == "`" }
    }

    private static func withoutCommand(_ line: String) -> String {
        guard let first = line.first, commandMarks.contains(first), line.dropFirst().first?.isLetter == true else {
            return line
        }
        return "\u{200B}" + line
    }

    private static func cut(_ line: String, maxBytes: Int) -> [String] {
        var pieces: [String] = []
        var rest = Substring(line)
        while rest.utf8.count > maxBytes {
            var end = rest.utf8.index(rest.startIndex, offsetBy: maxBytes)
            while end > rest.startIndex, String.Index(end, within: rest) == nil { end = rest.utf8.index(before: end) }
            if end == rest.startIndex { end = rest.index(after: rest.startIndex) }
            if let blank = rest[..<end].suffix(60).lastIndex(of: " "), blank > rest.startIndex { end = blank }
            pieces.append(String(rest[..<end]))
            rest = rest[end...].drop { $0 == " " }
        }
        if !rest.isEmpty { pieces.append(String(rest)) }
        return pieces
    }
}
