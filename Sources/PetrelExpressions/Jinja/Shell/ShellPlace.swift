/// What surrounds a place in a shell command, as far as it decides how text must be written there.
struct ShellPlace {
    enum Kind: Equatable {
        /// Outside of quotes.
        case word
        /// Between single quotes.
        case singleQuotes
        /// Between double quotes.
        case doubleQuotes
        /// In a here-document whose word was not quoted.
        case openDocument
        /// In a here-document whose word was quoted.
        case closedDocument
        /// Behind a `#` that starts a comment.
        case comment
        /// Where only plain characters are safe; the text says where that is.
        case restricted(String)
    }

    var kind: Kind
    /// Whether the place is inside of back-ticks, where the shell takes one level of backslashes off first.
    var isInBackquotes = false
    /// Whether it is inside of another command's substitution.
    var isNested = false
    /// Whether a name of a variable stands directly before the place, which letters would make longer.
    var followsVariable = false
    /// Whether the word here may be a command, an assignment or a word that the shell itself knows.
    var isCommandPosition = false
    /// Whether the word has an open brace, in which commas and dots have a meaning.
    var isInBraces = false
    /// What stands of the word already.
    var word: [UInt8] = []
}
