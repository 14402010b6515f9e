import Foundation
import PetrelCore
import PetrelTestKit
import Testing

/// Slack's own library, from PyPI, reads what a real service posts.
@Suite("Slack's own library")
struct SlackSDKTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A Python that has the library; made once below `.build`.
    private static func python() async throws -> String? {
        let folder = root.appending(path: ".build/slack_sdk").path
        let program = folder + "/bin/python"
        if FileManager.default.fileExists(atPath: folder + "/ready") { return program }
        guard (try? await TestProgram.run("python3", ["-m", "venv", folder], within: .seconds(240)))?.code == 0,
            (try? await TestProgram.run(
                program, ["-m", "pip", "-q", "install", "slack_sdk==3.37.0"], within: .seconds(240)))?.code == 0
        else { return nil }
        try Data().write(to: URL(filePath: folder + "/ready"))
        return program
    }

    @Test("it parses and writes again all that Petrel posts")
    func posts() async throws {
        guard let python = try await Self.python() else {
            print("skipped slack_sdk: python3-venv or the package index is not there")
            return
        }
        let chat = try await ChatService(.slack)
        let service = try await chat.start()
        for (text, answer) in [
            ("!say <one> & *two*", "done"), ("!show it", "shown it"), ("!speak", "needs text"), ("!help", "claim"),
            ("!nothing", "I don't know"), ("!status", "Execution"),
        ] as [(Value, Value)] {
            try await chat.fake.control(
                "message", ["text": text, "channel": "C0CHAN0001", "contains": answer, "timeout": 20])
        }
        let script = Self.root.appending(path: "Tests/Harness/slack_posts.py").path
        let ended = try await TestProgram.run(python, [script, chat.fake.url, "C0CHAN0001"])
        print(ended.out.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
        try await service.stop()
    }
}
