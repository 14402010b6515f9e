import PetrelCore
import PetrelSystem
import PetrelTestKit
import Testing

@testable import PetrelAdapters

/// Hostile texts on real servers; only `make test-all` runs these.
@Suite("Hostile texts on a real chat server", .timeLimit(.minutes(5)))
struct RealServerHostileTests {
    private func adapter(_ server: RealChatServer) -> any ChatAdapter {
        switch server.kind {
        case .irc:
            IRCAdapter(
                IRCOptions(name: "chat", url: server.url, channels: ["#general"], isPaced: false),
                clock: SystemClock(), random: SystemRandom())
        case .xmpp:
            XMPPAdapter(
                XMPPOptions(
                    name: "chat", url: server.url, address: "petrel@localhost", password: Secret("secret"),
                    rooms: ["general@rooms.localhost"], isPaced: false),
                clock: SystemClock(), random: SystemRandom())
        }
    }

    private func guest(_ server: RealChatServer, _ name: String) async throws -> any ChatGuest {
        switch server.kind {
        case .irc: try await IRCGuest(server.directURL, nick: name, channel: "#general", bot: "petrel")
        case .xmpp:
            try await XMPPGuest(server.directURL, user: name, room: "general@rooms.localhost", bot: "petrel")
        }
    }

    @Test("none calls anybody, breaks out of its place or ends the connection", arguments: RealChatServer.offered)
    func hostile(_ kind: RealChatServer.Kind) async throws {
        let server = try await RealChatServer(kind)
        let guest = try await guest(server, "user0")
        let adapter = adapter(server)
        let receiver = RecordingReceiver(clock: SystemClock())
        let running = Task { await adapter.run(receiver: receiver) }
        defer { running.cancel() }
        try #require(await comesToHold { adapter.health.state == .connected })
        let room = kind == .irc ? "#general" : "general@rooms.localhost"
        let ids = SystemIDs()
        var refused = 0
        for text in HostileText.all {
            let address = ReplyAddress(
                conversation: Conversation(adapter: "chat", channel: room),
                message: MessageKey(adapter: "chat", eventID: "x"), platformID: "",
                person: ChatPerson(adapter: "chat", id: "user0", name: "user0"))
            let post = OutboundPost(id: ids.make(), to: address, kind: .answer, text: text, isFinal: true)
            if case .delivered = await adapter.send(post) { continue }
            refused += 1
        }
        let seen = try await guest.seen()
        let pings = seen.filter { ServerMentions.nicks($0.text, ["user0"]) }
        print(
            "hostile-real kind=\(kind) texts=\(HostileText.all.count) refused=\(refused) seen=\(seen.count)",
            "pings=\(pings.count) connections=\(adapter.health.connections)")
        #expect(refused == 0 && pings.isEmpty && adapter.health.connections == 1)
        #expect(seen.count >= HostileText.all.count && seen.allSatisfy { $0.place == room })
    }
}
