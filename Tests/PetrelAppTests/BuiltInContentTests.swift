import Foundation
import PetrelCore
import Testing

@testable import PetrelApp

@Suite("The built-in content")
struct BuiltInContentTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test("what is linked in is what stands in adapters/ and aliases/; make verify makes it anew")
    func upToDate() throws {
        let linked = try JSONReader.value(linkedContent(), limits: .ownDocument)
        #expect(linked == (try BuiltInContent.collect(from: root)))
    }

    @Test("every shipped alias has a test file")
    func tested() throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: root + "/aliases")
        for name in names where name.hasSuffix(".yaml") && !name.hasSuffix(".test.yaml") {
            let test = name.dropLast(5) + ".test.yaml"
            #expect(names.contains(String(test)), "\(name)")
        }
    }
}
