import PetrelCore
import PetrelSystem

/// Choices in Mattermost: buttons where the server can call Petrel, else reactions with numbers.
struct MattermostChoices: Sendable {
    /// The reactions that stand for the choices, in order.
    static let emojis = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    /// The property of a post that holds what its choices say.
    static let property = "petrel_choices"
    private static let maxButtons = 20

    private let callbackURL: String?
    private let key: [UInt8]
    private let digest = SystemDigest()

    init(options: MattermostOptions) {
        callbackURL = options.callbackURL
        // The bot's token never leaves as it is; what is signed can't be made without it.
        key = Array(("petrel-choice:" + options.token.reveal()).utf8)
    }

    var areButtons: Bool { callbackURL != nil }

    /// Adds the choices of a post to its text and properties.
    func add(_ choices: [PostChoice], to text: inout String, _ props: inout ValueObject, channel: String) {
        guard !choices.isEmpty else { return }
        if let callbackURL {
            let actions = choices.prefix(Self.maxButtons).enumerated().map { index, choice in
                button(choice, index, callbackURL, channel: channel)
            }
            let attachment: Value = ["fallback": "", "actions": .array(actions)]
            props["attachments"] = .array((props["attachments"]?.array ?? []) + [attachment])
            return
        }
        let shown = choices.prefix(Self.emojis.count)
        props[Self.property] = .array(shown.map { .string($0.text) })
        for (index, choice) in shown.enumerated() {
            text += "\n:\(Self.emojis[index]): \(MattermostText.escaped(choice.label))"
        }
        for choice in choices.dropFirst(Self.emojis.count) {
            text += "\n`\(MattermostText.escaped(choice.text))` \(MattermostText.escaped(choice.label))"
        }
    }

    /// What a pressed button says; nil when Petrel did not make it.
    func text(of context: Value, channel: String) -> String? {
        guard let text = context["choice"]?.string, let signature = context["signature"]?.string,
            isEqualInConstantTime(signature, self.signature(text, channel))
        else { return nil }
        return text
    }

    private func button(_ choice: PostChoice, _ index: Int, _ url: String, channel: String) -> Value {
        [
            "id": .string("choice\(index)"), "type": "button",
            "name": .string(String(PlainText.cleaned(choice.label).prefix(100))),
            "integration": [
                "url": .string(url),
                "context": ["choice": .string(choice.text), "signature": .string(signature(choice.text, channel))],
            ],
        ]
    }

    private func signature(_ text: String, _ channel: String) -> String {
        digest.hmacSHA256(Array((channel + "\n" + text).utf8), key: key)
    }
}
