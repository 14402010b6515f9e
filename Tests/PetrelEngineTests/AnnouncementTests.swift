import PetrelCore
import PetrelTestKit
import Synchronization
import Testing

@testable import PetrelEngine

/// Keeps what it is to post.
private final class KeptNotices: ChatNotices {
    let adapters: Set<AdapterName> = ["acme", "ops", "local"]
    private let kept = Mutex<[ChatNotice]>([])

    var all: [ChatNotice] { kept.withLock(\.self) }

    func post(_ notice: ChatNotice) async throws(CoreError) -> DeliveryID {
        if notice.channel == "full" { throw CoreError(.unavailable, "The disk is full.") }
        kept.withLock { $0.append(notice) }
        return DeliveryID(stored: "0000000000000000000000a1")
    }
}

@Suite("Announcements")
struct AnnouncementTests {
    private let notices = KeptNotices()

    private func run(_ parameters: ValueObject, adapters: [(String, String)]) async -> RunOutcome {
        let runner = AnnouncementRunner(
            events: EventHub(), notices: notices, channels: ChannelNames(adapters.map { (name: $0.0, platform: $0.1) }))
        return await runner.run(
            RunRequest(
                attempt: AttemptKey(execution: Samples.execution(1).id, number: 1), action: Samples.action(),
                runnerParameters: ["experimental": true, "route": "chatops"], actionParameters: parameters, user: "ann",
                environment: [:]))
    }

    @Test("a message that names its channel is posted there, and calls nobody")
    func posted() async {
        let outcome = await run(
            ["message": "full <!channel>", "channel": "#ops"], adapters: [("acme", "slack"), ("local", "local")])
        #expect(outcome.status == .succeeded)
        #expect(notices.all.map(\.adapter) == ["acme"])
        #expect(notices.all.map(\.channel) == ["#ops"])
        #expect(notices.all.map(\.text) == ["full <!channel>"])
        #expect(notices.all.allSatisfy { !$0.allowsMentions })
    }

    @Test("of several platforms the name says which; without it nothing is posted")
    func several() async {
        let adapters = [("acme", "slack"), ("ops", "mattermost")]
        #expect(await run(["message": "a", "channel": "ops:town"], adapters: adapters).status == .succeeded)
        #expect(await run(["message": "b", "channel": "town"], adapters: adapters).status == .succeeded)
        #expect(await run(["message": "c"], adapters: adapters).status == .succeeded)
        #expect(notices.all.map { "\($0.adapter):\($0.channel) \($0.text)" } == ["ops:town a"])
    }

    @Test("where there is only the local room, it is meant")
    func local() async {
        _ = await run(["message": "a", "channel": "#ops"], adapters: [("local", "local")])
        #expect(notices.all.map(\.adapter) == ["local"])
    }

    @Test("what can't be queued fails")
    func refused() async {
        let outcome = await run(["message": "a", "channel": "full"], adapters: [("acme", "slack")])
        #expect(outcome.status == .failed)
        #expect(outcome.result["error"] == "The disk is full.")
    }
}
