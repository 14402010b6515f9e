import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelAdapters

/// A fake platform, an adapter connected to it and what it hands on.
final class AdapterFixture: Sendable {
    let fake: ChatFake
    let adapter: any ChatAdapter
    let receiver: RecordingReceiver
    let clock: any PetrelClock
    private let running: Task<Void, Never>
    private let ids = SystemIDs()

    /// Connects; returns when the adapter says that it is connected.
    init(
        _ platform: ChatFake.Platform, fake: ChatFake? = nil, arguments: [String] = [], isPaced: Bool = false,
        clock: any PetrelClock = SystemClock(), lastMessageAt: Instant? = nil, token: String? = nil,
        awaitsConnection: Bool = true
    ) async throws {
        self.clock = clock
        let fake = if let fake { fake } else { try await ChatFake(platform, arguments: arguments) }
        self.fake = fake
        receiver = RecordingReceiver(clock: clock, lastMessageAt: lastMessageAt)
        let adapter = Self.adapter(fake, isPaced: isPaced, clock: clock, token: token)
        self.adapter = adapter
        running = Task { [receiver] in await adapter.run(receiver: receiver) }
        guard awaitsConnection else { return }
        let isConnected = await comesToHold { adapter.health.state == .connected }
        try #require(isConnected, "\(adapter.health)")
    }

    deinit { running.cancel() }

    /// Ends the connection as the end of the service does.
    func stop() async {
        running.cancel()
        await running.value
    }

    private static func adapter(
        _ fake: ChatFake, isPaced: Bool, clock: any PetrelClock, token: String?
    ) -> any ChatAdapter {
        switch fake.platform {
        case .slack:
            SlackAdapter(
                SlackOptions(
                    name: "acme", appToken: Secret("xapp-fake-app"), botToken: Secret(token ?? "xoxb-fake-bot"),
                    apiURL: fake.url + "/api", isPaced: isPaced),
                http: HTTPClient(), clock: clock, random: SystemRandom())
        case .mattermost:
            MattermostAdapter(
                MattermostOptions(
                    name: "ops", url: fake.url, token: Secret(token ?? "fake-bot-token"), isPaced: isPaced),
                http: HTTPClient(), clock: clock, random: SystemRandom())
        }
    }

    /// A post that answers a message, with an id as the service makes them.
    func post(_ text: String, to message: InboundMessage, _ change: (inout OutboundPost) -> Void = { _ in })
        -> OutboundPost
    {
        var post = OutboundPost(
            id: ids.make(), to: ReplyAddress(to: message), kind: .answer, text: text, isFinal: true)
        change(&post)
        return post
    }

    /// Sends as the outbox does: again after a pause, and looked for first when it is in doubt.
    /// - Returns: the platform's id; nil if it was refused.
    @discardableResult
    func deliver(_ post: OutboundPost) async -> String? {
        var isDoubtful = false
        while !Task.isCancelled {
            if isDoubtful {
                switch await adapter.find(post) {
                case .delivered(let id): return id
                case .absent: break
                case .unknown:
                    try? await clock.sleep(for: .milliseconds(20))
                    continue
                }
            }
            switch await adapter.send(post) {
            case .delivered(let id): return id
            case .refused: return nil
            case .retry(let pause, _): try? await clock.sleep(for: pause)
            case .doubtful: try? await clock.sleep(for: .milliseconds(10))
            }
            isDoubtful = true
        }
        return nil
    }
}

/// A clock on which waiting takes a fraction of the time.
struct HurriedClock: PetrelClock {
    let factor: Int
    private let clock = SystemClock()
    private let start = SystemClock().now
    init(factor: Int) { self.factor = factor }
    var now: Instant { start + (clock.now - start) * factor }
    func sleep(for duration: Duration) async throws { try await clock.sleep(for: duration / factor) }
}
