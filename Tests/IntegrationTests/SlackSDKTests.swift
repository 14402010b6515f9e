import Foundation
import PetrelCore
import PetrelTestKit
import Testing

/// Slack's own library, from PyPI, reads what a real service posts.
@Suite("Slack's own library")
struct SlackSDKTests {
    @Test("it parses and writes again all that Petrel posts")
    func posts() async throws {
        guard let python = try await SlackSDK.python() else { return }
        let chat = try await ChatService(.slack)
        let service = try await chat.start()
        for (text, answer) in [
            ("!say <one> & *two*", "done"), ("!show it", "shown it"), ("!speak", "needs text"), ("!help", "claim"),
            ("!nothing", "I don't know"), ("!status", "Execution"),
        ] as [(Value, Value)] {
            try await chat.fake.control(
                "message", ["text": text, "channel": "C0CHAN0001", "contains": answer, "timeout": 20])
        }
        let ended = try await TestProgram.run(
            python, [SlackSDK.script("slack_posts.py"), chat.fake.url, "C0CHAN0001"])
        print(ended.out.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
        try await service.stop()
    }
}
