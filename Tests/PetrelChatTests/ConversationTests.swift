import PetrelChat
import PetrelCore
import PetrelStore
import PetrelTestKit
import Testing

@Suite("A conversation", .timeLimit(.minutes(1)))
struct ConversationTests {
    private let success = RunOutcome(status: .succeeded, result: ["stdout": "hi"])

    @Test("a command is acknowledged, run and answered, in this order")
    func straightLine() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()], automatic: success)
        try await chat.running {
            let posts = try await chat.say(Samples.message("!act"), posts: 2)
            #expect(posts.map(\.kind) == [.ack, .result])
            #expect(posts[0].text.contains("Running test.act as execution"))
            #expect(posts[1].status == .succeeded)
            #expect(posts[1].text.contains("status : succeeded"))
            #expect(posts.map(\.isFinal) == [false, true])
            #expect(posts.allSatisfy { $0.execution == posts[0].execution })
        }
    }

    @Test("the same event delivered again, at once or later, runs nothing")
    func duplicates() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()], automatic: success)
        try await chat.running {
            let message = Samples.message("!act")
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { try? await chat.inbox.receive(message) } }
            }
            await chat.adapter.waitForPosts(2)
            try await chat.inbox.receive(message)
            #expect(chat.runner.starts.count == 1)
            #expect(chat.adapter.sent.count == 2)
        }
    }

    @Test("a typo is answered with the nearest command")
    func typo() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias("deploy", formats: ["deploy {{text}}"])])
        try await chat.running {
            let posts = try await chat.say(Samples.message("!deplyo web"), posts: 1)
            #expect(posts[0].kind == .unmatched)
            #expect(posts[0].text.contains("!deploy {{text}}"))
        }
    }

    @Test("text in another case, or with more blanks, is read and said how")
    func lenient() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias("say", formats: ["say it {{text}}"])], automatic: success)
        try await chat.running {
            let posts = try await chat.say(Samples.message("!SAY   it Hello"), posts: 2)
            #expect(posts[0].text.hasPrefix("Read as: say it {{text}}"))
            let execution = try #require(posts[0].execution)
            #expect(try await chat.store.execution(execution)?.parameters == ["text": "Hello"])
        }
    }

    @Test("who may not is told what is needed, and nothing runs")
    func refused() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias(role: .admin)], automatic: success)
        try await chat.running {
            let posts = try await chat.say(Samples.message("!act"), posts: 1)
            #expect(posts[0].kind == .refused)
            #expect(posts[0].text.contains("needs the role admin"))
            #expect(posts[0].text.contains("!claim"))
            #expect(chat.runner.starts.isEmpty)
            let row = try await chat.store.auditRecords(limit: 1, offset: 0).first
            #expect(row?.decision == "refused" && row?.detail["text"] == "!act")
        }
    }

    @Test("the first to say the code becomes administrator, the second doesn't")
    func claim() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias(role: .admin)], automatic: success)
        try await chat.running {
            _ = try await chat.say(Samples.message("!claim WRONG", event: "1"), posts: 1)
            _ = try await chat.say(Samples.message("!claim \(chat.claimCode.text)", event: "2"), posts: 2)
            _ = try await chat.say(
                Samples.message("!claim \(chat.claimCode.text)", event: "3", person: "bob"), posts: 3)
            #expect(chat.adapter.sent.map(\.kind) == [.refused, .answer, .refused])
            let posts = try await chat.say(Samples.message("!act", event: "4"), posts: 5)
            #expect(posts.last?.status == .succeeded)
        }
    }

    @Test("after ten wrong tries even the right code is refused")
    func claimGuessing() async throws {
        let chat = try ChatFixture(aliases: [])
        try await chat.running {
            for number in 1...10 {
                _ = try await chat.say(Samples.message("!claim X\(number)", event: "w\(number)"), posts: number)
            }
            let posts = try await chat.say(Samples.message("!claim \(chat.claimCode.text)", event: "r"), posts: 11)
            #expect(posts.last?.kind == .refused)
        }
    }

    @Test("a bad parameter is answered with its name, and nothing runs")
    func badParameter() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias("count", formats: ["count {{n}}"])], automatic: success)
        try await chat.running {
            let posts = try await chat.say(Samples.message("!count many"), posts: 1)
            #expect(posts[0].kind == .invalid)
            #expect(posts[0].text.contains("\"n\""))
            #expect(chat.runner.starts.isEmpty)
        }
    }

    @Test("help shows what the asker may use and nothing else")
    func help() async throws {
        let chat = try ChatFixture(aliases: [
            Samples.alias("open", formats: ["open {{text}}"]),
            Samples.alias("closed", formats: ["closed"], role: .admin),
        ])
        try await chat.running {
            let text = try await chat.say(Samples.message("!help"), posts: 1)[0].text
            #expect(text.contains("!open {{text}}"))
            #expect(!text.contains("closed"))
            #expect(text.contains("!cancel"))
        }
    }

    @Test("cancel without an id stops the asker's newest execution in this channel")
    func cancel() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()])
        try await chat.running {
            _ = try await chat.say(Samples.message("!act", event: "1"), posts: 1)
            await chat.runner.waitForStarts(1)
            _ = try await chat.say(Samples.message("!cancel", event: "2", person: "bob"), posts: 2)
            #expect(chat.adapter.sent.last?.text.contains("Nothing of yours") == true)
            _ = try await chat.say(Samples.message("!cancel", event: "3"), posts: 3)
            #expect(chat.adapter.sent.last?.text.hasPrefix("Stopping execution") == true)
            await chat.clock.advancing(by: .milliseconds(100)) { await chat.adapter.waitForPosts(4) }
            #expect(chat.adapter.sent.last?.status == .canceled)
        }
    }

    @Test("talk that is not meant for Petrel is left alone")
    func talk() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()])
        var message = Samples.message("act normal, please")
        message.isAddressed = false
        try await chat.inbox.receive(message)
        #expect(try await chat.store.outboxCounts().unsent == 0)
        #expect(try await chat.store.unsettled(limit: 1).isEmpty)
    }

    @Test("a message that was stored before a stop is handled at the next start")
    func recovery() async throws {
        let folder = try await ChatFixture.folder(undecided: Samples.message("!act"))
        let chat = try ChatFixture(aliases: [Samples.alias()], automatic: success, folder: folder)
        try await chat.running {
            await chat.inbox.recover()
            await chat.adapter.waitForPosts(2)
            #expect(chat.adapter.sent.map(\.kind) == [.ack, .result])
        }
    }

    @Test("a message that has stopped the process three times is set aside and said so")
    func poison() async throws {
        let folder = try await ChatFixture.folder(undecided: Samples.message("!act"), times: 3)
        let chat = try ChatFixture(aliases: [Samples.alias()], automatic: success, folder: folder)
        try await chat.running {
            await chat.inbox.recover()
            await chat.adapter.waitForPosts(1)
            #expect(chat.adapter.sent[0].text.contains("set it aside"))
            #expect(chat.runner.starts.isEmpty)
        }
    }

    @Test("an alias that mutes ack and result runs silently")
    func muted() async throws {
        let alias = Samples.alias(document: ["ack": ["enabled": false], "result": ["enabled": false]])
        let chat = try ChatFixture(aliases: [alias], automatic: success)
        try await chat.running {
            try await chat.inbox.receive(Samples.message("!act", event: "1"))
            let posts = try await chat.say(Samples.message("!help", event: "2"), posts: 1)
            #expect(posts.map(\.kind) == [.answer])
        }
    }
}

@Suite("The outbox", .timeLimit(.minutes(1)))
struct OutboxTests {
    @Test("a post that was refused for now is sent later, before those behind it")
    func retries() async throws {
        let chat = try ChatFixture(aliases: [])
        let message = Samples.message("x")
        let (first, second) = (Samples.post("1", to: message, text: "one"), Samples.post("2", to: message, text: "two"))
        chat.adapter.plan([.retry(after: .seconds(2), reason: "429")])
        try await chat.store.enqueue([first, second])
        try await chat.running {
            await chat.clock.advancing(by: .seconds(5)) { await chat.adapter.waitForPosts(2) }
            #expect(chat.adapter.sent.map(\.text) == ["one", "two"])
        }
    }

    @Test("a doubtful send is looked up and not repeated")
    func doubtful() async throws {
        let chat = try ChatFixture(aliases: [])
        let message = Samples.message("x")
        chat.adapter.plan([.doubtful(reason: "hung up")])
        try await chat.store.enqueue([Samples.post("1", to: message), Samples.post("2", to: message)])
        try await chat.running {
            await chat.clock.advancing(by: .seconds(5)) { await chat.adapter.waitForPosts(2) }
            #expect(chat.adapter.sendCount == 2)
            #expect(Set(chat.adapter.sent.map(\.id)).count == 2)
        }
    }

    @Test("what the platform will never take holds nobody up")
    func refused() async throws {
        let chat = try ChatFixture(aliases: [])
        let message = Samples.message("x")
        chat.adapter.plan([.refused(reason: "channel is gone")])
        try await chat.store.enqueue([Samples.post("1", to: message), Samples.post("2", to: message, text: "two")])
        try await chat.running {
            await chat.adapter.waitForPosts(1)
            #expect(chat.adapter.sent.map(\.text) == ["two"])
        }
    }
}

@Suite("Addressing")
struct AddressingTests {
    private let addressing = Addressing(name: "petrel", prefix: "!")

    @Test(
        "prefix, name and mention reach Petrel",
        arguments: [
            ("!date", "date"), ("  ! date ", "date"), ("petrel: date", "date"), ("Petrel date", "date"),
            ("@petrel, date", "date"), ("petrel", "help"),
        ])
    func reached(_ text: String, _ command: String) {
        #expect(addressing.command(in: text, isAddressed: false) == command)
    }

    @Test("other talk does not", arguments: ["date", "petrels fly", "!", "", "hey !date"])
    func unreached(_ text: String) { #expect(addressing.command(in: text, isAddressed: false) == nil) }

    @Test("who is addressed already needs neither")
    func addressed() {
        #expect(addressing.command(in: "date", isAddressed: true) == "date")
        #expect(addressing.command(in: "!date", isAddressed: true) == "date")
        #expect(addressing.command(in: " ", isAddressed: true) == "help")
    }
}

@Suite("What a message may set", .timeLimit(.minutes(1)))
struct MessageParameterTests {
    private let success = RunOutcome(status: .succeeded, result: [:])
    /// A runner whose `env` would run any program.
    private var runner: FakeRunner {
        FakeRunner(
            parameters: ["env": Parameter(kind: .object, schema: [:]), "cmd": Parameter(kind: .string, schema: [:])],
            automatic: success)
    }

    @Test(
        "a parameter of the runner can't be given by name, whatever the alias fixes",
        arguments: ["!act env={\"BASH_ENV\":\"$(touch /tmp/x)\"}", "!act sudo=true", "!act n=1 env={}", "!act cmd=id"])
    func runnerParameters(_ text: String) async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()], runner: runner)
        try await chat.running {
            let posts = try await chat.say(Samples.message(text), posts: 1)
            #expect(posts[0].kind == .invalid)
            #expect(posts[0].text.contains("was unexpected"))
            #expect(chat.runner.starts.isEmpty)
        }
    }

    @Test("the action's own parameters can be given by name")
    func ownParameters() async throws {
        let chat = try ChatFixture(aliases: [Samples.alias()], runner: runner)
        try await chat.running {
            let posts = try await chat.say(Samples.message("!act n=5"), posts: 2)
            let execution = try #require(posts[0].execution)
            #expect(try await chat.store.execution(execution)?.parameters == ["n": 5])
        }
    }

    @Test(
        "a command line behind fixed text is taken as it was typed",
        arguments: [
            ("!run printf 'abc'", "printf 'abc'"), ("!run \"ls -l\"", "ls -l"),
            ("!run dd if=/dev/zero of=x", "dd if=/dev/zero of=x"),
            ("!run echo \"a\" \"b\"", "echo \"a\" \"b\""), ("!run ls timeout=5", "ls timeout=5"), ("!run  ls", "ls"),
        ])
    func commandLines(_ text: String, _ wanted: String) async throws {
        let alias = Samples.alias("run", formats: ["run {{text}}"])
        let chat = try ChatFixture(aliases: [alias], runner: runner)
        try await chat.running {
            let posts = try await chat.say(Samples.message(text), posts: 2)
            let execution = try #require(posts[0].execution)
            #expect(try await chat.store.execution(execution)?.parameters == ["text": .string(wanted)])
        }
    }

    @Test("what was said too long before a start is not run, and its sender is told")
    func tooLate() async throws {
        let folder = try await ChatFixture.folder(undecided: Samples.message("!act"))
        let chat = try ChatFixture(aliases: [Samples.alias()], runner: runner, folder: folder)
        chat.clock.advance(by: .seconds(16 * 60))
        try await chat.running {
            await chat.inbox.recover()
            await chat.adapter.waitForPosts(1)
            #expect(chat.adapter.sent[0].kind == .notice)
            #expect(chat.runner.starts.isEmpty)
        }
    }
}
