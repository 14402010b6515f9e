import PetrelCore

extension OutboundPost {
    /// The most of a file that is shown in the text.
    private static let maxFileBytes = 16 << 10

    /// All that the post says, for a platform that has neither files nor buttons.
    /// - Parameter name: the bot's name; whoever says it and a choice takes that.
    func plainText(name: String) -> String {
        var parts = text.isEmpty ? [] : [text]
        if let file {
            parts.append("\(file.name):\n" + String(decoding: file.bytes.prefix(Self.maxFileBytes), as: UTF8.self))
        }
        parts += choices.map { "\(name): \($0.text)   (\($0.label))" }
        return parts.joined(separator: "\n")
    }
}
