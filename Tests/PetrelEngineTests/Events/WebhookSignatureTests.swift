import PetrelCore
import PetrelTestKit
import Testing

@testable import PetrelEngine

@Suite("Webhook signatures")
struct WebhookSignatureTests {
    private let clock = ManualClock()
    private let digest = PlainDigest()

    private func signatures() -> WebhookSignatures {
        WebhookSignatures(
            [
                SignedWebhook(url: "/gh/", scheme: .github, secret: Secret("s1")),
                SignedWebhook(url: "gl", scheme: .gitlab, secret: Secret("s2")),
                SignedWebhook(url: "sl", scheme: .slack, secret: Secret("s3")),
            ], digest: digest, clock: clock)
    }

    /// Under which name a request is taken once; nil for one that is refused.
    private func source(
        _ signatures: WebhookSignatures, _ url: String, _ body: String, _ headers: [String: String]
    ) -> EventSource? {
        try? signatures.check(url, body: Array(body.utf8)) { headers[$0] }
    }

    private func hmac(_ text: String, _ key: String) -> String {
        digest.hmacSHA256(Array(text.utf8), key: Array(key.utf8))
    }

    @Test("each sender's signed request has a name of its own, by which a replay is known")
    func good() {
        let signatures = signatures()
        let github = ["x-hub-signature-256": "sha256=" + hmac("{}", "s1"), "x-github-delivery": "1"]
        let first = source(signatures, "gh", "{}", github)
        #expect(first != nil && first != .outside)
        #expect(source(signatures, "gh", "{}", github.merging(["x-github-delivery": "2"]) { $1 }) == first, "a replay")
        let other = ["x-hub-signature-256": "sha256=" + hmac("{ }", "s1")]
        #expect(source(signatures, "gh", "{ }", other) != first)
        let gitlab = ["x-gitlab-token": "s2", "x-gitlab-event-uuid": "u"]
        #expect(source(signatures, "gl", "{}", gitlab) != nil)
        #expect(source(signatures, "gl", "{}", ["x-gitlab-token": "s2"]) == .outside, "it names no event")
        let time = String(clock.now.microseconds / 1_000_000)
        let slack = [
            "x-slack-request-timestamp": time, "x-slack-signature": "v0=" + hmac("v0:\(time):a=b", "s3"),
        ]
        #expect(source(signatures, "sl", "a=b", slack) == source(signatures, "sl", "a=b", slack))
        #expect(source(signatures, "sl", "a=b", slack) != nil)
        #expect(signatures.isSigned("gh") && !signatures.isSigned("other"))
    }

    @Test("wrong, missing, old and misplaced signatures are refused")
    func bad() {
        let signatures = signatures()
        var accepted = 0
        let old = String(clock.now.microseconds / 1_000_000 - 301)
        let now = String(clock.now.microseconds / 1_000_000)
        let tries: [(String, String, [String: String])] = [
            ("gh", "{}", [:]), ("gh", "{}", ["x-hub-signature-256": ""]),
            ("gh", "{}", ["x-hub-signature-256": "sha256=" + hmac("{}", "s2")]),
            ("gh", "{ }", ["x-hub-signature-256": "sha256=" + hmac("{}", "s1")]),
            ("gh", "{}", ["x-hub-signature-256": hmac("{}", "s1")]),
            ("gh", "{}", ["x-hub-signature": "sha256=" + hmac("{}", "s1")]),
            ("gl", "{}", ["x-gitlab-token": "s"]), ("gl", "{}", ["x-gitlab-token": "s22"]), ("gl", "{}", [:]),
            ("sl", "a", ["x-slack-request-timestamp": old, "x-slack-signature": "v0=" + hmac("v0:\(old):a", "s3")]),
            ("sl", "a", ["x-slack-request-timestamp": now, "x-slack-signature": "v0=" + hmac("v0:\(old):a", "s3")]),
            ("sl", "a", ["x-slack-request-timestamp": "99999999999999", "x-slack-signature": "v0="]),
            ("sl", "a", ["x-slack-signature": "v0=" + hmac("v0::a", "s3")]),
            ("none", "{}", ["x-hub-signature-256": "sha256=" + hmac("{}", "s1")]),
        ]
        for (url, body, headers) in tries where source(signatures, url, body, headers) != nil { accepted += 1 }
        #expect(accepted == 0)
    }
}
