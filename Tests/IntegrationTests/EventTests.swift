import Foundation
import PetrelTestKit
import Testing

/// Webhooks and sensors against the real service.
@Suite("Events from outside", .serialized)
struct EventTests {
    private static let checks = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Harness/event_checks.py").path

    private func check(_ name: String) async throws { try await run([Self.checks, name]) }

    private func run(_ arguments: [String]) async throws {
        let ended = try await TestProgram.run(
            "python3", arguments + [ServiceProcess.programs + "/petrel"], within: .seconds(240))
        print(ended.out)
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
    }

    @Test("a webhook takes what is signed or has a token, once, and evaluates nothing")
    func hostile() async throws { try await check("hostile") }

    @Test("sensors of a pack tell of events, are started again when they fail, and end with the service")
    func sensors() async throws { try await check("sensors") }

    @Test("actions, requests, aliases and rules tell on their routes; traces join what somebody asks for")
    func notices() async throws { try await check("notices") }

    @Test("a real Alertmanager's alert starts a workflow, whose end is told in chat, once, though the service dies")
    func alertmanager() async throws {
        let harness = URL(filePath: Self.checks).deletingLastPathComponent().appending(path: "alertmanager.py").path
        try await run([harness])
    }
}
