import PetrelCore

/// Filters that lay out text in lines.
enum JinjaLayoutFilters {
    static let filters: [JinjaFilter] = [
        JinjaFilter("indent", ["width", "first", "blank"], indent),
        JinjaFilter(
            "wordwrap", ["width", "break_long_words", "wrapstring", "break_on_hyphens"], wordWrap),
        JinjaFilter("pprint") { run, value, _ throws(PythonFault) in
            .text(try JinjaPrettyPrinter(run: run).text(value))
        },
    ]

    private static func indent(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        let isList = value.listItems(run) != nil
        guard let text = value.string else {
            if case .undefined(let undefined) = value { throw undefined.fault }
            throw isList
                ? PythonFault(.attributeError, "'list' object has no attribute 'splitlines'")
                : .type("unsupported operand type(s) for +=: '\(value.typeName)' and 'str'")
        }
        var margin = "    "
        if let width = slots[0] {
            if let text = width.string {
                margin = text
            } else {
                let count = max(0, try slots.int(0, 4))
                try run.budget.make(bytes: count)
                margin = String(repeating: " ", count: count)
            }
        }
        let lines = PythonText.lines(text + "\n")
        try run.budget.make(lines.count, times: margin.utf8.count + 1)
        try run.budget.make(bytes: text.utf8.count)
        let marksBlank = try slots.truth(2, false, run)
        var out = try slots.truth(1, false, run) ? margin : ""
        for (at, line) in lines.enumerated() {
            if at > 0 { out += line.isEmpty && !marksBlank ? "\n" : "\n" + margin }
            out += line
        }
        if case .markup = value { return .markup(out) }
        return .text(out)
    }

    private static func wordWrap(
        _ run: JinjaRun, _ value: JinjaValue, _ slots: [JinjaValue?]
    ) throws(PythonFault) -> JinjaValue {
        if case .undefined(let undefined) = value { throw undefined.fault }
        guard let text = value.string else {
            throw PythonFault(.attributeError, "'\(value.typeName)' object has no attribute 'splitlines'")
        }
        let hasSeparator = !(slots[2].map(\.isNone) ?? true)
        let separator = hasSeparator ? try slots.text(2, "\n", run) : "\n"
        let wrapper = JinjaWordWrapper(
            width: try slots.int(0, 79), breaksLongWords: try slots.truth(1, true, run),
            breaksOnHyphens: try slots.truth(3, true, run))
        try run.budget.make(bytes: text.utf8.count)
        var paragraphs: [String] = []
        for line in PythonText.lines(text) {
            let lines = try wrapper.lines(line)
            try run.budget.make(lines.count, times: separator.utf8.count + 16)
            paragraphs.append(lines.joined(separator: separator))
        }
        return .text(paragraphs.joined(separator: separator))
    }
}

/// Breaks a line into shorter ones, as Python's `textwrap` does without touching blanks inside.
struct JinjaWordWrapper {
    let width: Int
    let breaksLongWords: Bool
    let breaksOnHyphens: Bool

    func lines(_ text: String) throws(PythonFault) -> [String] {
        guard width > 0 else { throw .value("invalid width \(width) (must be > 0)") }
        var chunks = Array(chunks(text).reversed())
        var lines: [String] = []
        while let last = chunks.last {
            if !lines.isEmpty, Self.isBlank(last) { chunks.removeLast() }
            var line: [ArraySlice<Unicode.Scalar>] = []
            var length = 0
            while let chunk = chunks.last, length + chunk.count <= width {
                line.append(chunk)
                length += chunk.count
                chunks.removeLast()
            }
            if let chunk = chunks.last, chunk.count > width { splitLong(&chunks, &line, length) }
            if let end = line.last, Self.isBlank(end) { line.removeLast() }
            if !line.isEmpty { lines.append(Self.text(line)) }
        }
        return lines
    }

    private static func text(_ chunks: [ArraySlice<Unicode.Scalar>]) -> String {
        var text = String.UnicodeScalarView()
        for chunk in chunks { text.append(contentsOf: chunk) }
        return String(text)
    }

    private static func isBlank(_ chunk: ArraySlice<Unicode.Scalar>) -> Bool { chunk.allSatisfy(PythonText.isSpace) }

    /// Cuts a word that is longer than a line, or gives it a line of its own.
    private func splitLong(
        _ chunks: inout [ArraySlice<Unicode.Scalar>], _ line: inout [ArraySlice<Unicode.Scalar>], _ length: Int
    ) {
        guard let chunk = chunks.last else { return }
        // As in the original, nothing of the word may fit, and then an empty piece ends the line.
        let room = width < 1 ? 1 : max(0, width - length)
        if breaksLongWords {
            var end = room
            if breaksOnHyphens, chunk.count > room, let hyphen = chunk.prefix(room).lastIndex(of: "-"),
                chunk[..<hyphen].contains(where: { $0 != "-" })
            {
                end = hyphen + 1 - chunk.startIndex
            }
            line.append(chunk.prefix(end))
            // A slice: copying what is left each time would take quadratic time.
            chunks[chunks.count - 1] = chunk.dropFirst(end)
        } else if line.isEmpty {
            line.append(chunk)
            chunks.removeLast()
        }
    }

    /// Words, runs of blanks, and words cut behind their hyphens.
    private func chunks(_ text: String) -> [ArraySlice<Unicode.Scalar>] {
        let scalars = Array(text.unicodeScalars)
        var chunks: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        while start < scalars.count {
            // `textwrap` knows the white space of ASCII only.
            let isGap = isBlank(scalars[start])
            var end = start + 1
            while end < scalars.count, isBlank(scalars[end]) == isGap { end += 1 }
            let chunk = scalars[start..<end]
            if isGap || !breaksOnHyphens || !chunk.contains("-") {
                chunks.append(chunk)
            } else {
                chunks += pieces(Array(chunk))
            }
            start = end
        }
        return chunks
    }

    private func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x20: true
        default: false
        }
    }

    private func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    private func isWordSign(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || PythonText.decimalDigit(scalar) != nil || "!\"'&.,?".unicodeScalars.contains(scalar)
    }

    /// A word cut behind a hyphen between letters, and around dashes of two and more.
    private func pieces(_ word: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var pieces: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        var at = 0
        while at < word.count {
            guard word[at] == "-" else {
                at += 1
                continue
            }
            var end = at
            while end < word.count, word[end] == "-" { end += 1 }
            if end - at >= 2, at > start, isWordSign(word[at - 1]), end < word.count,
                isLetter(word[end]) || PythonText.decimalDigit(word[end]) != nil
            {
                pieces.append(word[start..<at])
                pieces.append(word[at..<end])
                start = end
            } else if end - at == 1, isBreak(word, at) {
                pieces.append(word[start...at])
                start = end
            }
            at = end
        }
        if start < word.count { pieces.append(word[start...]) }
        return pieces
    }

    /// Whether a hyphen has two letters (or a letter, a hyphen and a letter) on both sides.
    private func isBreak(_ word: [Unicode.Scalar], _ at: Int) -> Bool {
        func letter(_ place: Int) -> Bool { word.indices.contains(place) && isLetter(word[place]) }
        func sign(_ place: Int, _ wanted: Unicode.Scalar) -> Bool {
            word.indices.contains(place) && word[place] == wanted
        }
        let before = letter(at - 1) && (letter(at - 2) || sign(at - 2, "-") && letter(at - 3))
        let after = letter(at + 1) && (letter(at + 2) || sign(at + 2, "-") && letter(at + 3))
        return before && after
    }
}
