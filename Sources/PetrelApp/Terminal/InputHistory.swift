/// The lines that were sent, and the place among them while a person looks for one.
struct InputHistory: Sendable {
    /// Most lines that are kept.
    static let maxLines = 1000

    /// The lines, oldest first.
    private(set) var lines: [String]
    private var position: Int?
    private var draft = ""

    /// The newest of the lines.
    init(_ lines: [String] = []) { self.lines = Array(lines.suffix(InputHistory.maxLines)) }

    /// Adds a line and leaves the search; false if it is the same as the last one.
    mutating func add(_ line: String) -> Bool {
        position = nil
        guard line != lines.last else { return false }
        lines.append(line)
        if lines.count > InputHistory.maxLines { lines.removeFirst() }
        return true
    }

    /// The line before the shown one, or nil at the oldest; the shown text is kept as a draft.
    mutating func older(than text: String) -> String? {
        if position == nil { draft = text }
        let next = (position ?? lines.count) - 1
        guard lines.indices.contains(next) else { return nil }
        position = next
        return lines[next]
    }

    /// The line after the shown one; behind the newest stands the draft.
    mutating func newer() -> String? {
        guard let position else { return nil }
        guard position + 1 < lines.count else {
            self.position = nil
            return draft
        }
        self.position = position + 1
        return lines[position + 1]
    }
}
