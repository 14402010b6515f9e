import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelTestKit
import Testing

@Suite("Questions in a chat", .timeLimit(.minutes(1)))
struct QuestionsTests {
    private func fixture(_ role: Role = .operator) throws -> ChatFixture {
        let alias = Samples.alias("ask", formats: ["ask {{route}}", "ask"], action: "test.ask")
        return try ChatFixture(aliases: [alias], defaultRole: role)
    }

    @Test("a question is posted where it began, and the answer there ends it")
    func answered() async throws {
        let chat = try fixture()
        try await chat.running {
            let asked = try await chat.say(Samples.message("!ask"), posts: 2)
            #expect(asked.map(\.kind) == [.ack, .notice])
            #expect(asked[1].text.contains("continue (boolean, required)") && asked[1].text.contains("!answer yes"))
            #expect(!asked[1].isFinal)
            let wrong = try await chat.say(Samples.message("!answer perhaps", event: "e2"), posts: 3)
            #expect(wrong[2].text.hasPrefix("continue must be yes or no"))
            let done = try await chat.say(Samples.message("!answer yes", event: "e3"), posts: 5)
            #expect(done.contains { $0.text.hasPrefix("Thank you") })
            #expect(done.contains { $0.kind == .result && $0.status == .succeeded })
            let late = try await chat.say(Samples.message("!answer yes", event: "e4"), posts: 6)
            #expect(late[5].text == "Nothing waits for an answer here.")
        }
    }

    @Test("a route posts the question to its channel too, and the answer may come from there")
    func route() async throws {
        let chat = try fixture()
        try await chat.running {
            let asked = try await chat.say(Samples.message("!ask fake:ops"), posts: 3)
            #expect(Set(asked.suffix(2).map(\.to.conversation.channel)) == ["room", "ops"])
            let answered = try await chat.say(
                Samples.message("!answer continue=no", event: "e2", channel: "ops", person: "bob"), posts: 5)
            #expect(answered.contains { $0.text.hasPrefix("Thank you") && $0.to.conversation.channel == "ops" })
        }
    }

    @Test("of several open questions the one must be named")
    func several() async throws {
        let chat = try fixture()
        try await chat.running {
            _ = try await chat.say(Samples.message("!ask"), posts: 2)
            let asked = try await chat.say(Samples.message("!ask", event: "e2"), posts: 4)
            let unclear = try await chat.say(Samples.message("!answer yes", event: "e3"), posts: 5)
            #expect(unclear[4].text.hasPrefix("2 questions are open here"))
            let id = try #require(asked[3].execution)
            let done = try await chat.say(Samples.message("!answer \(id) yes", event: "e4"), posts: 7)
            #expect(done.contains { $0.text.hasPrefix("Thank you") })
        }
    }

    @Test("somebody without the role may not answer")
    func refused() async throws {
        let chat = try fixture(.starter)
        try await chat.running {
            _ = try await chat.say(Samples.message("!ask"), posts: 2)
            let refused = try await chat.say(Samples.message("!answer yes", event: "e2"), posts: 3)
            #expect(refused[2].kind == .refused)
        }
    }
}
