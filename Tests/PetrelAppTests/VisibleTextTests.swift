import Testing

@testable import PetrelApp

@Suite("Visible text")
struct VisibleTextTests {
    @Test("no control character reaches the terminal")
    func controls() {
        let all = String(String.UnicodeScalarView((0...0x9F).compactMap { Unicode.Scalar($0) }))
        let shown = VisibleText.line(all)
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    }
}
