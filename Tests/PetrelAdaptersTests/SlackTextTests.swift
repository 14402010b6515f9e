import PetrelCore
import Testing

@testable import PetrelAdapters

@Suite("Slack's text")
struct SlackTextTests {
    private func typed(_ text: String, names: [String: String] = [:]) -> String {
        SlackText(text).typed(names: names)
    }

    @Test(
        "text comes out as it was typed",
        arguments: [
            ("plain", "plain"),
            ("a &amp; b &lt;c&gt;", "a & b <c>"),
            ("&amp;lt; stays an entity that was typed", "&lt; stays an entity that was typed"),
            ("&nbsp; is not Slack's", "&nbsp; is not Slack's"),
            ("go to <http://example.org|example.org>", "go to example.org"),
            ("go to <http://example.org/|example.org>", "go to example.org"),
            ("go to <https://example.org/a?b=1&amp;c=2>", "go to https://example.org/a?b=1&c=2"),
            ("<https://evil.example|example.org>", "https://evil.example"),
            ("mail <mailto:a@b.c|a@b.c>", "mail a@b.c"),
            ("call <tel:+123|+123>", "call +123"),
            ("<!here> <!channel> <!everyone|everyone>", "@here @channel @everyone"),
            ("<!subteam^S1|@ops> <!subteam^S2>", "@ops @S2"),
            ("<!date^1392734382^{date}^https://x|Feb 18>", "Feb 18"),
            ("<#C1|general> <#C2|>", "#general #C2"),
            ("<@U1|ann> <@U2>", "@ann @U2"),
            ("“smart” ‘quotes’\u{A0}stay", "“smart” ‘quotes’\u{A0}stay"),
            ("```\nline 1\n  line 2\n```", "```\nline 1\n  line 2\n```"),
            ("an open < stays", "an open < stays"),
            ("<<@U1>", "<@U1"),
            ("<>", ""),
            ("<|>", ""),
            ("  trimmed \n", "trimmed"),
        ])
    func types(_ row: (String, String)) { #expect(typed(row.0) == row.1) }

    @Test("names stand for ids where they are known")
    func names() {
        let text = SlackText("page <@U1> in <#C1> and <@U2|bob>")
        #expect(text.users == ["U1"])
        #expect(text.channels == ["C1"])
        #expect(text.typed(names: ["U1": "ann", "C1": "ops"]) == "page @ann in #ops and @bob")
    }

    @Test(
        "the bot's mention is taken away at the beginning or the end, and says that it is addressed",
        arguments: [
            ("<@UB> date", "date", true),
            ("<@UB>: date", "date", true),
            (" <@UB|petrel>, date", "date", true),
            ("date <@UB>", "date", true),
            ("ask <@UB> for it", "ask @UB for it", true),
            ("<@UB> tell <@UB>", "tell @UB", true),
            ("<@U1> date", "@U1 date", false),
            ("<@UB>", "", true),
            ("", "", false),
        ])
    func mention(_ row: (String, String, Bool)) {
        var text = SlackText(row.0)
        #expect(text.removeMention(of: "UB") == row.2)
        #expect(text.typed(names: [:]) == row.1)
    }

    @Test("mentions are taken apart on the way out unless they are allowed, then they stay whole")
    func escapes() {
        let text = "a < b & <!here> <@U1> <!subteam^S1> <https://x|y>"
        #expect(
            SlackMarkup.escaped(text)
                == "a &lt; b &amp; &lt;!here&gt; &lt;@U1&gt; &lt;!subteam^S1&gt; &lt;https://x|y&gt;")
        #expect(
            SlackMarkup.escaped(text, allowsMentions: true)
                == "a &lt; b &amp; <!here> <@U1> <!subteam^S1> &lt;https://x|y&gt;")
        #expect(
            SlackMarkup.withoutMentions(["text": "<!here> <@U1> <https://x|y>"])
                == ["text": "&lt;!here> &lt;@U1> <https://x|y>"])
    }

    @Test("what was escaped reads as it was")
    func roundTrip() {
        for text in HostileText.all {
            let cleaned = PlainText.cleaned(text).trimmingBlanksAtEnds()
            #expect(typed(SlackMarkup.escaped(text)) == cleaned, "\(text.debugDescription)")
        }
    }
}
