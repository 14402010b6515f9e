import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelAdapters

@Suite("Channels by name", .timeLimit(.minutes(2)))
struct NamedChannelTests {
    private func notice(_ channel: String, _ adapter: any ChatAdapter) -> OutboundPost {
        let address = ReplyAddress(
            conversation: Conversation(adapter: adapter.name, channel: channel),
            message: MessageKey(adapter: adapter.name, eventID: "notice:1"), platformID: "",
            person: ChatPerson(adapter: adapter.name, id: "", name: ""))
        return OutboundPost(id: SystemIDs().make(), to: address, kind: .notice, text: "the disk is full", isFinal: true)
    }

    @Test("a notice reaches a channel that is named, and is found there", arguments: ChatFake.Platform.allCases)
    func named(_ platform: ChatFake.Platform) async throws {
        let fixture = try await AdapterFixture(platform)
        let post = notice("#chan1", fixture.adapter)
        guard case .delivered(let id) = await fixture.adapter.send(post) else {
            Issue.record("the notice was not delivered")
            return
        }
        let found = try #require(try await fixture.fake.posts().first)
        #expect(found["channel"]?.string?.lowercased().contains("chan") == true && found["ts"]?.string == id)
        #expect(await fixture.adapter.find(post) == .delivered(id: id))
        guard case .refused(let reason) = await fixture.adapter.send(notice("#nowhere", fixture.adapter)) else {
            Issue.record("a channel that is not there was not refused")
            return
        }
        #expect(reason.contains("#nowhere"))
    }
}
