import Foundation
import PetrelTestKit
import Testing

/// Webhooks and sensors against the real service.
@Suite("Events from outside", .serialized)
struct EventTests {
    private static let checks = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Harness/event_checks.py").path

    private func check(_ name: String) async throws {
        let ended = try await TestProgram.run(
            "python3", [Self.checks, name, ServiceProcess.programs + "/petrel"], within: .seconds(240))
        print(ended.out)
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
    }

    @Test("a webhook takes what is signed or has a token, once, and evaluates nothing")
    func hostile() async throws { try await check("hostile") }

    @Test("sensors of a pack tell of events, are started again when they fail, and end with the service")
    func sensors() async throws { try await check("sensors") }
}
