public import PetrelCore

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

/// Checks signatures, and gives each signed request the name under which it is taken once.
public struct WebhookSignatures: Sendable {
    /// How old a signed time may be.
    private static let window = Duration.seconds(300)
    /// How long the names of requests are remembered.
    public static let memory = Duration.seconds(86_400)

    private let hooks: [String: SignedWebhook]
    private let digest: any Digest
    private let clock: any PetrelClock

    /// The signed webhooks of the settings.
    public init(_ hooks: [SignedWebhook], digest: any Digest, clock: any PetrelClock) {
        self.hooks = Dictionary(hooks.map { ($0.url, $0) }, uniquingKeysWith: { first, _ in first })
        self.digest = digest
        self.clock = clock
    }

    /// Whether requests to a webhook must be signed.
    public func isSigned(_ url: String) -> Bool { hooks[url] != nil }

    /// Whether the request is the sender's own.
    /// - Returns: the source of its event: a second request of the same name is not taken, over restarts too.
    /// - Throws: `forbidden`, with a reason that tells a forger nothing.
    public func check(_ url: String, body: [UInt8], header: (String) -> String?) throws(CoreError) -> EventSource {
        guard let hook = hooks[url] else { throw refused }
        let key = Array(hook.secret.reveal().utf8)
        switch hook.scheme {
        case .gitlab:
            guard let token = header("x-gitlab-token"), isEqual(token, hook.secret.reveal()) else { throw refused }
            guard let id = header("x-gitlab-event-uuid") else { return .outside }
            return source(url, id)
        case .github:
            let signature = "sha256=" + digest.hmacSHA256(body, key: key)
            guard let given = header("x-hub-signature-256"), isEqual(given, signature) else { throw refused }
            // The delivery's id is not signed, so the same body counts as the same request.
            return source(url, signature)
        case .slack: return try checkSlack(url, body, key, header)
        }
    }

    private func checkSlack(_ url: String, _ body: [UInt8], _ key: [UInt8], _ header: (String) -> String?)
        throws(CoreError) -> EventSource
    {
        guard let time = header("x-slack-request-timestamp"), time.utf8.count <= 12, let seconds = Int64(time),
            let given = header("x-slack-signature")
        else { throw refused }
        let age = clock.now - Instant(microseconds: seconds * 1_000_000)
        let signature = "v0=" + digest.hmacSHA256(Array("v0:\(time):".utf8) + body, key: key)
        guard isEqual(given, signature), (.zero - Self.window...Self.window).contains(age) else { throw refused }
        return source(url, signature)
    }

    /// A digest, so that a long id takes no more room than a short one.
    private func source(_ url: String, _ name: String) -> EventSource {
        .once("webhook " + digest.sha256(Array((url + "\n" + name).utf8)), at: clock.now)
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
