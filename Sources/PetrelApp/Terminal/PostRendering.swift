import PetrelCore

/// How a line of a room looks on a terminal.
struct PostRendering: Sendable {
    var style: TextStyle
    /// Columns of the terminal; longer lines are folded.
    var width: Int

    /// Most lines of one post that are shown.
    static let maxLines = 2000

    /// The lines of a post: what people say after their name, Petrel's answers behind a bar.
    func lines(_ post: RoomPost) -> [String] {
        guard post.kind != nil || post.inReplyTo != nil else { return spoken(post) }
        let bar = "  " + colored("▎", post) + " "
        return folded(post.text, to: width - 4).map { bar + decorated($0, of: post) }
    }

    /// A line of the terminal itself.
    func notice(_ text: String) -> [String] {
        VisibleText.lines(text).map { style.dim("  " + $0) }
    }

    private func spoken(_ post: RoomPost) -> [String] {
        let name = VisibleText.line(post.author) + ">"
        let indent = String(repeating: " ", count: DisplayWidth.of(name) + 1)
        return folded(post.text, to: width - indent.count).enumerated().map { index, line in
            index == 0 ? style.bold(style.cyan(name)) + " " + line : indent + line
        }
    }

    private func decorated(_ line: String, of post: RoomPost) -> String { post.kind == .ack ? style.dim(line) : line }

    private func colored(_ text: String, _ post: RoomPost) -> String {
        switch post.kind {
        case .ack: style.dim(text)
        case .result: post.status == .succeeded ? style.green(text) : style.red(text)
        case .refused, .invalid, .unmatched, .question: style.yellow(text)
        case .answer, .notice, nil: style.cyan(text)
        }
    }

    private func folded(_ text: String, to width: Int) -> [String] {
        let lines = VisibleText.lines(text).flatMap { fold($0, to: max(20, width)) }
        guard lines.count > PostRendering.maxLines else { return lines }
        return lines.prefix(PostRendering.maxLines) + ["… \(lines.count - PostRendering.maxLines) more lines"]
    }

    /// Breaks a line at a blank in its second half, else where the width ends.
    private func fold(_ line: String, to width: Int) -> [String] {
        var lines: [String] = []
        var current: [Character] = []
        var used = 0
        for character in line {
            let columns = DisplayWidth.of(character)
            if used + columns > width {
                var rest: [Character] = []
                if let blank = current.lastIndex(of: " "), blank >= current.count / 2 {
                    rest = Array(current[(blank + 1)...])
                    current.removeSubrange(blank...)
                }
                lines.append(String(current))
                current = rest
                used = rest.reduce(0) { $0 + DisplayWidth.of($1) }
            }
            current.append(character)
            used += columns
        }
        return lines + [String(current)]
    }
}
