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

    private func isAccepted(
        _ signatures: WebhookSignatures, _ url: String, _ body: String, _ headers: [String: String]
    ) -> Bool {
        do {
            try signatures.check(url, body: Array(body.utf8)) { headers[$0] }
            return true
        } catch { return false }
    }

    private func hmac(_ text: String, _ key: String) -> String {
        digest.hmacSHA256(Array(text.utf8), key: Array(key.utf8))
    }

    @Test("each sender's signature is taken once")
    func good() {
        let signatures = signatures()
        let github = ["x-hub-signature-256": "sha256=" + hmac("{}", "s1"), "x-github-delivery": "1"]
        #expect(isAccepted(signatures, "gh", "{}", github))
        #expect(!isAccepted(signatures, "gh", "{}", github))
        #expect(!isAccepted(signatures, "gh", "{}", github.merging(["x-github-delivery": "2"]) { $1 }), "a replay")
        let gitlab = ["x-gitlab-token": "s2", "x-gitlab-event-uuid": "u"]
        #expect(isAccepted(signatures, "gl", "{}", gitlab))
        #expect(!isAccepted(signatures, "gl", "{}", gitlab))
        let time = String(clock.now.microseconds / 1_000_000)
        let slack = [
            "x-slack-request-timestamp": time, "x-slack-signature": "v0=" + hmac("v0:\(time):a=b", "s3"),
        ]
        #expect(isAccepted(signatures, "sl", "a=b", slack))
        #expect(!isAccepted(signatures, "sl", "a=b", slack))
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
        for (url, body, headers) in tries where isAccepted(signatures, url, body, headers) { accepted += 1 }
        #expect(accepted == 0)
    }
}
