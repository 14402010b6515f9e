public import PetrelCore
import Synchronization

/// How a sender proves that a request to a webhook is its own.
public enum WebhookScheme: String, Sendable, CaseIterable {
    /// `X-Hub-Signature-256`: HMAC-SHA-256 of the body.
    case github
    /// `X-Gitlab-Token`: the secret itself.
    case gitlab
    /// `X-Slack-Signature`: HMAC-SHA-256 of version, time and body; good for five minutes.
    case slack
}

/// A webhook whose requests are signed instead of carrying a token.
public struct SignedWebhook: Sendable {
    /// The part of the URL after `/webhooks/`.
    public var url: String
    /// How the sender signs.
    public var scheme: WebhookScheme
    /// What sender and receiver share.
    public var secret: Secret<String>

    /// A signed webhook as the settings say.
    public init(url: String, scheme: WebhookScheme, secret: Secret<String>) {
        self.url = EventCatalog.webhookName(url)
        self.scheme = scheme
        self.secret = secret
    }
}

/// Checks signatures, and that no signed request is taken twice.
public final class WebhookSignatures: Sendable {
    /// How old a signed time may be.
    private static let window = Duration.seconds(300)
    /// How long a request is remembered; the service forgets all when it stops.
    private static let memorySpan = Duration.seconds(86_400)
    private static let mostRemembered = 100_000

    private struct Memory {
        var seen: [String: Instant] = [:]
        var order: [(key: String, at: Instant)] = []
        var first = 0

        mutating func forget(before: Instant, most: Int) {
            while first < order.count, order[first].at < before || order.count - first > most {
                seen[order[first].key] = nil
                first += 1
            }
            if first > 4096, first * 2 > order.count {
                order.removeFirst(first)
                first = 0
            }
        }
    }

    private let hooks: [String: SignedWebhook]
    private let digest: any Digest
    private let clock: any PetrelClock
    private let memory = Mutex(Memory())

    /// The signed webhooks of the settings.
    public init(_ hooks: [SignedWebhook], digest: any Digest, clock: any PetrelClock) {
        self.hooks = Dictionary(hooks.map { ($0.url, $0) }, uniquingKeysWith: { first, _ in first })
        self.digest = digest
        self.clock = clock
    }

    /// Whether requests to a webhook must be signed.
    public func isSigned(_ url: String) -> Bool { hooks[url] != nil }

    /// Whether the request is the sender's own and new.
    /// - Throws: `forbidden`, with a reason that tells a forger nothing.
    public func check(_ url: String, body: [UInt8], header: (String) -> String?) throws(CoreError) {
        guard let hook = hooks[url] else { throw refused }
        let key = Array(hook.secret.reveal().utf8)
        switch hook.scheme {
        case .gitlab:
            guard let token = header("x-gitlab-token"), isEqual(token, hook.secret.reveal()) else { throw refused }
            try note(header("x-gitlab-event-uuid").map { url + "\n" + $0 })
        case .github:
            let signature = "sha256=" + digest.hmacSHA256(body, key: key)
            guard let given = header("x-hub-signature-256"), isEqual(given, signature) else { throw refused }
            // The delivery's id is not signed, so the same body counts as the same request.
            try note(url + "\n" + signature)
        case .slack: try checkSlack(url, body, key, header)
        }
    }

    private func checkSlack(_ url: String, _ body: [UInt8], _ key: [UInt8], _ header: (String) -> String?)
        throws(CoreError)
    {
        guard let time = header("x-slack-request-timestamp"), time.utf8.count <= 12, let seconds = Int64(time),
            let given = header("x-slack-signature")
        else { throw refused }
        let age = clock.now - Instant(microseconds: seconds * 1_000_000)
        let signature = "v0=" + digest.hmacSHA256(Array("v0:\(time):".utf8) + body, key: key)
        guard isEqual(given, signature), (.zero - Self.window...Self.window).contains(age) else { throw refused }
        try note(url + "\n" + signature)
    }

    /// Remembers a request; a second one is refused.
    private func note(_ key: String?) throws(CoreError) {
        guard let key else { return }
        let now = clock.now
        let isNew = memory.withLock { memory in
            memory.forget(before: now - Self.memorySpan, most: Self.mostRemembered)
            guard memory.seen[key] == nil else { return false }
            memory.seen[key] = now
            memory.order.append((key, now))
            return true
        }
        if !isNew { throw CoreError(.forbidden, "The request was taken before.") }
    }

    private var refused: CoreError {
        CoreError(
            .forbidden, "The request is not signed as this webhook asks.",
            hint: "Compare the secret in the sender's settings with webhooks.signed")
    }

    /// Digests are compared, so that the time tells nothing about the secret or its length.
    private func isEqual(_ left: String, _ right: String) -> Bool {
        isEqualInConstantTime(digest.sha256(Array(left.utf8)), digest.sha256(Array(right.utf8)))
    }
}
