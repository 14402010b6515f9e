/// What a person did on the keyboard.
enum Key: Sendable, Hashable {
    /// Typed text, without control characters.
    case text(String)
    /// Text that was pasted, line ends included.
    case paste(String)
    case enter, tab, backspace, delete
    case left, right, up, down, home, end, wordLeft, wordRight
    /// A letter with control, such as `a`.
    case control(Character)
}
