import Foundation
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
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", script, url.host() ?? "", String(url.port ?? 0), token, String(service.processIdentifier),
        ]
        let out = Pipe()
        process.standardOutput = out
        process.standardError = out
        try process.run()
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        print(text.split(separator: "\n").last.map(String.init) ?? "")
        #expect(process.terminationStatus == 0, "\(text)")
    }
}
