import Foundation
import PetrelCore
import PetrelTestKit
import Testing

/// A real service on real IRC and XMPP servers; only `make test-all` runs these.
@Suite("A service on a real chat server", .serialized, .timeLimit(.minutes(10)))
struct RealServerTests {
    private static func entry(_ server: RealChatServer, password: String = "secret") -> String {
        switch server.kind {
        case .irc:
            "{name: chat, platform: irc, url: \"\(server.url)\", account: bot, password: \(password), "
                + "channels: [\"#general\"], pacing: false}"
        case .xmpp:
            "{name: chat, platform: xmpp, url: \"\(server.url)\", address: petrel@localhost, password: \(password), "
                + "rooms: [general@rooms.localhost], pacing: false}"
        }
    }

    private static func room(_ server: RealChatServer) -> String {
        server.kind == .irc ? "#general" : "general@rooms.localhost"
    }

    private func service(_ server: RealChatServer, role: String, password: String = "secret") async throws
        -> ServiceProcess
    {
        try await ServiceProcess(
            folder: ServiceProcess.freshFolder(),
            environment: [
                "PETREL_CHAT_ADAPTERS": "[\(Self.entry(server, password: password))]",
                "PETREL_ACCESS_CHAT_DEFAULT_ROLE": role,
            ])
    }

    private func guest(_ server: RealChatServer, nick: String = "user0") async throws -> any ChatGuest {
        switch server.kind {
        case .irc: try await IRCGuest(server.directURL, nick: nick, channel: "#general", bot: "petrel")
        case .xmpp:
            try await XMPPGuest(server.directURL, user: nick, room: "general@rooms.localhost", bot: "petrel")
        }
    }

    private func waitForConnection(_ service: ServiceProcess) async throws {
        let isConnected = try await comesToHold {
            try await ChatService.adapters(service)["chat"]?["state"] == "connected"
        }
        try #require(isConnected, "\((try? service.text("service.log")) ?? "")")
    }

    @Test("an unknown person may use the starter set and nothing else", arguments: RealChatServer.offered)
    func unmapped(_ kind: RealChatServer.Kind) async throws {
        let server = try await RealChatServer(kind)
        let service = try await service(server, role: "starter")
        let guest = try await guest(server)
        try await waitForConnection(service)
        for (text, answer) in [("!date", "succeeded"), ("!run id", "needs the role")] {
            try await guest.say(text, to: Self.room(server))
            let isAnswered = try await comesToHold {
                try await guest.seen().contains { $0.text.contains(answer) }
            }
            #expect(isAnswered, "\(text)")
        }
        let seen = try await guest.seen()
        #expect(!seen.contains { $0.text.contains("uid=") })
        let list = try await service.petrel("adapter", "list")
        #expect(list.code == 0 && list.out.contains("connected") && list.out.contains(kind.rawValue))
        try await service.stop()
    }

    @Test("each command is answered once, in the room and in private", arguments: RealChatServer.offered)
    func answers(_ kind: RealChatServer.Kind) async throws {
        let server = try await RealChatServer(kind)
        let service = try await service(server, role: "admin")
        let guest = try await guest(server)
        try await waitForConnection(service)
        for number in 0..<20 { try await guest.say("!run echo public-\(number)-end", to: Self.room(server)) }
        try await guest.say("run echo private-0-end", to: kind == .irc ? "petrel" : "petrel@localhost")
        let isAnswered = try await comesToHold(within: .seconds(60)) {
            let texts = try await guest.seen().map(\.text).joined(separator: "\n")
            return (0..<20).allSatisfy { texts.contains("public-\($0)-end") } && texts.contains("private-0-end")
        }
        let seen = try await guest.seen()
        let stdout = seen.filter { $0.text.contains("-end") }
        print(
            "real-server kind=\(kind) commands=21 answered=\(isAnswered ? 21 : 0) posts=\(seen.count)",
            "results=\(stdout.count)")
        #expect(isAnswered)
        #expect(stdout.filter { $0.text.contains("private") }.allSatisfy { $0.place != Self.room(server) })
        try await service.stop()
    }

    @Test("a wrong password is told everywhere and not hammered", arguments: RealChatServer.offered)
    func wrongPassword(_ kind: RealChatServer.Kind) async throws {
        let server = try await RealChatServer(kind)
        let service = try await service(server, role: "operator", password: "wrong")
        let isRefused = try await comesToHold {
            try await ChatService.adapters(service)["chat"]?["state"] == "refused"
        }
        #expect(isRefused)
        let error = try await ChatService.adapters(service)["chat"]?["error"]?.string ?? ""
        #expect(error.contains("log-in"))
        let doctor = try await service.petrel("doctor", "--data-dir", service.folder)
        #expect(doctor.code == 1 && doctor.out.contains("adapter chat"), "\(doctor.out)")
        try await service.stop()
    }

    @Test(
        "on IRC who is not logged in is told so and not obeyed, whatever nick they take",
        arguments: RealChatServer.offered.filter { $0 == .irc })
    func spoofing(_ kind: RealChatServer.Kind) async throws {
        let server = try await RealChatServer(kind)
        let service = try await service(server, role: "operator")
        let guest = try await IRCGuest(server.directURL, nick: "guest-user0", channel: "#general", bot: "petrel")
        try await waitForConnection(service)
        try await guest.say("!run id", to: "#general")
        try await guest.waitForLine("NOTICE guest-user0 :I listen only to people who are logged in")
        let seen = try await guest.seen()
        #expect(seen.isEmpty)
        try await service.stop()
    }
}
