import Foundation
import PetrelTestKit
import Testing

@Suite("Clients that behave badly")
struct RudeClientTests {
    @Test("idle connections, bodies that never end and streams that nobody reads hold up nobody else")
    func rude() async throws {
        let service = try await ServiceProcess()
        let url = try #require(URL(string: try service.url))
        let token = try service.text("admin-token").trimmingCharacters(in: .whitespacesAndNewlines)
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Harness/rude_clients.py").path
        let ended = try await TestProgram.run(
            "python3",
            [script, url.host() ?? "", String(url.port ?? 0), token, String(service.processIdentifier)])
        let text = ended.out + ended.error
        print(text.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(text)")
    }
}
