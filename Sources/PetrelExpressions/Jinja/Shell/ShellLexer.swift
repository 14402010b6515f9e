import PetrelCore

/// Reads a shell command as it grows, only to know what surrounds its end.
///
/// Where the text is beyond this lexer, it says so from there on (``confusion``), and only plain values are let in.
struct ShellLexer {
    /// What is open around the end of the text, outermost first.
    private enum Frame {
        case command(ShellCommand)
        case singleQuotes
        case dollarQuotes
        case doubleQuotes
        /// `${ … }`
        case parameter
        /// `$(( … ))`, with the number of open brackets.
        case arithmetic(Int)
        case comment
        case document(ShellDocument)
    }

    private var frames: [Frame] = [.command(ShellCommand(.script))]
    /// Behind a backslash that is no text itself.
    private var isEscaped = false
    /// Behind a `$` that is no text itself.
    private var isAfterDollar = false
    /// In the name of a variable, `$name`.
    private var isInVariable = false
    /// Why the lexer gave up.
    private var confusion: String?
    /// Here-documents whose bodies come after the line.
    private var waiting: [ShellDocument] = []
    /// The word behind `<<` while it is read.
    private var delimiter: ShellDelimiter?
    /// Signs that may be the start of longer ones.
    private var pending: [UInt8] = []
    private var problem: ExpressionError?

    private static let maxDepth = 100

    // MARK: Where the end is

    /// What surrounds the end of the text.
    var place: ShellPlace {
        if let confusion { return ShellPlace(kind: .restricted(confusion)) }
        if delimiter != nil { return ShellPlace(kind: .restricted("into the word of a here-document")) }
        if !pending.isEmpty, pending.last == UInt8(ascii: "<") || pending.first == UInt8(ascii: "(") {
            // `<` alone is a redirection; `<<` would make the value a here-document's word.
            if pending.count > 1 { return ShellPlace(kind: .restricted("behind these signs")) }
        }
        var place = ShellPlace(kind: kind)
        let commands = frames.compactMap { frame -> ShellCommand? in
            if case .command(let command) = frame { command } else { nil }
        }
        place.isNested = commands.count > 1
        place.isInBackquotes = commands.contains { $0.kind == .backquotes }
        place.followsVariable = isInVariable
        if case .command(let command) = frames[frames.count - 1] {
            place.isCommandPosition = command.isCommandPosition
            place.isInBraces = command.hasBrace
            place.word = command.word
        }
        if case .comment = place.kind { return place }
        if let code = commands.first(where: \.readsCode) {
            place.kind = .restricted("into what \(code.reader) reads as code")
        } else if commands.contains(where: \.hasBracket) {
            place.kind = .restricted("between brackets that the shell may compute")
        }
        return place
    }

    private var kind: ShellPlace.Kind {
        if isEscaped { return .restricted("behind a backslash") }
        if isAfterDollar { return .restricted("behind a $") }
        switch frames[frames.count - 1] {
        case .command: return .word
        case .singleQuotes: return .singleQuotes
        case .doubleQuotes: return .doubleQuotes
        case .dollarQuotes: return .restricted("between $' and '")
        case .parameter: return .restricted("inside ${…}")
        case .arithmetic: return .restricted("inside an arithmetic expression")
        case .comment: return .comment
        case .document(let document): return document.isQuoted ? .closedDocument : .openDocument
        }
    }

    // MARK: Reading

    /// Reads literal text.
    mutating func read(_ text: String) throws(ExpressionError) {
        for byte in text.utf8 { read(byte) }
        if let problem { throw problem }
    }

    /// Takes note of a value in its escaped form: it ends no quotes and starts none.
    mutating func readValue(_ text: String) throws(ExpressionError) {
        guard !text.isEmpty else { return }
        flushPending()
        isEscaped = false
        isAfterDollar = false
        isInVariable = false
        if delimiter != nil { confuse("into the word of a here-document") }
        switch frames[frames.count - 1] {
        case .command(var command):
            command.append(value: text)
            frames[frames.count - 1] = .command(command)
        case .document(var document):
            for byte in text.utf8 { if document.read(byte, isValue: true) { problem = Self.endsDocument } }
            frames[frames.count - 1] = .document(document)
        default: break
        }
        if let problem { throw problem }
    }

    private static let endsDocument = ExpressionError(
        .forbidden, "A line with a value in it would end the here-document in which it stands",
        hint: "Choose a word for the here-document that no value can be")

    private mutating func confuse(_ why: String) { if confusion == nil { confusion = why } }

    private mutating func read(_ byte: UInt8) {
        if confusion != nil { return }
        if !pending.isEmpty {
            if continuesPending(byte) { return }
        }
        if delimiter != nil, readDelimiter(byte) { return }
        switch frames[frames.count - 1] {
        case .command: readCommand(byte)
        case .singleQuotes: if byte == UInt8(ascii: "'") { pop() }
        case .dollarQuotes:
            if byte == UInt8(ascii: "\\") { confuse("behind $'…' with a backslash") }
            if byte == UInt8(ascii: "'") { pop() }
        case .doubleQuotes: readDoubleQuoted(byte)
        case .parameter: readParameter(byte)
        case .arithmetic(let depth): readArithmetic(byte, depth)
        case .comment:
            if byte == 0x0A {
                pop()
                readCommand(byte)
            } else if byte == UInt8(ascii: "`"), isInBackquotes {
                pop()
                readCommand(byte)
            }
        case .document(var document): readDocument(byte, &document)
        }
    }

    private var isInBackquotes: Bool {
        frames.contains { if case .command(let command) = $0 { command.kind == .backquotes } else { false } }
    }

    private mutating func push(_ frame: Frame) {
        isAfterDollar = false
        isInVariable = false
        guard frames.count < Self.maxDepth else { return confuse("so deep inside of quotes and brackets") }
        frames.append(frame)
    }

    private mutating func pop() {
        frames.removeLast()
        isAfterDollar = false
        isInVariable = false
        touchWord()
    }

    /// The word of the command goes on behind something quoted or substituted.
    private mutating func touchWord() {
        guard case .command(var command) = frames[frames.count - 1] else { return }
        command.isWordStart = false
        command.isLiteralWord = false
        frames[frames.count - 1] = .command(command)
    }

    // MARK: Dollars and backslashes, in words, double quotes and documents

    /// Whether the byte was the second one of such a sign, or starts one.
    private mutating func readsSpecial(_ byte: UInt8, inDocument: Bool) -> Bool {
        if isEscaped {
            isEscaped = false
            if isInBackquotes, byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "`") || byte == UInt8(ascii: "$") {
                confuse("behind a backslash inside of back-ticks")
            }
            if inDocument, byte == 0x0A { confuse("behind a continued line in a here-document") }
            return !inDocument
        }
        if byte == UInt8(ascii: "\\") {
            isEscaped = true
            isAfterDollar = false
            isInVariable = false
            return true
        }
        if isAfterDollar {
            isAfterDollar = false
            return readAfterDollar(byte, inDocument: inDocument)
        }
        if isInVariable { isInVariable = isNameByte(byte) }
        if byte == UInt8(ascii: "$") {
            isAfterDollar = true
            isInVariable = false
            return true
        }
        if byte == UInt8(ascii: "`"), inDocument || isInDoubleQuotes {
            confuse("into back-ticks inside of quotes or here-documents")
            return true
        }
        return false
    }

    private var isInDoubleQuotes: Bool {
        if case .doubleQuotes = frames[frames.count - 1] { true } else { false }
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte == 0x5F || byte >= 0x30 && byte <= 0x39 || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    private mutating func readAfterDollar(_ byte: UInt8, inDocument: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "["):
            if inDocument || byte == UInt8(ascii: "[") {
                confuse("behind a substitution in a here-document")
            } else if byte == UInt8(ascii: "{") {
                push(.parameter)
            } else {
                pending = [UInt8(ascii: "$"), UInt8(ascii: "(")]
            }
            return true
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            guard !inDocument, !isInDoubleQuotes else { return false }
            push(byte == UInt8(ascii: "'") ? .dollarQuotes : .doubleQuotes)
            return true
        case UInt8(ascii: "$"), UInt8(ascii: "?"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "@"),
            UInt8(ascii: "*"), UInt8(ascii: "-"):
            return true
        default:
            isInVariable = isNameByte(byte)
            return isInVariable
        }
    }

    // MARK: Signs of two and three

    /// Whether the byte belongs to the signs that are waiting.
    private mutating func continuesPending(_ byte: UInt8) -> Bool {
        let signs = pending
        pending = []
        switch signs {
        case [UInt8(ascii: "$"), UInt8(ascii: "(")]:
            if byte == UInt8(ascii: "(") {
                push(.arithmetic(2))
                return true
            }
            push(.command(ShellCommand(.substitution)))
            return false
        case [UInt8(ascii: "(")]:
            if byte == UInt8(ascii: "(") {
                confuse("behind ((")
                return true
            }
            push(.command(ShellCommand(.brackets)))
            return false
        case [UInt8(ascii: "<")]:
            if byte == UInt8(ascii: "<") { pending = [byte, byte] }
            return byte == UInt8(ascii: "<")
        case [UInt8(ascii: "<"), UInt8(ascii: "<")]:
            if byte == UInt8(ascii: "<") { return true }
            delimiter = ShellDelimiter(stripsTabs: byte == UInt8(ascii: "-"))
            return byte == UInt8(ascii: "-")
        default: return false
        }
    }

    private mutating func flushPending() {
        let signs = pending
        pending = []
        if signs == [UInt8(ascii: "$"), UInt8(ascii: "(")] { push(.command(ShellCommand(.substitution))) }
        if signs == [UInt8(ascii: "(")] { push(.command(ShellCommand(.brackets))) }
        if signs.count == 2, signs[0] == UInt8(ascii: "<") { confuse("into the word of a here-document") }
    }

    // MARK: Words

    private mutating func readCommand(_ byte: UInt8) {
        guard case .command(var command) = frames[frames.count - 1] else { return }
        if readsSpecial(byte, inDocument: false) {
            // A frame may have been opened above the command.
            if case .command = frames[frames.count - 1], byte != 0x0A || command.isWordStart == false { touchWord() }
            return
        }
        switch byte {
        case 0x20, 0x09: command.endWord()
        case 0x0A:
            command.endCommand()
            store(command)
            return startDocument()
        case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"):
            if command.isDescriptorRedirect(byte) { command.append(byte) } else { command.endCommand() }
        case UInt8(ascii: "<"), UInt8(ascii: ">"):
            if command.isDigitsFromValue {
                problem = ExpressionError(
                    .forbidden, "A number directly before \(Character(Unicode.Scalar(byte))) chooses a file descriptor",
                    hint: "Put a blank between the value and the redirection")
            }
            command.redirect()
            if byte == UInt8(ascii: "<") { pending = [byte] }
        case UInt8(ascii: "("):
            command.endWord()
            command.isCommandPosition = false
            store(command)
            pending = [byte]
            return
        case UInt8(ascii: ")"): return closeBracket(command)
        case UInt8(ascii: "`"): return backquote(command)
        case UInt8(ascii: "'"):
            store(command)
            return push(.singleQuotes)
        case UInt8(ascii: "\""):
            store(command)
            return push(.doubleQuotes)
        case UInt8(ascii: "#") where command.isWordStart:
            store(command)
            return push(.comment)
        default: command.append(byte)
        }
        if command.isCase, frames.count > 1 { confuse("into a case inside of a substitution") }
        store(command)
    }

    private mutating func store(_ command: ShellCommand) { frames[frames.count - 1] = .command(command) }

    private mutating func closeBracket(_ command: ShellCommand) {
        switch command.kind {
        case .brackets, .substitution:
            if !waiting.isEmpty { return confuse("behind a here-document inside of brackets") }
            let isSubstitution = command.kind == .substitution
            pop()
            if !isSubstitution, case .command(var outer) = frames[frames.count - 1] {
                outer.endWord()
                store(outer)
            }
        case .script, .backquotes:
            // The end of a pattern in a `case`.
            var command = command
            command.endCommand()
            store(command)
        }
    }

    private mutating func backquote(_ command: ShellCommand) {
        if command.kind == .backquotes {
            if !waiting.isEmpty { return confuse("behind a here-document inside of back-ticks") }
            return pop()
        }
        guard !isInBackquotes, frames.count == 1 else { return confuse("into nested back-ticks") }
        store(command)
        push(.command(ShellCommand(.backquotes)))
    }

    // MARK: Quotes, parameters, arithmetic

    private mutating func readDoubleQuoted(_ byte: UInt8) {
        if readsSpecial(byte, inDocument: false) { return }
        if byte == UInt8(ascii: "\"") { pop() }
    }

    private mutating func readParameter(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "}"): pop()
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"),
            UInt8(ascii: "{"):
            confuse("behind quotes or substitutions inside ${…}")
        default: break
        }
    }

    private mutating func readArithmetic(_ byte: UInt8, _ depth: Int) {
        let isAfterDollar = isAfterDollar
        self.isAfterDollar = byte == UInt8(ascii: "$")
        switch byte {
        case UInt8(ascii: "(") where isAfterDollar: confuse("behind a substitution inside $((…))")
        case UInt8(ascii: "("): frames[frames.count - 1] = .arithmetic(depth + 1)
        case UInt8(ascii: ")"):
            if depth == 1 { return pop() }
            frames[frames.count - 1] = .arithmetic(depth - 1)
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "{"),
            UInt8(ascii: "#"), UInt8(ascii: ";"), 0x0A:
            confuse("behind such signs inside $((…))")
        default:
            // After one of the two closing brackets the other must follow; otherwise it was no arithmetic.
            if depth == 1 { confuse("behind $((…)…)") }
        }
    }

    // MARK: Here-documents

    /// Whether the byte belongs to the word of the document.
    private mutating func readDelimiter(_ byte: UInt8) -> Bool {
        guard var word = delimiter else { return false }
        switch word.read(byte) {
        case .goesOn:
            delimiter = word
            return true
        case .ended:
            delimiter = nil
            waiting.append(ShellDocument(word))
            return false
        case .strange:
            confuse("behind such a here-document")
            return true
        }
    }

    private mutating func startDocument() {
        guard !waiting.isEmpty else { return }
        push(.document(waiting.removeFirst()))
    }

    private mutating func readDocument(_ byte: UInt8, _ document: inout ShellDocument) {
        if !document.isQuoted {
            if readsSpecial(byte, inDocument: true), confusion != nil { return }
        }
        let ends = document.read(byte, isValue: false)
        frames[frames.count - 1] = .document(document)
        guard ends else { return }
        if document.hasValueInLine { problem = Self.endsDocument }
        isEscaped = false
        isAfterDollar = false
        isInVariable = false
        frames.removeLast()
        startDocument()
    }
}
