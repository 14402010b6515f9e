import PetrelCore
import PetrelExpressions
import Testing

private func problem(_ work: () throws(ExpressionError) -> Void) -> ExpressionError? {
    do throws(ExpressionError) {
        try work()
        return nil
    } catch { return error }
}

@Suite("Pattern")
struct PatternTests {
    @Test("every recorded pattern finds what Python's re finds, or is refused in its words")
    func recordedCases() throws {
        var count = 0
        for record in try Fixture.cases("pattern-cases.json") {
            let text = record["pattern"]?.string ?? ""
            let pattern: Pattern
            do throws(ExpressionError) {
                pattern = try Pattern(text)
            } catch {
                #expect(record["error"] != nil, "refused \(text): \(error.message)")
                #expect(error.code == .badPattern)
                continue
            }
            #expect(record["error"] == nil, "accepted \(text)")
            for subject in record["subjects"]?.array ?? [] {
                count += 1
                let found = try pattern.matches(in: subject["text"]?.string ?? "", limit: 1_000)
                let got = Value.array(found.map { match in .array((0...pattern.groupCount).map { Value(match[$0]) }) })
                #expect(got == subject["matches"], "\(text) in \(JSONWriter.text(subject))")
            }
        }
        #expect(count > 500)
    }

    @Test("an invalid pattern is refused with the offset in code points")
    func messages() {
        #expect(
            problem { () throws(ExpressionError) in _ = try Pattern("é(a") }?.message
                == "missing ), unterminated subpattern at position 1")
        #expect(
            problem { () throws(ExpressionError) in _ = try Pattern("a\nb[") }?.message
                == "unterminated character set at position 3 (line 2, column 2)")
        #expect(
            problem { () throws(ExpressionError) in _ = try Pattern("(?P<a-b>x)") }?.message
                == "bad character in group name 'a-b' at position 4")
        #expect(
            problem { () throws(ExpressionError) in _ = try Pattern("\\h") }?.message == "bad escape \\h at position 0")
    }

    @Test("groups are found by number and by name, and are nil when they took no part")
    func groups() throws {
        let pattern = try Pattern("(?P<verb>stop|start)(?: (?P<what>\\w+))?(!)?")
        #expect(pattern.groupNames == ["verb", "what"])
        let match = try #require(try pattern.firstMatch(in: "é start wéb"))
        #expect(match.text == "start wéb")
        #expect(match["verb"] == "start")
        #expect(match["what"] == "wéb")
        #expect(match[3] == nil)
        #expect(match[9] == nil)
        #expect(match["nothing"] == nil)
        #expect(match.range == 3..<13)
        #expect(match.range(of: 1) == 3..<8)
    }

    @Test("a search begins at a byte offset, and sees what stands before it")
    func offset() throws {
        let pattern = try Pattern("(?<=é)a|^b")
        #expect(try pattern.firstMatch(in: "éa", from: 2)?.range == 2..<3)
        #expect(try pattern.firstMatch(in: "éa", from: 1)?.range == 2..<3)
        #expect(try pattern.firstMatch(in: "bb", from: 1) == nil)
        #expect(try pattern.firstMatch(in: "", from: 5) == nil)
    }

    @Test("options have the meaning of Python's flags")
    func options() throws {
        #expect(try Pattern("A.b", options: [.ignoresCase, .dotMatchesNewline]).firstMatch(in: "a\nB") != nil)
        #expect(try Pattern("a.b").firstMatch(in: "a\nb") == nil)
        #expect(try Pattern("^b$", options: .anchorsMatchLines).matches(in: "b\nb\n", limit: 9).count == 2)
        #expect(try Pattern("^", options: .anchorsMatchLines).matches(in: "b\n", limit: 9).count == 2)
        #expect(try Pattern("a$").firstMatch(in: "a\n") != nil)
        #expect(try Pattern("a\\Z").firstMatch(in: "a\n") == nil)
    }

    @Test("characters are code points: a combined letter is two, and white space is what Python calls so")
    func unicode() throws {
        #expect(try Pattern("^e").firstMatch(in: "e\u{301}") != nil)
        #expect(try Pattern("^.$").firstMatch(in: "e\u{301}") == nil)
        #expect(try Pattern("^.$").firstMatch(in: "😀") != nil)
        #expect(try Pattern("^\\s+$").firstMatch(in: "\u{1C}\u{A0}\u{3000}\u{85}") != nil)
        #expect(try Pattern("\\s").firstMatch(in: "\u{180E}\u{200B}\u{FEFF}") == nil)
    }

    @Test("one pattern serves many tasks at once")
    func sharing() async throws {
        let pattern = try Pattern("\\bnote (?P<x>(?:\\w+ ?)*?) end\\b")
        let text = String(repeating: "w ", count: 3_000) + "note a b end"
        let found = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try? pattern.firstMatch(in: text)?["x"] } }
            return await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(found == Array(repeating: "a b", count: 50))
    }

    @Test("the number of matches is limited")
    func matchLimit() throws {
        #expect(try Pattern("a*").matches(in: "aXaa", limit: 2).map(\.text) == ["a", ""])
    }

    @Test(
        "a pattern that explodes is stopped, whatever the text",
        arguments: [
            "(a+)+$", "(a*)*b", "(a|aa)+$", "(a|a?)+$", "^(a+)+$", "([a-zA-Z]+)*!", "(.*)*=", "(a+){10}$",
            "(?:a|a|a)*c",
            "(x+x+)+y", "(?=(a+))a*b\\1!", "((a|b)*)*c", "(.*?,){25}P", "(a?){30}a{30}", "(\\w+\\s?)+$", "(.*)\\1\\1!",
        ])
    func explodingPatterns(text: String) throws {
        let pattern = try Pattern(text)
        for subject in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27",
        ] {
            let long = String(repeating: subject, count: 400)
            for text in [subject, long, long + "b", "b" + long] {
                let error = problem { () throws(ExpressionError) in _ = try pattern.firstMatch(in: text) }
                #expect(error == nil || error?.code == .tooComplex)
            }
        }
    }

    @Test("the work of all matches together is bounded, not that of each")
    func allMatches() throws {
        let text = String(repeating: String(repeating: "a", count: 20) + "!b", count: 2_000)
        let error = problem { () throws(ExpressionError) in
            _ = try Pattern("(a+)+c|b").matches(in: text, limit: 10_000)
        }
        #expect(error?.code == .tooComplex)
    }

    @Test(
        "reading on to the end of a long text from each place is stopped, although PCRE2 counts it as nothing",
        arguments: ["[xa]a*+b", "(?=(a+))a*b\\1", "a{1,1000}b", "a*?a*?a*?b", "[ax]a{5000}b", "(.+)\\1+$"])
    func uncountedWork(text: String) throws {
        // Possessive repetition is Python's since 3.11.
        guard let pattern = try? Pattern(text) else { return }
        let error = problem { () throws(ExpressionError) in
            _ = try pattern.firstMatch(in: String(repeating: "a", count: 1_000_000))
        }
        #expect(error == nil || error?.code == .tooComplex)
    }

    @Test("what is linear in a text of many lines is found")
    func manyLines() throws {
        let line = "2026-11-21 10:00:00,123 ERROR host-17 could not connect: timed out after 30 s\n"
        let text = String(repeating: line, count: 20_000)
        for (pattern, count) in [
            ("ERROR (\\S+) (.*)", 20_000), ("(?m)^\\S+ \\S+ (INFO|WARN|ERROR)", 20_000), ("\\n", 20_000),
            ("CRITICAL", 0),
            ("[A-Z]{5,}", 20_000), ("after (\\d+)( s)?$", 1),
        ] {
            #expect(try Pattern(pattern).matches(in: text, limit: 100_000).count == count, "\(pattern)")
        }
    }

    @Test("counting the work changes nothing in what is found")
    func countedForm() throws {
        // Long enough for the form that counts; the recorded cases are short.
        let padding = String(repeating: ".", count: 5_000)
        var count = 0
        for record in try Fixture.cases("pattern-cases.json") {
            guard let pattern = try? Pattern(record["pattern"]?.string ?? "") else { continue }
            for subject in record["subjects"]?.array ?? [] {
                let text = subject["text"]?.string ?? ""
                // Behind so many dots the places differ, so both forms see the same text but for its length.
                guard let long = try? pattern.matches(in: text + padding, limit: 100).first,
                    let short = try? pattern.matches(in: text + padding.prefix(100), limit: 100).first,
                    short.range.upperBound < text.utf8.count
                else { continue }
                count += 1
                #expect(long.range == short.range, "\(pattern.text) in \(text)")
                #expect((0...pattern.groupCount).allSatisfy { long[$0] == short[$0] }, "\(pattern.text) in \(text)")
            }
        }
        #expect(count > 100)
    }

    @Test("the limit is reached by (a+)+$ and the error says so")
    func tooComplex() throws {
        let pattern = try Pattern("(a+)+$")
        let error = problem { () throws(ExpressionError) in
            _ = try pattern.firstMatch(in: String(repeating: "a", count: 40) + "!")
        }
        #expect(error?.code == .tooComplex)
        #expect(error?.hint != nil)
    }

    @Test("one costly place in a long text does not spoil the search")
    func costlyPlace() throws {
        let pattern = try Pattern("\\bnote (?P<x>(?:\\w+ ?)*?) end\\b")
        let text =
            String(repeating: "some words ", count: 2_000) + "note " + String(repeating: "w ", count: 2_000) + " end"
        #expect(try pattern.firstMatch(in: text)?["x"]?.utf8.count == 4_000)
    }

    @Test("patterns that are too large or too deep are refused, not compiled")
    func tooLarge() {
        for text in [
            String(repeating: "a", count: 70_000),
            String(repeating: "(", count: 5_000) + String(repeating: ")", count: 5_000),
            "((((a{1000}){1000}){1000}){1000})", "a{70000}", String(repeating: "(a)", count: 2_000),
        ] {
            #expect(problem { () throws(ExpressionError) in _ = try Pattern(text) } != nil)
        }
    }

    @Test("a run of characters that is read in blocks gives back as many as the rest of the pattern needs")
    func longRuns() throws {
        let text = String(repeating: "b", count: 100_000)
        let match = try #require(try Pattern("(\\w+)b(\\w{3})$").firstMatch(in: text))
        #expect(match[1]?.utf8.count == 99_996)
        #expect(try Pattern("\\A\\w++b").firstMatch(in: text) == nil)
        #expect(try Pattern("\\s*(\\S*)\\s").firstMatch(in: text + " ")?[1]?.utf8.count == 100_000)
        #expect(try Pattern("\\w{2,}?b").firstMatch(in: text)?.text == "bbb")
    }

    @Test("random patterns and texts neither crash nor hang")
    func fuzz() throws {
        var generator = SeededGenerator(seed: 7)
        let pieces = [
            "(", ")", "[", "]", "{", "}", "?", "*", "+", "|", "^", "$", "\\", "a", "b", "é", "1", "2", ",", "-", "(?:",
            "(?P<n>", "(?i)",
            "(?<=", "(?=", "\\1", "\\b", "\\s", "[^", "{2}", "{,3}", "++", "*?", "(?x)", "#", "\n", ":", "=", "!", "<",
            ">", "P", "\u{0}",
        ]
        var compiled = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            guard let pattern = try? Pattern(text) else { continue }
            compiled += 1
            _ = try? pattern.matches(in: "aab éb1\n2,a", limit: 50)
        }
        #expect(compiled > 1_000)
    }
}
