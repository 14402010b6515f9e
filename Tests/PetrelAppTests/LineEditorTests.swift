import Testing

@testable import PetrelApp

@Suite("Keys")
struct KeyDecoderTests {
    private static let table: [(String, [Key])] = [
        ("ab", [.text("ab")]), ("a\r", [.text("a"), .enter]), ("\n", [.enter]), ("\t", [.tab]),
        ("\u{7F}\u{8}", [.backspace, .backspace]), ("\u{1}\u{5}", [.control("a"), .control("e")]),
        ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
        ("\u{1B}OA\u{1B}OH\u{1B}OF", [.up, .home, .end]),
        ("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~", [.home, .end, .home, .end]),
        ("\u{1B}[3~", [.delete]), ("\u{1B}[1;5C\u{1B}[1;5D", [.wordRight, .wordLeft]),
        ("\u{1B}b\u{1B}f\u{1B}\u{7F}", [.wordLeft, .wordRight, .control("w")]), ("\u{1B}[15~x", [.text("x")]),
        ("\u{1B}xy", [.text("xy")]), ("世界👩‍🚀", [.text("世界👩‍🚀")]),
        ("\u{1B}[200~one\rtwo\u{1B}[31m\u{1B}[201~x", [.paste("one\rtwo\u{1B}[31m"), .text("x")]),
        ("\u{1B}[200~\u{1B}[201~", [.paste("")]),
    ]

    @Test("bytes become keys", arguments: table)
    func keys(input: String, expected: [Key]) {
        var decoder = KeyDecoder()
        #expect(decoder.keys(Array(input.utf8)) == expected)
    }

    @Test("bytes that arrive one by one become the same keys", arguments: table)
    func pieces(input: String, expected: [Key]) {
        var decoder = KeyDecoder()
        let keys = input.utf8.flatMap { decoder.keys([$0]) }
        #expect(merged(keys) == merged(expected))
    }

    @Test("bytes that are no text do no harm")
    func garbage() {
        var decoder = KeyDecoder()
        _ = decoder.keys([0xFF, 0xC3, 0x28, 0xF0, 0x9F, 0x1B, 0x5B] + [UInt8](repeating: 0x31, count: 100))
        #expect(decoder.keys(Array("ok\r".utf8)).last == .enter)
    }

    @Test("a paste is bounded")
    func paste() {
        var decoder = KeyDecoder()
        let bytes = Array("\u{1B}[200~".utf8) + [UInt8](repeating: 0x61, count: 300_000) + Array("\u{1B}[201~".utf8)
        var length = 0
        for start in stride(from: 0, to: bytes.count, by: 4096) {
            for case .paste(let text) in decoder.keys(Array(bytes[start..<min(start + 4096, bytes.count)])) {
                length = text.utf8.count
            }
        }
        #expect((1...70_000).contains(length))
    }

    private func merged(_ keys: [Key]) -> [Key] {
        keys.reduce(into: []) { merged, key in
            if case .text(let new) = key, case .text(let old) = merged.last {
                merged[merged.count - 1] = .text(old + new)
            } else {
                merged.append(key)
            }
        }
    }
}

@Suite("Line editor")
struct LineEditorTests {
    /// Keystrokes as a terminal sends them, and the line with `|` for the cursor.
    private static let strokes: [(String, String)] = [
        ("abc", "abc|"), ("abc\u{1B}[D\u{1B}[DX", "aX|bc"), ("abc\u{1}X", "X|abc"), ("abc\u{1}\u{5}X", "abcX|"),
        ("abc\u{1}\u{1B}[3~", "|bc"), ("abc\u{7F}", "ab|"), ("abc\u{1}\u{7F}", "|abc"), ("abc\u{1B}[D\u{4}", "ab|"),
        ("one two\u{17}", "one |"), ("one two \u{17}", "one |"), ("one two\u{15}", "|"),
        ("one two\u{1B}[D\u{15}", "|o"),
        ("one two\u{1B}b\u{B}", "one |"), ("one two\u{17}\u{1}\u{19}", "two|one "),
        ("one two\u{1B}b\u{1B}bX", "X|one two"),
        ("one two\u{1}\u{1B}fX", "oneX| two"), ("世界\u{1B}[DX", "世X|界"), ("e\u{301}x\u{7F}\u{7F}", "|"),
        ("e\u{1B}[D\u{1B}[C\u{301}", "é|"), ("abc\u{3}", "|"), ("a\u{1B}[200~b\nc\n\u{1B}[201~", "ab c|"),
        ("\u{1B}[200~x\u{1B}[2J\u{1B}[201~", "x␛[2J|"), ("👩‍🚀a\u{7F}\u{7F}", "|"), ("abc\u{2}\u{2}\u{6}X", "abX|c"),
    ]

    @Test("keystrokes change the line", arguments: strokes)
    func line(input: String, expected: String) {
        var editor = LineEditor()
        type(input, into: &editor)
        #expect(shown(editor) == expected)
    }

    @Test("enter gives the line without the blanks around it and begins a new one")
    func submit() {
        var editor = LineEditor()
        #expect(type("  ping x \r", into: &editor).last == .submit("ping x"))
        #expect(shown(editor) == "|")
        #expect(type("   \r", into: &editor).last == .redraw)
    }

    @Test("control-C clears the line and hints when it is empty, control-D leaves an empty line")
    func control() {
        var editor = LineEditor()
        #expect(type("a\u{3}", into: &editor).last == .redraw)
        #expect(type("\u{3}", into: &editor).last == .hint)
        #expect(type("a\u{1}\u{4}", into: &editor).last == .redraw)
        #expect(type("\u{4}", into: &editor).last == .leave)
        #expect(type("\u{C}", into: &editor).last == .clearScreen)
    }

    @Test("up and down go through the history and come back to what was typed")
    func history() {
        var editor = LineEditor(history: InputHistory(["one", "two"]))
        type("draft\u{1B}[A", into: &editor)
        #expect(editor.text == "two")
        type("\u{1B}[A", into: &editor)
        #expect(editor.text == "one")
        #expect(type("\u{1B}[A", into: &editor).last == .bell)
        type("\u{1B}[B\u{1B}[B", into: &editor)
        #expect(editor.text == "draft")
        #expect(type("\u{1B}[B", into: &editor).last == .bell)
        let isNew = [editor.remember("three"), editor.remember("three")]
        #expect(isNew == [true, false])
        type("\u{15}\u{1B}[A", into: &editor)
        #expect(editor.text == "three")
    }

    @Test("the history keeps the newest thousand lines")
    func boundedHistory() {
        var history = InputHistory((0..<2000).map(String.init))
        #expect(history.lines.count == 1000)
        _ = history.add("new")
        #expect(history.lines.count == 1000)
        #expect(history.lines.last == "new")
    }

    @Test(
        "tab completes as far as all commands agree",
        arguments: [
            ("dep\t", "deploy |"), ("!dep\t", "!deploy |"), ("pa\t", "pack in|"), ("pack i\t", "pack install |"),
            ("x\t", "x|"), ("pack \t", "pack in|"), ("世\t", "世界 |"),
        ])
    func completion(input: String, expected: String) {
        var editor = LineEditor()
        editor.commands = ["deploy", "pack install", "pack info list", "世界"]
        editor.prefix = "!"
        if input == "pack i\t" { editor.commands.remove(at: 2) }
        type(input, into: &editor)
        #expect(shown(editor) == expected)
    }

    @Test("a second tab shows what there is to choose from")
    func choices() {
        var editor = LineEditor()
        editor.commands = ["pack install", "pack info"]
        #expect(type("pack in\t", into: &editor).last == .choices(["pack install", "pack info"]))
    }

    @Test("a line has a bound")
    func bound() {
        var editor = LineEditor()
        editor.replace(with: String(repeating: "a", count: LineEditor.maxBytes))
        #expect(editor.take(.text("b")) == .bell)
        #expect(editor.text.utf8.count == LineEditor.maxBytes)
    }

    @discardableResult
    private func type(_ input: String, into editor: inout LineEditor) -> [LineEditor.Action] {
        var decoder = KeyDecoder()
        return decoder.keys(Array(input.utf8)).map { editor.take($0) }
    }

    private func shown(_ editor: LineEditor) -> String {
        String(editor.characters[..<editor.cursor]) + "|" + String(editor.characters[editor.cursor...])
    }
}
