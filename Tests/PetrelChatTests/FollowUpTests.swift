import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelStore
import PetrelTestKit
import Testing

@Suite("What follows a command in its conversation", .timeLimit(.minutes(1)))
struct FollowUpTests {
    private let success = RunOutcome(status: .succeeded, result: ["stdout": "hi"])

    /// An action that needs to know where to, and how often.
    private static let needy: Parameters = [
        "app": Parameter(kind: .string, schema: [:]),
        "env": Parameter(
            kind: .string, summary: "where to.", isRequired: true, position: 0, choices: ["staging", "prod"],
            schema: [:]),
        "times": Parameter(kind: .integer, isRequired: true, position: 1, schema: ["type": "integer"]),
    ]
    private static let deploy = Samples.alias("deploy", formats: ["deploy {{app}}"])

    private func said(
        _ text: String, _ event: String, by person: String = "ann", in thread: String? = nil, isAddressed: Bool = false
    ) -> InboundMessage {
        var message = Samples.message(text, event: event, person: person)
        message.conversation.thread = thread
        message.isAddressed = isAddressed
        return message
    }

    @Test("what is missing is asked for in the thread, and the answers there complete the command")
    func asks() async throws {
        let chat = try ChatFixture(aliases: [Self.deploy], parameters: Self.needy, automatic: success)
        try await chat.running {
            let asked = try await chat.say(said("!deploy web", "1"), posts: 1)[0]
            #expect(asked.kind == .question && asked.placement == .thread)
            #expect(asked.text.contains("needs env (where to)") && asked.text.contains("staging, prod"))
            #expect(asked.choices.map(\.text) == ["staging", "prod"])
            try await chat.inbox.receive(said("prod", "2", by: "bob", in: "m-1"))
            try await chat.inbox.receive(said("prod", "3"))
            #expect(chat.adapter.sendCount == 1, "only who was asked answers, and only in the thread")
            let again = try await chat.say(said("production", "8", in: "m-1"), posts: 2)[1]
            #expect(
                again.kind == .question
                    && again.text.hasPrefix("'production' is not one of them. test.deploy needs env"))
            let next = try await chat.say(said("prod", "4", in: "m-1"), posts: 3)[2]
            #expect(next.kind == .question && next.text.contains("needs times"))
            let posts = try await chat.say(said(" 3 ", "5", in: "m-1"), posts: 5)
            #expect(posts[3...].map(\.kind) == [.ack, .result])
            let id = try #require(posts[4].execution)
            #expect(try await chat.store.execution(id)?.parameters == ["app": "web", "env": "prod", "times": 3])
            try await chat.inbox.receive(said("thanks", "6", in: "m-1"))
            #expect(chat.runner.starts.count == 1)
        }
    }

    @Test("an answer that is delivered twice, or handled again after a crash, runs once")
    func answersOnce() async throws {
        let parameters: Parameters = ["env": Parameter(kind: .string, isRequired: true, schema: [:])]
        let alias = Samples.alias("deploy", formats: ["deploy"])
        let chat = try ChatFixture(aliases: [alias], parameters: parameters, automatic: success)
        try await chat.running {
            _ = try await chat.say(said("!deploy", "1"), posts: 1)
            let answer = said("prod", "2", in: "m-1")
            // As if the process had been killed after it took the question and before it decided.
            _ = try await chat.store.accept(answer, at: chat.clock.now)
            _ = try await chat.store.takeQuestion(answeredBy: answer, askedSince: chat.clock.now - .seconds(60))
            try await chat.inbox.receive(answer)
            try await chat.inbox.receive(answer)
            await chat.adapter.waitForPosts(3)
            #expect(chat.runner.starts.count == 1)
        }
    }

    @Test("cancel drops the question, and a command in between is a command")
    func drops() async throws {
        let parameters: Parameters = ["env": Parameter(kind: .string, isRequired: true, schema: [:])]
        let alias = Samples.alias("deploy", formats: ["deploy"])
        let chat = try ChatFixture(aliases: [alias], parameters: parameters, automatic: success)
        try await chat.running {
            _ = try await chat.say(said("!deploy", "1"), posts: 1)
            let help = try await chat.say(said("!help", "2", in: "m-1"), posts: 2)[1]
            #expect(help.kind == .answer)
            let dropped = try await chat.say(said("!cancel", "3", in: "m-1"), posts: 3)[2]
            #expect(dropped.text.hasPrefix("Forgotten"))
            try await chat.inbox.receive(said("prod", "4", in: "m-1"))
            #expect(chat.adapter.sendCount == 3 && chat.runner.starts.isEmpty)
            _ = try await chat.say(said("!deploy", "5"), posts: 4)
            let plain = try await chat.say(said("cancel", "6", in: "m-5"), posts: 5)[4]
            #expect(plain.text.hasPrefix("Forgotten") && chat.runner.starts.isEmpty)
        }
    }

    @Test("a secret is never asked for, nor a parameter that the message may not give")
    func asksForNoSecrets() async throws {
        let parameters: Parameters = [
            "password": Parameter(kind: .string, isRequired: true, isSecret: true, schema: [:])
        ]
        let chat = try ChatFixture(
            aliases: [Samples.alias("log in", formats: ["log in"])], parameters: parameters, automatic: success)
        try await chat.running {
            let post = try await chat.say(said("!log in", "1"), posts: 1)[0]
            #expect(post.kind == .invalid && post.text.contains("must not be said in a chat"))
        }
    }

    @Test("of commands that fit equally well one is chosen")
    func chooses() async throws {
        let twins = [Samples.alias("one", formats: ["go {{text}}"]), Samples.alias("two", formats: ["go {{n}}"])]
        let chat = try ChatFixture(aliases: twins, automatic: success)
        try await chat.running {
            let asked = try await chat.say(said("!go 5", "1"), posts: 1)[0]
            #expect(asked.kind == .question)
            #expect(asked.choices.map(\.label) == ["test.one", "test.two"])
            var choice = said(asked.choices[1].text, "2", isAddressed: true)
            choice.kind = .choice
            let posts = try await chat.say(choice, posts: 3)
            let id = try #require(posts[2].execution)
            #expect(try await chat.store.execution(id)?.parameters == ["n": 5])
        }
    }

    @Test("status, cancel and retry in the thread of a command or of its ack mean that execution")
    func threads() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias("act", formats: ["act {{text}}"])])
        try await chat.running {
            let ack = try await chat.say(said("!act {{ 7 * 7 }}", "1"), posts: 1)[0]
            _ = try await chat.say(said("!act other", "2"), posts: 2)
            await chat.runner.waitForStarts(2)
            let id = try #require(ack.execution)
            let status = try await chat.say(said("!status", "3", in: "m-1"), posts: 3)[2]
            #expect(status.text.contains("\(id)") && status.text.contains("is running"))
            #expect(status.choices.map(\.text) == ["cancel \(id)"])
            let early = try await chat.say(said("!retry", "4", in: "p1"), posts: 4)[3]
            #expect(early.text.contains("not over yet"))
            let stop = try await chat.say(said("!cancel", "5", in: "p1"), posts: 5)[4]
            #expect(stop.text.contains("Stopping execution \(id)"))
            await chat.clock.advancing(by: .milliseconds(100)) { await chat.adapter.waitForPosts(6) }
            let again = try await chat.say(said("!retry", "6", in: "m-1"), posts: 7)[6]
            #expect(again.kind == .ack && again.text.contains("once more"))
            let second = try #require(again.execution)
            let stored = try await chat.store.execution(second)
            #expect(stored?.parameters == ["text": "{{ 7 * 7 }}"], "what was typed stays data")
            #expect(stored?.context["re-run"]?["ref"]?.string == id.text)
        }
    }

    @Test("status and retry belong to an alias that has these words, except in a thread")
    func aliasesFirst() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias("status", formats: ["status"])], automatic: success)
        try await chat.running {
            let posts = try await chat.say(said("!status", "1"), posts: 2)
            #expect(posts.map(\.kind) == [.ack, .result])
            let post = try await chat.say(said("!status", "2", in: "m-1"), posts: 3)[2]
            #expect(post.kind == .answer && post.text.contains("succeeded"))
            let newest = try await chat.say(said("!retry", "3"), posts: 5)
            #expect(newest[3...].map(\.kind) == [.ack, .result])
        }
    }

    @Test("a result takes the place of the ack where the alias asks for it")
    func edits() async throws {
        let alias = Samples.alias(document: ["result": ["replaces_ack": true]])
        let chat = try ChatFixture(aliases: [alias], automatic: success, canEdit: true)
        try await chat.running {
            let posts = try await chat.say(said("!act", "1"), posts: 2)
            #expect(posts[0].replaces == nil)
            #expect(posts[1].replaces == EarlierPost(id: posts[0].id, platformID: "p1"))
        }
    }

    @Test("what ends as soon as it begins is told like all else, from one transaction with the message")
    func endsAtOnce() async throws {
        let alias = Samples.alias(action: "test.noop", document: ["result": ["replaces_ack": true]])
        let chat = try ChatFixture(aliases: [alias], canEdit: true)
        try await chat.running {
            let before = chat.store.statistics.transactions
            try await chat.inbox.receive(said("!act", "1"))
            let execution = try #require(try await chat.store.executions(ExecutionQuery()).executions.first)
            #expect(execution.status == .succeeded && execution.replyTo != nil)
            await chat.adapter.waitForPosts(2)
            #expect(chat.adapter.sent.map(\.kind) == [.ack, .result])
            #expect(chat.adapter.sent[1].replaces == EarlierPost(id: chat.adapter.sent[0].id, platformID: "p1"))
            #expect(try await comesToHold { try await chat.store.outboxCounts().unsent == 0 })
            #expect(chat.store.statistics.transactions - before == 3, "the command, and a record of each post")
            try await chat.inbox.receive(said("!act", "1"))
            #expect(try await chat.store.executions(ExecutionQuery()).total == 1)
        }
    }

    @Test("a result is told in a line with its details in the thread where the alias asks for it")
    func details() async throws {
        let alias = Samples.alias(document: [
            "result": ["details": "thread", "format": "all is well", "mentions": true]
        ])
        let chat = try ChatFixture(aliases: [alias], automatic: success)
        try await chat.running {
            let posts = try await chat.say(said("!act", "1"), posts: 3)
            #expect(posts[1].text == "all is well" && posts[1].allowsMentions && !posts[1].isFinal)
            #expect(posts[2].placement == .thread && posts[2].text.contains("stdout : hi") && posts[2].isFinal)
            #expect(!posts[2].allowsMentions)
        }
    }

    @Test("what was said too long ago is told and not run; talk and edits are left alone")
    func late() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()], automatic: success)
        try await chat.running {
            chat.clock.advance(by: .seconds(3600))
            try await chat.inbox.receive(said("we act tomorrow", "1"))
            var edit = said("!act", "2", isAddressed: true)
            edit.kind = .edit
            edit.sentAt = chat.clock.now
            try await chat.inbox.receive(edit)
            let posts = try await chat.say(said("!act", "3"), posts: 1)
            #expect(posts[0].kind == .notice && posts[0].text.contains("Say it again"))
            #expect(chat.runner.starts.isEmpty)
            #expect(await chat.inbox.lastMessageAt(adapter: "fake") == chat.clock.now)
        }
    }

    @Test("a bare mention asks for help, which comes in pages")
    func help() async throws {
        let aliases = (1...70).map { Samples.alias("a\($0)", formats: ["do number \($0)"]) }
        let chat = try ChatFixture(aliases: aliases)
        try await chat.running {
            let first = try await chat.say(said("", "1", isAddressed: true), posts: 1)[0]
            #expect(first.text.contains("do number 1") && first.text.contains("Page 1 of 3"))
            #expect(first.choices.map(\.text) == ["help 2"])
            let last = try await chat.say(said("!help 3", "2"), posts: 2)[1]
            #expect(last.text.contains("do number 70") && last.text.contains("!claim") && last.choices.isEmpty)
            let some = try await chat.say(said("!help number 6", "3"), posts: 3)[2]
            #expect(some.text.contains("Page 3 of 3"), "a number at the end is the page")
        }
    }

    @Test("the chat policy keeps an alias to its channels, for administrators too, and says why")
    func policy() async throws {
        let policy = ChatPolicy(rules: [
            ChatPolicy.Rule(aliases: ["test.d*"], channels: ["#ops", "direct"]),
            ChatPolicy.Rule(aliases: ["test.deploy"], adapters: ["fake"], users: ["fake:eve"]),
        ])
        let chat = try ChatFixture(
            aliases: [Samples.alias("deploy", formats: ["deploy"]), Samples.alias()], policy: policy,
            automatic: success)
        func message(_ text: String, _ event: String, by person: String, name: String? = nil, isDirect: Bool = false)
            -> InboundMessage
        {
            var message = Samples.message(text, event: event, person: person, isOwner: person == "root")
            message.channelName = name
            message.isDirect = isDirect
            return message
        }
        try await chat.running {
            let refused = try await chat.say(message("!deploy", "1", by: "root", name: "dev"), posts: 1)[0]
            #expect(refused.kind == .refused)
            #expect(refused.text.contains("test.deploy may be used only in #ops or a direct message"))
            let row = try await chat.store.auditRecords(limit: 1, offset: 0).first
            #expect(row?.decision == "refused" && row?.detail["reason"]?.string?.contains("#ops") == true)
            let help = try await chat.say(message("!help", "2", by: "ann", name: "dev"), posts: 2)[1]
            #expect(!help.text.contains("!deploy") && help.text.contains("!act"))
            for (event, allowed) in [
                message("!deploy", "3", by: "ann", name: "ops"), message("!deploy", "4", by: "ann", isDirect: true),
                message("!deploy", "5", by: "eve", name: "dev"), message("!act", "6", by: "ann", name: "dev"),
            ].enumerated() {
                let posts = try await chat.say(allowed, posts: 4 + 2 * event)
                #expect(posts.last?.status == .succeeded, "\(allowed)")
            }
        }
    }
}

@Suite("Conversations side by side", .timeLimit(.minutes(1)))
struct ParallelOutboxTests {
    @Test("a conversation whose platform takes its time holds up no other, and order holds within each")
    func slow() async throws {
        let chat = try ChatFixture(aliases: [])
        let slow = Samples.message("x", event: "s", channel: "slow")
        let fast = Samples.message("x", event: "f", channel: "fast")
        chat.adapter.hold(channel: "slow")
        try await chat.store.enqueue([
            Samples.post("1", to: slow, text: "one"), Samples.post("2", to: slow, text: "two"),
        ])
        try await chat.running {
            await chat.adapter.waitForHeld(1)
            for number in 3...9 {
                try await chat.store.enqueue([Samples.post("\(number)", to: fast, text: "\(number)")])
                chat.events.publish(.postsQueued("fake"))
                await chat.adapter.waitForPosts(number - 2)
            }
            #expect(chat.adapter.sent.map(\.text) == (3...9).map { "\($0)" })
            chat.adapter.letGo()
            await chat.adapter.waitForPosts(9)
            #expect(chat.adapter.sent.map(\.text).suffix(2) == ["one", "two"])
            #expect(chat.adapter.sendCount == 9)
        }
    }

    @Test("a notice goes to a channel of the adapter that it names")
    func notices() async throws {
        let chat = try ChatFixture(aliases: [])
        let notices = Notices(store: chat.store, adapters: ["fake"], events: chat.events, ids: CountingIDs())
        try await chat.running {
            let id = try await notices.post(ChatNotice(adapter: "fake", channel: "ops", text: "the disk is full"))
            await chat.adapter.waitForPosts(1)
            #expect(chat.adapter.sent[0].id == id && chat.adapter.sent[0].to.conversation.channel == "ops")
            await #expect(throws: CoreError.self) {
                try await notices.post(ChatNotice(adapter: "acme", channel: "ops", text: "x"))
            }
            for _ in 0..<3 {
                let again = ChatNotice(adapter: "fake", channel: "ops", text: "the disk is full", id: id)
                #expect(try await notices.post(again) == id)
            }
            try await notices.post(ChatNotice(adapter: "fake", channel: "ops", text: "the last"))
            await chat.adapter.waitForPosts(2)
            #expect(chat.adapter.sent.map(\.text) == ["the disk is full", "the last"])
        }
    }
}
