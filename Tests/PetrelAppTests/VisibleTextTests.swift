import Testing

@testable import PetrelApp

@Suite("Visible text")
struct VisibleTextTests {
    @Test("no control character reaches the terminal")
    func controls() {
        let all = String(String.UnicodeScalarView((0...0x9F).compactMap { Unicode.Scalar($0) }))
        let shown = VisibleText.line(all)
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        let lines = VisibleText.lines(all).joined()
        #expect(lines.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    }

    @Test(
        "what could steer a terminal or mislead a reader is shown as what it is",
        arguments: [
            ("\u{1B}[31mred", "␛[31mred"), ("a\u{7}b", "a␇b"), ("a\u{7F}", "a␡"), ("\u{9B}2J", "<U+009B>2J"),
            ("rm \u{202E}txt.exe", "rm <U+202E>txt.exe"), ("a\rb", "a␍b"), ("\u{0}", "␀"), ("héllo 世界 👩‍🚀", "héllo 世界 👩‍🚀"),
            ("a\nb\tc", "a b c"),
        ])
    func shown(text: String, expected: String) { #expect(VisibleText.line(text) == expected) }

    @Test("lines end at line feeds, with or without a carriage return, and tabs go to the next eighth column")
    func lines() {
        #expect(VisibleText.lines("a\r\nb\nc\td\r") == ["a", "b", "c       d␍"])
        #expect(VisibleText.lines("世界\tx") == ["世界    x"])
        #expect(VisibleText.lines("") == [""])
    }
}

@Suite("Display width")
struct DisplayWidthTests {
    @Test(
        "a character takes the columns that a terminal gives it",
        arguments: [
            ("abc", 3), ("", 0), ("é", 1), ("e\u{301}", 1), ("世界", 4), ("👍", 2), ("👩‍🚀", 2), ("🇩🇪", 2), ("❤️", 2),
            ("ﬀ", 1), ("한글", 4), ("ａ", 2), ("…", 1), ("▎", 1), ("\u{200B}", 0),
        ])
    func width(text: String, columns: Int) { #expect(DisplayWidth.of(text) == columns) }

    @Test(
        "a cut text never passes its width",
        arguments: [
            ("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("世界人", 4, "世…"), ("世界", 3, "世…"), ("ab", 0, ""),
            ("ab", 1, "…"),
        ])
    func cut(text: String, width: Int, expected: String) {
        let cut = DisplayWidth.cut(text, to: width)
        #expect(cut == expected)
        #expect(DisplayWidth.of(cut) <= width)
    }
}
