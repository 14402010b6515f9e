import Foundation
import PetrelCore
import PetrelExpressions
import Testing

/// Mutations of the recorded documents: each is read or refused within limits, and nothing crashes.
@Suite("YAML Fuzz")
struct YAMLFuzzTests {
    private static let limits = Limits(maxBytes: 4_000, maxDepth: 20, maxNodes: 500)
    private static let pieces = [
        "- ", "? ", ": ", "\n", "\n  ", "&a ", "*a", "<<: *a\n", "!!str ", "!!binary ", "!!set ", "!!omap ", "!x ",
        "|\n ",
        ">-\n ", "[", "]", "{", "}", ",", "'", "\"", "\\x4", "#", "%YAML 1.1\n", "---\n", "...\n", "\t", "\u{FEFF}",
        "é", "1:30",
        "0x", "2001-12-14T21:59:43.10-05:00", ".inf", "~", "\r", "\u{85}", "\u{2028}",
    ]

    @Test("mutated documents are read or refused, errors stand inside the text, and what was read is written again")
    func documents() throws {
        let rounds = ProcessInfo.processInfo.environment["PETREL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 5_000
        let corpus = try Fixture.cases("yaml-cases.json").compactMap { $0["input"]?.string }
        var generator = SeededGenerator(seed: 21)
        var read = 0
        for _ in 0..<rounds {
            var bytes = Array((corpus.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.mutate(&bytes, corpus, &generator) }
            do throws(ExpressionError) {
                let document = try YAMLReader.document(bytes, file: "f.yaml", limits: Self.limits)
                read += 1
                #expect(!YAMLWriter.text(document.value).isEmpty)
            } catch {
                let lines = bytes.count { $0 == 0x0A || $0 == 0x0D || $0 >= 0x80 } + 2
                #expect((error.location?.line ?? 1) <= lines, "\(bytes)")
            }
        }
        #expect(read > rounds / 20)
    }

    private static func mutate(_ bytes: inout [UInt8], _ corpus: [String], _ generator: inout SeededGenerator) {
        let at = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0...3, using: &generator) {
        case 0: bytes.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").utf8, at: at)
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...5, using: &generator)))
        case 2: bytes.insert(contentsOf: (corpus.randomElement(using: &generator) ?? "").utf8.prefix(40), at: at)
        default: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
        }
    }
}
