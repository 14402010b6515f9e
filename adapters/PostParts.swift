import PetrelCore

/// A long text in parts that each fit one message of a platform.
///
/// It is cut between lines; only a line that is longer than a message is cut within. A code block that goes over a cut is
/// closed before it and opened again after it.
struct PostParts: Sendable {
    private static let fence = "```"
    /// What closing a code block takes: a line end and the fence.
    private static let fenceLength = 4

    private let maxLength: Int
    private let opensAnywhere: Bool
    private var parts: [String] = []
    private var current = ""
    private var length = 0
    private var isInFence = false

    /// - Parameters:
    ///   - maxLength: most UTF-16 code units of a part; at least 64.
    ///   - opensAnywhere: whether a fence counts within a line too, as in Slack, or only at its beginning, as in Markdown.
    static func parts(of text: String, maxLength: Int, opensAnywhere: Bool) -> [String] {
        guard text.utf16.count > maxLength else { return [text] }
        var cutter = PostParts(maxLength: max(64, maxLength), opensAnywhere: opensAnywhere)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { cutter.add(line) }
        cutter.flush()
        return cutter.parts
    }

    private init(maxLength: Int, opensAnywhere: Bool) {
        self.maxLength = maxLength
        self.opensAnywhere = opensAnywhere
    }

    private mutating func add(_ line: Substring) {
        var rest = line
        while true {
            let room = maxLength - Self.fenceLength - length - (length == 0 ? 0 : 1)
            if rest.utf16.count <= room { return append(rest) }
            if length > openingLength {
                flush()
                continue
            }
            let piece = Self.head(of: rest, maxLength: room)
            append(piece)
            flush()
            rest = rest[piece.endIndex...]
        }
    }

    /// How long a part is that holds nothing but the fence that opens it.
    private var openingLength: Int { isInFence && current == Self.fence ? length : 0 }

    private mutating func append(_ line: Substring) {
        if length > 0 {
            current += "\n"
            length += 1
        }
        current += line
        length += line.utf16.count
        if fenceCount(in: line) % 2 == 1 { isInFence.toggle() }
    }

    private mutating func flush() {
        guard length > 0 else { return }
        parts.append(isInFence ? current + "\n" + Self.fence : current)
        current = isInFence ? Self.fence : ""
        length = current.utf16.count
    }

    private func fenceCount(in line: Substring) -> Int {
        guard opensAnywhere else { return line.drop { $0 == " " }.hasPrefix(Self.fence) ? 1 : 0 }
        var count = 0
        var run = 0
        for byte in line.utf8 {
            run = byte == 0x60 ? run + 1 : 0
            if run == 3 {
                count += 1
                run = 0
            }
        }
        return count
    }

    /// The beginning of a line, cut where nothing that belongs together is torn apart: a letter with its accents, an
    /// entity such as `&amp;`, a run of backticks.
    private static func head(of line: Substring, maxLength: Int) -> Substring {
        let limit = line.utf16.index(line.startIndex, offsetBy: max(1, maxLength), limitedBy: line.endIndex)
        var end = limit ?? line.endIndex
        while end > line.startIndex, String.Index(end, within: line) == nil { end = line.utf16.index(before: end) }
        let whole = end
        let tail = line[..<end].suffix(5)
        if let ampersand = tail.lastIndex(of: "&"), !tail[ampersand...].contains(";") { end = ampersand }
        while end > line.startIndex, end < line.endIndex, line[end] == "`", line[line.index(before: end)] == "`" {
            end = line.index(before: end)
        }
        if end > line.startIndex { return line[..<end] }
        return line[..<(whole > line.startIndex ? whole : line.index(after: line.startIndex))]
    }
}
