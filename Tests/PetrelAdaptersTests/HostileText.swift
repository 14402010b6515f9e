@testable import PetrelAdapters

/// Texts that try to call people, break out of where they stand, or hide what they say.
enum HostileText {
    static let all: [String] = calls + wrapped + markup + controls + sizes

    private static let names = ["here", "channel", "everyone", "all", "user0", "U0USER0000", "petrel"]

    private static let calls: [String] =
        names.map { "@" + $0 } + names.map { "<@\($0)>" } + names.map { "<!\($0)>" } + names.map { "<!\($0)|x>" }
        + [
            "<!subteam^S1>", "<!subteam^S1|@ops>", "<!date^1^{date}|@here>", "<#C0GENERAL0>", "<#C0GENERAL0|general>",
            "~town-square", "@@here", "@here@here", "a.@here", "a-@all", "a:@all", "a_@all", "(@all)", "\"@all\"",
            "'@all'", "`@all`", "**@all**", "_@all_", "~~@all~~", "[@all](http://x)", "![@all](http://x)", ">@all",
            "\n@all\n", "\t@all", "\u{A0}@all", "\u{3000}@all", "é@all", "日@all", "\u{FF20}all", "@\u{200D}all", "@All",
            "@ALL", "@channel.", "@here:", "@all,@here;@channel", "x@here.y", "root@here", "http://u:@here/",
        ]

    private static let wrapped: [String] = ["@here", "@all", "<!here>", "<@U0USER0000>"].flatMap { call in
        [
            "```\n\(call)\n```", "```\(call)```", "``` \(call)", "`` \(call) ``", "    \(call)", "```\n```\n\(call)",
            "> \(call)", "* \(call)", "| \(call) |", "<\(call)>", "&lt;\(call)&gt;",
        ]
    }

    private static let markup: [String] = [
        "<https://evil.example|https://good.example>", "[good](https://evil.example)", "&lt;!here&gt;",
        "&amp;lt;!here&amp;gt;",
        "<", ">", "&", "<<<>>>", "<!", "<@", "<#", "<!here", "!here>", "{\"text\":\"<!here>\"}", "\\u003c!here\\u003e",
        "%3C!here%3E", "<!--@all-->", "<script>@all</script>", ":@all:", "/invite @all",
    ]

    private static let controls: [String] = [
        "\u{0}", "\u{1}@all", "\u{1B}[31m@all\u{1B}[0m", "\u{1B}]0;t\u{7}@all", "\u{202E}lla@", "\u{2066}@all\u{2069}",
        "@\u{0}all", "@\u{1B}[0mall", "@\r\nall", "@\u{FEFF}all", "<\u{0}!here>", "<!\u{1B}[0mhere>", "\u{85}@all",
    ]

    private static let sizes: [String] = [
        String(repeating: "@here ", count: 3000), String(repeating: "<!here>", count: 2500),
        String(repeating: "`", count: 5000) + "@all", String(repeating: "```\n@all\n", count: 900),
    ]
}
