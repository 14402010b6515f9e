import PetrelCore

/// Slack's layout of a message, for what plain text can't do.
enum SlackBlocks {
    /// How the ids of Petrel's buttons begin.
    static let actionPrefix = "petrel_choice_"
    private static let maxSectionLength = 2900
    private static let maxButtons = 25
    private static let maxButtonValue = 2000
    private static let maxBlocks = 45

    /// The text in sections, with a button for each choice below it.
    /// - Parameter text: escaped.
    static func blocks(text: String, choices: [PostChoice]) -> Value {
        let sections = PostParts.parts(of: text, maxLength: maxSectionLength, opensAnywhere: true)
        var blocks: [Value] = sections.prefix(maxBlocks).map { section in
            ["type": "section", "text": ["type": "mrkdwn", "text": .string(section), "verbatim": true]]
        }
        let buttons = choices.prefix(maxButtons).enumerated().compactMap { index, choice in button(choice, index) }
        if !buttons.isEmpty { blocks.append(["type": "actions", "elements": .array(buttons)]) }
        return .array(blocks)
    }

    private static func button(_ choice: PostChoice, _ index: Int) -> Value? {
        guard choice.text.utf16.count <= maxButtonValue else { return nil }
        let label = PlainText.cleaned(choice.label)
        return [
            "type": "button", "action_id": .string(actionPrefix + String(index)),
            "text": ["type": "plain_text", "text": .string(shortened(label, to: 75)), "emoji": false],
            "value": .string(choice.text),
        ]
    }

    private static func shortened(_ text: String, to length: Int) -> String {
        guard text.utf16.count > length else { return text.isEmpty ? "?" : text }
        var short = text.prefix(length)
        while short.utf16.count > length - 1 { short.removeLast() }
        return short + "…"
    }
}
