import PetrelCore

/// One setting, declared once: the reader, the sample file, the checks and the explanations are made from this.
struct Setting: Sendable {
    /// What a setting can hold.
    enum Kind: Sendable, Hashable {
        case text
        case integer(ClosedRange<Int>)
        case flag
        case choice([String])
        /// A file or folder; a relative one is made absolute.
        case path
        case paths
        /// A file or folder, or empty for none.
        case optionalPath
        /// A list of words.
        case words
        /// Entries of `chat.adapters`.
        case adapters
    }

    /// The name with its sections, such as `http.port`.
    var path: String
    var kind: Kind
    /// The value that holds when nobody says otherwise.
    var standard: Value
    /// One sentence for the sample file and for `petrel config explain`.
    var summary: String
    /// A secret is shown as stars and may come from a file that `…_file` names.
    var isSecret = false
    /// Whether a change takes effect only when the service starts again.
    var needsRestart = true

    /// The parts of the name.
    var keys: [String] { path.split(separator: ".").map(String.init) }

    /// The variable of the environment that sets it.
    var environmentName: String { "PETREL_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined() }
}

extension Setting.Kind {
    /// What a value must be, to follow "must be".
    var expectation: String {
        switch self {
        case .text: "text"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .flag: "true or false"
        case .choice(let words): words.count == 1 ? "\"\(words[0])\"" : "one of " + words.joined(separator: ", ")
        case .path: "a path"
        case .paths: "a list of paths"
        case .optionalPath: "a path, or empty"
        case .words: "a list of texts"
        case .adapters: "a list of entries such as {name: local, platform: local}"
        }
    }

    /// Whether a value read from a file is of this kind.
    func allows(_ value: Value) -> Bool {
        switch self {
        case .text, .optionalPath: value.string != nil
        case .integer(let range): value.integer.map(range.contains) ?? false
        case .flag: value.bool != nil
        case .choice(let words): value.string.map(words.contains) ?? false
        case .path: value.string.map { !$0.isEmpty } ?? false
        case .paths, .words: value.array.map { $0.allSatisfy { $0.string?.isEmpty == false } } ?? false
        case .adapters: value.array != nil
        }
    }

    /// The value that a text of the environment or of a flag stands for; nil when it stands for none.
    func value(of text: String) -> Value? {
        switch self {
        case .text, .path, .optionalPath, .choice: .string(text)
        case .integer: Int(text).map(Value.integer)
        case .flag: Setting.Kind.truth(of: text).map(Value.bool)
        case .paths, .words: .array(text.split(separator: ",").map { .string(String($0.trimmingBlanks)) })
        case .adapters: nil
        }
    }

    private static func truth(of text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }
}

extension StringProtocol {
    /// The text without blanks, tabs and line ends around it.
    var trimmingBlanks: SubSequence {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
