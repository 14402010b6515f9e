import PetrelCore
import Testing

@testable import PetrelAdapters

@Suite("Mattermost's text")
struct MattermostTextTests {
    @Test(
        "the bot's mention is taken away at the beginning or the end, and says that it is addressed",
        arguments: [
            ("@petrel date", "date", true),
            ("@Petrel: date", "date", true),
            (" @petrel, date ", "date", true),
            ("date @petrel", "date", true),
            ("ask @petrel for it", "ask @petrel for it", true),
            ("ask @petrel. Now", "ask @petrel. Now", true),
            ("@petrel-dev date", "@petrel-dev date", false),
            ("@petrels date", "@petrels date", false),
            ("me@petrel date", "me@petrel date", false),
            ("@petrel", "", true),
            ("", "", false),
        ])
    func mention(_ row: (String, String, Bool)) {
        let (text, isMentioned) = MattermostText.withoutMention(of: "petrel", in: row.0)
        #expect(text == row.1)
        #expect(isMentioned == row.2)
    }

    @Test("an address stays as it is, a name is taken apart unless mentions are allowed")
    func escapes() {
        #expect(MattermostText.escaped("root@host @all") == "root@host @\u{200B}all")
        #expect(MattermostText.escaped("@all", allowsMentions: true) == "@all")
    }

    @Test("none of 120 hostile texts calls anybody, on any platform")
    func pings() {
        var pings: [String: Int] = ["slack": 0, "mattermost": 0, "irc": 0, "xmpp": 0]
        let names = ["here", "channel", "everyone", "all", "user0", "U0USER0000", "town", "good", "ops"]
        for text in HostileText.all {
            if ServerMentions.slack(SlackMarkup.escaped(text)) { pings["slack", default: 0] += 1 }
            if ServerMentions.mattermost(MattermostText.escaped(text)) { pings["mattermost", default: 0] += 1 }
            let lines = IRCText.lines(text, maxBytes: 400, names: names, allowsMentions: false)
            if lines.contains(where: { ServerMentions.nicks($0, names) }) { pings["irc", default: 0] += 1 }
            let quieted = NickCalls.quieted(PlainText.cleaned(text), names: names)
            if ServerMentions.nicks(quieted, names) { pings["xmpp", default: 0] += 1 }
        }
        print(
            "hostile texts=\(HostileText.all.count) pings=\(pings.values.reduce(0, +))",
            pings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))
        #expect(HostileText.all.count >= 120)
        #expect(pings.values.allSatisfy { $0 == 0 }, "\(pings)")
        // The readers do see what is not escaped.
        #expect(ServerMentions.slack("x <!here>") && ServerMentions.mattermost("a.@all"))
        #expect(ServerMentions.nicks("hey @user0!", names) && ServerMentions.nicks("all", names))
    }
}

/// How the platforms' servers find mentions, as far as their documentation and source tell.
enum ServerMentions {
    /// Slack: only `<@…>`, `<!…>` in a text that is sent with `parse: none`.
    static func slack(_ text: String) -> Bool { text.contains("<") }

    /// IRC and XMPP: people's own programs look for their nick as a word.
    static func nicks(_ text: String, _ names: [String]) -> Bool {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.contains { word in names.contains { $0.lowercased() == word } }
    }

    /// Mattermost: words of letters, digits, `:.-_@`; of each also its parts between `.`, `-` and `:`.
    static func mattermost(_ text: String) -> Bool {
        let words = text.split { !($0.isLetter || $0.isNumber || ":.-_@".contains($0)) }
        return words.contains { word in
            let trimmed = word.drop { ":.-_".contains($0) }
            let parts = [trimmed] + trimmed.split { ".-:".contains($0) }
            return parts.contains { $0.hasPrefix("@") && $0.dropFirst().contains { $0.isLetter || $0.isNumber } }
        }
    }
}
