import Glibc

/// Colours, or none: only on a terminal, and not when the environment asks for plain text.
struct TextStyle: Sendable, Hashable {
    /// Whether colours are used.
    var isColored: Bool

    /// Text without colours.
    static let plain = TextStyle(isColored: false)
    /// Text with colours.
    static let colored = TextStyle(isColored: true)

    /// The style for an output: `NO_COLOR` and StackStorm's `ST2_COLORIZE` turn colours off when they are not empty.
    static func of(isTerminal: Bool, environment: [String: String]) -> TextStyle {
        let isPlain =
            environment.text("NO_COLOR") != nil || environment.text("ST2_COLORIZE") != nil
            || environment["TERM"] == "dumb"
        return isTerminal && !isPlain ? .colored : .plain
    }

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }
    func cyan(_ text: String) -> String { wrap(text, "36") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColored && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
