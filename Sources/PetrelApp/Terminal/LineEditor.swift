import PetrelChat

/// One line that is being typed.
///
/// libedit was looked at: it is one more C library, and it can't share the screen with posts that come in meanwhile.
struct LineEditor: Sendable {
    /// What the caller must do after a key.
    enum Action: Sendable, Hashable {
        /// The line may look different.
        case redraw
        /// Nothing changed and nothing could.
        case bell
        case submit(String)
        /// Control-C on an empty line.
        case hint
        case leave
        case clearScreen
        /// Several words fit; they are to be shown.
        case choices([String])
    }

    /// Longest line in bytes.
    static let maxBytes = LocalRoom.maxMessageBytes

    /// The line, character by character as people see them.
    private(set) var characters: [Character] = []
    /// Where the next character goes.
    private(set) var cursor = 0
    /// What Tab completes to: the fixed beginnings of commands.
    var commands: [String] = []
    /// What may stand before a command and is kept when completing.
    var prefix = ""
    private(set) var history: InputHistory
    private var killed: [Character] = []

    /// An empty line.
    init(history: InputHistory = InputHistory()) { self.history = history }

    /// The line as text.
    var text: String { String(characters) }

    /// Puts a text in place of the line, the cursor behind it.
    mutating func replace(with text: String) {
        characters = Array(text)
        cursor = characters.count
    }

    /// Takes a key.
    mutating func take(_ key: Key) -> Action {
        switch key {
        case .text(let text): insert(text)
        case .paste(let text): insert(VisibleText.line(text.replacingLineEnds))
        case .enter: submit()
        case .tab: complete()
        case .backspace: remove(from: cursor - 1, to: cursor)
        case .delete: remove(from: cursor, to: cursor + 1)
        case .left: move(to: cursor - 1)
        case .right: move(to: cursor + 1)
        case .home: move(to: 0)
        case .end: move(to: characters.count)
        case .wordLeft: move(to: wordStart)
        case .wordRight: move(to: wordEnd)
        case .up: recall(history.older(than: text))
        case .down: recall(history.newer())
        case .control(let letter): take(control: letter)
        }
    }

    private mutating func take(control letter: Character) -> Action {
        switch letter {
        case "a": return move(to: 0)
        case "b": return move(to: cursor - 1)
        case "c": return clear()
        case "d": return characters.isEmpty ? .leave : remove(from: cursor, to: cursor + 1)
        case "e": return move(to: characters.count)
        case "f": return move(to: cursor + 1)
        case "k": return kill(from: cursor, to: characters.count)
        case "l": return .clearScreen
        case "n": return recall(history.newer())
        case "p": return recall(history.older(than: text))
        case "u": return kill(from: 0, to: cursor)
        case "w": return kill(from: wordStart, to: cursor)
        case "y": return insert(String(killed))
        default: return .bell
        }
    }

    private mutating func clear() -> Action {
        guard !characters.isEmpty else { return .hint }
        replace(with: "")
        return .redraw
    }

    private mutating func insert(_ new: String) -> Action {
        guard text.utf8.count + new.utf8.count <= LineEditor.maxBytes else { return .bell }
        // Joined as text, for a combining mark belongs to the character before it.
        let before = String(characters[..<cursor]) + new
        let after = characters[cursor...]
        cursor = before.count
        characters = Array(before + String(after))
        cursor = min(cursor, characters.count)
        return .redraw
    }

    private mutating func submit() -> Action {
        let line = String(text.trimmingBlanks)
        replace(with: "")
        return line.isEmpty ? .redraw : .submit(line)
    }

    /// Remembers a line that was sent; false if it is the same as the last one.
    mutating func remember(_ line: String) -> Bool { history.add(line) }

    private mutating func move(to place: Int) -> Action {
        guard (0...characters.count).contains(place) else { return .bell }
        cursor = place
        return .redraw
    }

    private mutating func remove(from start: Int, to end: Int) -> Action {
        guard start >= 0, end <= characters.count, start < end else { return .bell }
        characters.removeSubrange(start..<end)
        cursor = start
        return .redraw
    }

    private mutating func kill(from start: Int, to end: Int) -> Action {
        guard start < end else { return .bell }
        killed = Array(characters[start..<end])
        return remove(from: start, to: end)
    }

    private mutating func recall(_ line: String?) -> Action {
        guard let line else { return .bell }
        replace(with: line)
        return .redraw
    }

    private var wordStart: Int {
        var place = cursor
        while place > 0, characters[place - 1].isWhitespace { place -= 1 }
        while place > 0, !characters[place - 1].isWhitespace { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < characters.count, characters[place].isWhitespace { place += 1 }
        while place < characters.count, !characters[place].isWhitespace { place += 1 }
        return place
    }

    private mutating func complete() -> Action {
        let typed = String(characters[..<cursor])
        let kept = !prefix.isEmpty && typed.hasPrefix(prefix) ? prefix : ""
        let start = typed.dropFirst(kept.count)
        let fitting = commands.filter { $0.hasPrefix(start) && $0.count > start.count }
        guard let first = fitting.first else { return .bell }
        let common = fitting.dropFirst().reduce(first) { $0.sharedStart(with: $1) }
        if common.count == start.count { return .choices(fitting) }
        let rest = String(common.dropFirst(start.count)) + (fitting.count == 1 ? " " : "")
        return insert(rest)
    }
}

extension String {
    fileprivate func sharedStart(with other: String) -> String {
        String(zip(self, other).prefix { $0 == $1 }.map(\.0))
    }

    /// The text with blanks for its line ends; the last one is dropped.
    fileprivate var replacingLineEnds: String {
        let text = last?.isNewline == true ? dropLast() : self[...]
        return String(text.map { $0.isNewline ? " " : $0 })
    }
}
