import PetrelAliases
import PetrelCore
import Testing

@Suite("Hostile messages")
struct HostileMessageTests {
    private static let matcher = AliasMatcher(
        aliases: [
            sampleAlias("deploy", "deploy {{app}} to {{env=staging}}"),
            sampleAlias("three", "copy {{a}} from {{b}} to {{c}} now"),
            sampleAlias("say", "say {{words}}"), sampleAlias("evil", "(?:\\b|^)(\\w+\\s?)*!(?:\\b|$)"),
            sampleAlias(
                "many",
                AliasFormat(display: "#", representations: ["(?:\\s|^)#(?P<n>\\d+)(?:\\b|$)"], matchesMultiple: true)),
        ] + (0..<200).map { sampleAlias("m\($0)", "command\($0) {{a}} {{b=1}} {{c='x y'}}") })

    @Test("a message of more than 64 KiB is refused as too long, whatever is in it")
    func tooLong() {
        for text in [String(repeating: "x", count: 1 << 20), "say " + String(repeating: "é", count: 33_000)] {
            let error = aliasProblem { () throws(AliasError) in _ = try Self.matcher.candidates(for: text) }
            #expect(error?.code == .tooLong)
            let lenient = aliasProblem { () throws(AliasError) in _ = try Self.matcher.lenientCandidates(for: text) }
            #expect(lenient?.code == .tooLong)
        }
        #expect(Self.matcher.nearest(to: String(repeating: "deploy", count: 200_000), limit: 3) { _ in true }.isEmpty)
    }

    @Test("a message just short enough is read to its end")
    func longest() throws {
        let words = String(repeating: "word ", count: 13_000)
        let found = try Self.matcher.candidates(for: "say " + words + "end")
        #expect(found.first?.parameters["words"] == .string(words + "end"))
    }

    @Test(
        "messages that explode elsewhere are read or refused at once",
        arguments: [
            "k=\"v w\" ", "k='v' ", "k={v} ", "a=\"", "='", "\"", "'\" ", "{", "to ", "a from b to ", "#1 ", "ab ",
            "= ", "\n", " ", "\\", "\u{0}", "a=b",
        ])
    func exploding(piece: String) {
        for start in ["", "deploy ", "copy ", "say ", "command7 "] {
            for count in [25, 2_000] {
                let text = start + String(repeating: piece, count: count) + "end"
                let error = aliasProblem { () throws(AliasError) in _ = try Self.matcher.candidates(for: text) }
                #expect(error == nil || error?.code == .tooComplex)
            }
        }
    }

    @Test("a format that explodes silences no other, and is named when nothing else fits")
    func evilNeighbour() throws {
        let text = String(repeating: "ab ", count: 400) + "! "
        let error = aliasProblem { () throws(AliasError) in _ = try Self.matcher.candidates(for: text) }
        #expect(error?.code == .tooComplex)
        #expect(error?.message.contains("ops.evil") == true)
        #expect(try Self.matcher.candidates(for: "say " + text).map(\.alias.ref.name) == ["say"])
    }

    @Test("characters that look alike or show nothing are what they are")
    func confusing() throws {
        for text in [
            "dерloy web to prod", "deploy\u{200B} web to prod", "ｄeploy web to prod", "\u{202E}deploy web to prod",
            "deploy web to prod\u{0}x",
            "dep\u{AD}loy web to prod", "deploy\u{2028}web to prod", "\u{FEFF}deploy web to prod", "ﬁ", "deploy web",
        ] {
            let fits = try Self.matcher.candidates(for: text).map(\.alias.ref.name)
            // A zero byte in a value is a character like any other.
            #expect(fits == (text.hasPrefix("deploy web to") ? ["deploy"] : []), "\(text.debugDescription)")
        }
    }

    @Test("letters with accents stay whole, in either form, and so do emoji")
    func letters() throws {
        for word in ["é", "e\u{301}", "👩‍👩‍👧‍👦", "🇩🇪", "ǆ", "ß", "İ"] {
            let found = try Self.matcher.candidates(for: "say \(word) k=\(word)")
            #expect(found.first?.parameters["words"]?.string.map { Array($0.utf8) } == Array(word.utf8))
            #expect(found.first?.parameters["k"]?.string.map { Array($0.utf8) } == Array(word.utf8))
        }
    }

    @Test("random messages neither crash nor hang")
    func fuzz() {
        var generator = SeededGenerator(seed: 11)
        let pieces = [
            "deploy", "say", "copy", " ", "  ", "\t", "\n", "=", "a=1", "\"", "'", "{", "}", "to", "from", "#1", "é",
            "\u{301}", "\u{0}", "\r\n", "\u{A0}",
        ]
        for round in 0..<1_000 {
            let text = (0..<Int.random(in: 0...14, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            _ = try? Self.matcher.candidates(for: text)
            _ = try? Self.matcher.lenientCandidates(for: text)
            if round.isMultiple(of: 10) { _ = Self.matcher.nearest(to: text, limit: 3) { _ in true } }
        }
    }
}
