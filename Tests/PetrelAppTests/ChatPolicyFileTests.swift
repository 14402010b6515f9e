import Foundation
import PetrelEngine
import Testing

@testable import PetrelApp

@Suite("The file of the chat policy")
struct ChatPolicyFileTests {
    private func read(_ yaml: String) throws(AppError) -> ChatPolicy {
        try ChatPolicyFile.policy(Array(yaml.utf8), file: "policy.yaml")
    }

    @Test("its rules are read, as the manual shows them")
    func manual() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let manual = try String(contentsOf: root.appending(path: "docs/chat.md"), encoding: .utf8)
        let sample = try #require(
            manual.components(separatedBy: "```yaml\n").map { $0.components(separatedBy: "```")[0] }.first {
                $0.hasPrefix("rules:")
            })
        let policy = try read(sample)
        #expect(policy.rules.map(\.aliases) == [["deploy.*"], ["deploy.rollback"]])
        #expect(policy.rules[0].channels == ["#ops", "direct"] && policy.rules[0].reason != nil)
        #expect(policy.rules[1].users == ["ann", "acme:U024BE7LH"])
    }

    @Test(
        "a mistake is told with its place, and an empty list is one",
        arguments: [
            (
                "rules: [{aliases: [a], chanels: [b]}]",
                "policy.yaml:1:24: a rule has no \"chanels\". Did you mean \"channels\"?"
            ),
            (
                "rules: [{aliases: [a], users: []}]",
                "policy.yaml:1:24: \"users\" must be a list of texts with at least one"
            ),
            ("rules: [{users: [ann]}]", "policy.yaml:1:9: a rule needs \"aliases\""),
            ("rules: [{aliases: [1]}]", "policy.yaml:1:10: \"aliases\" must be a list of texts with at least one"),
            ("rule: []", "policy.yaml: the policy must hold \"rules\", a list, and nothing else"),
            ("rules: [", "policy.yaml:"),
        ])
    func mistakes(_ yaml: String, _ expected: String) {
        #expect {
            try read(yaml)
        } throws: { error in
            "\(error)".hasPrefix(expected)
        }
    }
}
