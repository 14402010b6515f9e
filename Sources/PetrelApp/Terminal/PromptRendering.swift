import PetrelCore

/// How the line that is being typed looks: one row, of which a window around the cursor is shown.
struct PromptRendering: Sendable {
    var style: TextStyle
    var width: Int

    /// Takes the prompt away, so that other lines can be printed.
    static let erase = "\r\u{1B}[J"

    /// The bytes that draw the prompt and leave the cursor where the next character goes.
    func draw(_ editor: LineEditor, label: String, runningFor elapsed: Duration?) -> String {
        let running = elapsed.map { "… running \(PromptRendering.text($0)) " } ?? ""
        let head = style.dim(running) + style.bold(label) + " "
        let headWidth = DisplayWidth.of(running) + DisplayWidth.of(label) + 1
        // The last column stays free: terminals differ in what they do there.
        let window = window(editor, room: max(8, width - headWidth - 1))
        let right = "\u{1B}[\(headWidth + window.cursor)C"
        return "\r" + head + window.text + "\u{1B}[K\r" + right
    }

    /// A time as people read it: `12s`, `3m05s`, `2h07m`.
    static func text(_ elapsed: Duration) -> String {
        let seconds = Int(max(0, elapsed.inSeconds))
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m\(padded(seconds % 60))s" }
        return "\(seconds / 3600)h\(padded(seconds / 60 % 60))m"
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The part of the line around the cursor that fits, and the cursor's column in it.
    private func window(_ editor: LineEditor, room: Int) -> (text: String, cursor: Int) {
        let characters = editor.characters
        var start = editor.cursor
        var used = 0
        while start > 0, used + DisplayWidth.of(characters[start - 1]) < room {
            start -= 1
            used += DisplayWidth.of(characters[start])
        }
        var end = editor.cursor
        var total = used
        while end < characters.count, total + DisplayWidth.of(characters[end]) <= room {
            total += DisplayWidth.of(characters[end])
            end += 1
        }
        return (String(characters[start..<end]), used)
    }
}
