import Foundation
import Testing

@testable import PetrelAdapters

@Suite("Slack's app manifest")
struct SlackManifestTests {
    @Test("the file in the folder is what the command prints")
    func file() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "adapters/slack/app-manifest.yaml")
        #expect(try String(contentsOf: file, encoding: .utf8) == SlackManifest.yaml)
    }

    @Test("each kind of conversation has the scope that its events need")
    func scopes() {
        for (event, scope) in [
            ("app_mention", "app_mentions:read"), ("message.channels", "channels:history"),
            ("message.groups", "groups:history"), ("message.im", "im:history"), ("message.mpim", "mpim:history"),
        ] {
            #expect(SlackManifest.yaml.contains("- \(event)\n") && SlackManifest.yaml.contains("- \(scope)\n"))
        }
        #expect(!SlackManifest.yaml.contains("chat:write.public") && !SlackManifest.yaml.contains("admin"))
    }
}
