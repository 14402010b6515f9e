/// The simple command that is being written at one level of a shell's text.
struct ShellCommand {
    enum Kind {
        case script
        /// `( … )`
        case brackets
        /// `$( … )`
        case substitution
        case backquotes
    }

    let kind: Kind
    /// Whether the next character starts a word.
    var isWordStart = true
    /// Whether the word may be a command's name, an assignment or a keyword.
    var isCommandPosition = true
    /// What stands of the word, if it is short.
    private(set) var word: [UInt8] = []
    /// Whether all of the word is literal text outside of quotes.
    var isLiteralWord = true
    /// Whether the word is digits from a value, which a redirection would take for a file descriptor.
    private(set) var isDigitsFromValue = false
    /// Whether a bracket is open in the word: the index of an array, which the shell computes.
    private(set) var hasBracket = false
    /// Whether a brace is open in the word.
    private(set) var hasBrace = false
    /// Whether an argument of this command is read as code by another shell.
    private(set) var readsCode = false
    /// The name of that command.
    private(set) var reader = ""
    private var shell: String?
    /// Between `[[` and `]]`.
    private var isTest = false
    private var lastSign: UInt8 = 0
    private(set) var isCase = false

    private static let longestWord = 64
    private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"]
    private static let readers: Set<String> = ["eval", "ssh", "su", "watch", "let", "trap", "parallel", "xargs"]
    private static let openers: Set<String> = [
        "if", "then", "else", "elif", "while", "until", "do", "in", "time", "coproc", "{", "!", "sudo", "exec", "env",
        "nohup", "command", "builtin", "nice",
    ]

    init(_ kind: Kind) { self.kind = kind }

    mutating func append(_ byte: UInt8) {
        isWordStart = false
        isDigitsFromValue = false
        if word.count < Self.longestWord { word.append(byte) }
        switch byte {
        case UInt8(ascii: "["): hasBracket = true
        case UInt8(ascii: "]"): hasBracket = false
        case UInt8(ascii: "{"): hasBrace = true
        case UInt8(ascii: "}"): hasBrace = false
        default: break
        }
        lastSign = 0
    }

    mutating func append(value: String) {
        let isDigits = value.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        isDigitsFromValue =
            isDigits && (isWordStart || isDigitsFromValue || word.allSatisfy { $0 >= 0x30 && $0 <= 0x39 })
        isWordStart = false
        isLiteralWord = false
        for byte in value.utf8.prefix(Self.longestWord) where word.count < Self.longestWord { word.append(byte) }
        lastSign = 0
    }

    /// A blank: the word is complete.
    mutating func endWord() {
        defer {
            word = []
            isWordStart = true
            isLiteralWord = true
            isDigitsFromValue = false
            hasBrace = false
            hasBracket = isTest
        }
        guard !word.isEmpty || !isLiteralWord else { return }
        note(String(decoding: word, as: UTF8.self))
    }

    private mutating func note(_ text: String) {
        isCase = isLiteralWord && text == "case" && isCommandPosition
        if isLiteralWord, text == "[[" { isTest = true }
        if isLiteralWord, text == "]]" { isTest = false }
        let name = text.split(separator: "/").last.map(String.init) ?? ""
        if Self.readers.contains(name) {
            readsCode = true
            reader = name
        }
        if Self.shells.contains(name) { shell = name }
        if let shell, text.hasPrefix("-"), !text.hasPrefix("--"), text.utf8.contains(UInt8(ascii: "c")) {
            readsCode = true
            reader = shell
        }
        let isAssignment = text.utf8.contains(UInt8(ascii: "="))
        isCommandPosition = isCommandPosition && (isAssignment || Self.openers.contains(text))
    }

    /// A line break or a separator: the next word is a command.
    mutating func endCommand() {
        endWord()
        isCommandPosition = true
        readsCode = false
        shell = nil
        isTest = false
        hasBracket = false
        lastSign = 0
    }

    /// `<` or `>`: a word follows that is no command.
    mutating func redirect() {
        let wasCommandPosition = isCommandPosition && (word.isEmpty || word.allSatisfy { $0 >= 0x30 && $0 <= 0x39 })
        if word.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { word = [] }
        endWord()
        isCommandPosition = wasCommandPosition
        lastSign = UInt8(ascii: ">")
    }

    /// `>&` and `>|` separate nothing.
    func isDescriptorRedirect(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: ";") && lastSign == UInt8(ascii: ">")
    }
}
