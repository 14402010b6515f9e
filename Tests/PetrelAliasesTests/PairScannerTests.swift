import Testing

@testable import PetrelAliases

private func pairs(_ text: String) -> [String] { CommandText(text).pairs.map { "\($0.key)→\($0.value)" } }

@Suite("Pairs at the end of a command")
struct PairScannerTests {
    @Test("values are words, quoted texts and objects")
    func values() {
        #expect(
            pairs("x a=1 b=\"v w\" c='q' d={\"k\": 1} e=\"\" f=''") == [
                "a→1", "b→v w", "c→q", "d→{\"k\": 1}", "e→", "f→",
            ])
    }

    @Test("only pairs that lead to the end count")
    func onlyTrailing() {
        #expect(pairs("a=1 trailing").isEmpty)
        #expect(pairs("a=\"1 trailing").isEmpty)
        #expect(pairs("x a=1 y b=2") == ["b→2"])
        #expect(pairs("a = 1").isEmpty)
        #expect(pairs("a =1") == ["a→1"])
        #expect(pairs("==1") == ["=→1"])
        #expect(pairs("=1").isEmpty)
    }

    @Test("the text of the pairs is taken out wherever it occurs")
    func cutEverywhere() {
        #expect(CommandText("note x=1 y x=1").padded == " note y ")
        #expect(CommandText("a b=1 end b=1").padded == " a end ")
        #expect(CommandText("x=1 x=1").padded == "  ")
    }

    /// How many places the scanner looked at.
    private func steps(_ text: String) -> Int {
        var scanner = PairScanner(text)
        _ = scanner.scan()
        return scanner.steps
    }

    @Test(
        "the work is linear in the length, also where the reference takes hours",
        arguments: [
            ("k=\"v w\" ", "end"), ("k=\"v w\" ", ""), ("k='v ", "end"), ("k={a ", "end"), ("k=\"", ""),
            ("a=1 ", "b=1"), ("a=1 ", ""),
            ("= ", "=1"), ("=", "1"), ("a =b ", ""), ("a=\"b\"c ", "x"), ("\"", "a=\""), ("a=\"\" ", "x"),
            ("a='b\" c={ ", "d=}"), ("\n", "a=1"),
            ("x=1 y ", "x=1 y=2"), ("aa=1", " a=1"), ("é=“ ", "é=1"),
        ])
    func linear(piece: String, end: String) {
        let short = "do " + String(repeating: piece, count: 2_000) + end
        let long = "do " + String(repeating: piece, count: 8_000) + end
        let length = long.unicodeScalars.count
        #expect(steps(long) <= 8 * length + 100)
        #expect(steps(long) <= 4 * steps(short) + 200)
    }

    @Test("2,000 pairs and a plain word are no pairs, and 2,000 pairs are 2,000")
    func manyPairs() {
        let text = (0..<2_000).map { "k\($0)=\"v w\"" }.joined(separator: " ")
        #expect(pairs("do \(text) end").isEmpty)
        #expect(pairs("do \(text)").count == 2_000)
    }

    @Test("a message without an equal sign costs nothing but its reading")
    func noSign() {
        let text = String(repeating: "word ", count: 1_000)
        #expect(steps(text) == text.unicodeScalars.count)
    }
}
