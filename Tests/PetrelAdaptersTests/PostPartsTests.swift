import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelAdapters

@Suite("A long text in parts")
struct PostPartsTests {
    private func parts(_ text: String, _ length: Int, anywhere: Bool = true) -> [String] {
        PostParts.parts(of: text, maxLength: length, opensAnywhere: anywhere)
    }

    @Test("a text that fits stays whole")
    func whole() { #expect(parts("a\nb", 64) == ["a\nb"]) }

    @Test("a text is cut between lines")
    func lines() {
        let lines = (0..<40).map { "line \($0) of the text" }
        let parts = parts(lines.joined(separator: "\n"), 100)
        #expect(parts.count > 5)
        #expect(parts.allSatisfy { $0.utf16.count <= 100 })
        #expect(parts.joined(separator: "\n") == lines.joined(separator: "\n"))
    }

    @Test("a code block is closed before a cut and opened again after it")
    func fences() {
        let text = "out:\n```\n" + (0..<30).map { "row \($0)" }.joined(separator: "\n") + "\n```\nend"
        let parts = parts(text, 80)
        for part in parts {
            #expect(part.utf16.count <= 80)
            #expect(part.split(separator: "```", omittingEmptySubsequences: false).count % 2 == 1, "\(part)")
        }
        #expect(parts.dropFirst().first?.hasPrefix("```\n") == true)
        for row in 0..<30 { #expect(parts.contains { $0.contains("row \(row)\n") }) }
    }

    @Test("a line that is longer than a part is cut, but not within a letter, an entity or a run of backticks")
    func longLines() {
        #expect(parts(String(repeating: "x", count: 300), 64).joined() == String(repeating: "x", count: 300))
        let entities = parts(String(repeating: "&amp;", count: 100), 64)
        #expect(entities.allSatisfy { $0.replacing("&amp;", with: "").isEmpty })
        let letters = parts(String(repeating: "👩‍👩‍👧‍👦", count: 40), 64)
        #expect(letters.allSatisfy { $0.allSatisfy { $0 == "👩‍👩‍👧‍👦" } })
        #expect(letters.joined().count == 40)
    }

    @Test("every hostile text fits after cutting, and nothing is lost")
    func hostile() {
        for text in HostileText.all {
            for anywhere in [true, false] {
                let parts = parts(text, 70, anywhere: anywhere)
                #expect(parts.allSatisfy { $0.utf16.count <= 70 })
                let kept = parts.joined().filter { $0 != "`" && $0 != "\n" }
                #expect(kept == text.filter { $0 != "`" && $0 != "\n" })
            }
        }
    }

    @Test("a text over the threshold becomes its beginning and a file")
    func file() {
        let text = (0..<2000).map { "line \($0)" }.joined(separator: "\n")
        let post = Samples.post("1", to: Samples.message("x"), text: text)
        let sizes = PostPlan.Sizes(message: 400, fileAbove: 1000, beginning: 300, fencesOpenAnywhere: true)
        let plan = PostPlan(post, sizes: sizes) { $0 }
        guard plan.steps.count == 2, case .message(let head) = plan.steps[0], case .file(let file) = plan.steps[1]
        else {
            Issue.record("\(plan.steps.count) steps")
            return
        }
        #expect(head.utf16.count <= 400)
        #expect(head.hasPrefix("line 0\n"))
        #expect(file.bytes == Array(text.utf8))
    }

    @Test("control characters, colours and direction marks are taken out")
    func cleaned() {
        #expect(PlainText.cleaned("\u{1B}[31mred\u{1B}[0m\u{0}\u{202E}\r\n\tx") == "red\n\tx")
        #expect(PlainText.cleaned("é😀") == "é😀")
        #expect(PlainText.isBlank(" \n\u{200B}"))
    }
}
