import PetrelCore
import PetrelTestKit
import Testing

/// What a chat platform needs of a store beyond plain posts.
extension StoreConformance {
    func keepsHowAPostIsShown() async throws {
        let store = try await open("me")
        var message = Samples.message("act")
        message.kind = .slashCommand
        message.isDirect = true
        message.channelName = "ops"
        message.callback = "https://chat.example.com/hook/1"
        _ = try await store.accept(message, at: at)
        #expect(try await open("next").unsettled(limit: 1) == [message])
        var post = Samples.post("1", to: message)
        post.placement = .thread
        post.isEphemeral = true
        post.file = PostFile(name: "log.txt", bytes: [0, 255, 10])
        post.choices = [PostChoice(label: "One", text: "use a.b: x"), PostChoice(label: "", text: "\"")]
        post.allowsMentions = true
        post.extra = ["slack": ["attachments": [["color": "#ff0000"]]]]
        try await store.enqueue([post, Samples.post("2", to: Samples.message("b", channel: "other"))])
        let due = try await store.duePosts(adapter: "fake", at: at, limit: 9)
        #expect(due.first?.post == post)
        try await store.enqueue([post])
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 9).count == 2)
        #expect(due.last?.post.placement == .inPlace && due.last?.post.choices == [] && due.last?.post.replaces == nil)
    }

    func fillsInWhatIsReplaced() async throws {
        let store = try await open("me")
        let message = Samples.message("act")
        let ack = Samples.post("1", to: message)
        var result = Samples.post("2", to: message)
        result.replaces = EarlierPost(id: ack.id)
        try await store.enqueue([ack, result])
        try await store.recordSent(ack.id, platformID: "p7", at: at)
        let due = try await store.duePosts(adapter: "fake", at: at, limit: 9)
        #expect(due.map(\.post.replaces) == [EarlierPost(id: ack.id, platformID: "p7")])
        var lonely = Samples.post("3", to: Samples.message("b", channel: "other"))
        lonely.replaces = EarlierPost(id: DeliveryID(stored: "ffffffffffffffffffffffff"))
        try await store.enqueue([lonely])
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 9).last?.post.replaces?.platformID == nil)
    }

    func forgetsCallbacks() async throws {
        let store = try await open("me")
        var message = Samples.message("act \"callback\"")
        message.callback = "https://chat.example.com/hook/1"
        _ = try await store.accept(message, at: at)
        let execution = Samples.execution(1, replyTo: ReplyAddress(to: message))
        _ = try await store.submit(
            SubmittedExecution(execution: execution, message: message, posts: [Samples.post("1", to: message)]))
        #expect(try await store.execution(execution.id)?.replyTo?.callback == message.callback)
        let running = try #require(try await store.claim(claim(), limit: 1, at: at).first)
        _ = try await store.complete(
            CompletedAttempt(
                attempt: AttemptKey(execution: running.id, number: 1), owner: "me",
                outcome: RunOutcome(status: .succeeded, result: [:]), at: at, owesReply: true))
        #expect(try await store.owedReplies(limit: 1).first?.replyTo?.callback == message.callback)
        #expect(try await store.settleReply(execution.id, posts: [Samples.post("2", to: message)]))
        var expected = ReplyAddress(to: message)
        expected.callback = nil
        #expect(try await store.execution(execution.id)?.replyTo == expected)
        // The post still has it until it is sent.
        let first = try #require(try await store.duePosts(adapter: "fake", at: at, limit: 9).first?.post)
        #expect(first.to.callback == message.callback)
        try await store.recordSent(first.id, platformID: "p1", at: at)
        #expect(try await store.duePosts(adapter: "fake", at: at, limit: 9).first?.post.to.callback == message.callback)
    }

    func findsTheExecutionOfAThread() async throws {
        let store = try await open("me")
        let message = Samples.message("act", event: "e1")
        func post(_ id: String, _ number: Int, to message: InboundMessage) -> OutboundPost {
            var post = Samples.post(id, to: message)
            post.execution = Samples.execution(number).id
            return post
        }
        var within = Samples.message("act", event: "e2")
        within.conversation.thread = "t9"
        try await store.enqueue([post("1", 1, to: message), post("2", 2, to: within)])
        func found(_ thread: String?, channel: String = "room") async throws -> ExecutionID? {
            try await store.execution(ofThread: Conversation(adapter: "fake", channel: channel, thread: thread))
        }
        #expect(try await found("m-e1") == Samples.execution(1).id)
        #expect(try await found("p1") == nil)
        try await store.recordSent(post("1", 1, to: message).id, platformID: "p1", at: at)
        #expect(try await found("p1") == Samples.execution(1).id)
        #expect(try await found("t9") == Samples.execution(2).id)
        try await store.enqueue([post("3", 3, to: within)])
        #expect(try await found("t9") == Samples.execution(3).id)
        #expect(try await found("t9", channel: "other") == nil)
        #expect(try await found(nil) == nil)
        try await store.enqueue([Samples.post("4", to: Samples.message("help", event: "e4"))])
        #expect(try await found("m-e4") == nil)
    }

    func takesAQuestionOnce() async throws {
        let store = try await open("me")
        func said(_ event: String, by person: String = "ann", thread: String? = "t1", isDirect: Bool = false)
            -> InboundMessage
        {
            var message = Samples.message("prod", event: event, person: person)
            message.conversation.thread = thread
            message.isDirect = isDirect
            return message
        }
        let question = Question(
            conversation: Conversation(adapter: "fake", channel: "room", thread: "t1"), person: "ann",
            command: "deploy web", alias: "test.deploy", parameter: "env", given: ["version": "1.2"])
        func taken(_ message: InboundMessage, since: Instant? = nil) async throws -> Question? {
            try await store.takeQuestion(answeredBy: message, askedSince: since ?? at)
        }
        #expect(try await taken(said("e1")) == nil)
        try await store.ask(question, at: at)
        #expect(try await taken(said("e2", by: "bob")) == nil)
        #expect(try await taken(said("e3", thread: nil)) == nil)
        #expect(try await taken(said("e4", thread: "t2")) == nil)
        #expect(try await taken(said("e5"), since: at + .seconds(1)) == nil)
        #expect(try await taken(said("e6")) == question)
        #expect(try await taken(said("e6")) == question, "a message that is handled again after a crash")
        #expect(try await taken(said("e7")) == nil)
        var next = question
        next.parameter = "region"
        next.given["env"] = "prod"
        try await store.ask(next, at: at + .seconds(2))
        #expect(try await taken(said("e8", thread: nil, isDirect: true)) == next)
        try await store.ask(question, at: at)
        try await store.forgetQuestions(before: at + .seconds(1))
        #expect(try await taken(said("e9")) == nil)
    }
}
