import Foundation
import PetrelCore
import PetrelTestKit
import Testing

@Suite("A service on a chat platform", .serialized)
struct ChatPlatformTests {
    private static func number(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    private func channel(_ platform: ChatFake.Platform) -> Value { platform == .slack ? "C0CHAN0001" : "chan1" }

    @Test("each command is acknowledged once and answered once", arguments: ChatFake.Platform.allCases)
    func load(_ platform: ChatFake.Platform) async throws {
        let count = Self.number("PETREL_CHAT_COMMANDS", 50)
        let chat = try await ChatService(platform)
        let service = try await chat.start()
        let answer = try await chat.fake.control(
            "load",
            [
                "n": .integer(count), "concurrency": 10, "template": "!say {token}", "ack_pattern": "^begun",
                "result_pattern": "^done", "timeout": 30, "max_seconds": 110, "wait": true,
            ])
        let result = try #require(answer["result"])
        let (acks, results) = (try await chat.posts("begun"), try await chat.posts("done"))
        print(
            "chat-commands platform=\(platform) commands=\(count) acks=\(acks.count) results=\(results.count)",
            "lost=\(result["lost"]?.integer ?? -1) duplicates=\(result["duplicates"]?.integer ?? -1)",
            "result_p50_ms=\(result["result_ms"]?["p50"]?.number ?? 0)")
        #expect(result["lost"] == 0 && result["duplicates"] == 0)
        #expect(Set(acks).count == count && acks.count == count)
        #expect(Set(results).count == count && results.count == count)
        #expect(chat.ran.count == count && Set(chat.ran).count == count)
        try await service.stop()
    }

    @Test(
        "kills at any time lose nothing, run nothing twice and answer nothing twice",
        arguments: ChatFake.Platform.allCases)
    func kills(_ platform: ChatFake.Platform) async throws {
        let kills = Self.number("PETREL_CHAT_KILLS", 4)
        let chat = try await ChatService(platform, arguments: platform == .slack ? ["--retry-seconds", "1"] : [])
        var service = try await chat.start()
        var said: [String] = []
        for round in 0..<kills {
            for number in 0..<12 {
                said.append("w\(round)x\(number)")
                try await chat.fake.control(
                    "message", ["text": .string("!say \(said[said.count - 1])"), "channel": channel(platform)])
                if number == 6 + round % 6 {
                    service.kill()
                    service = try await chat.start(isConnected: false)
                }
            }
        }
        let isAnswered = try await comesToHold(within: .seconds(60)) {
            try await Set(chat.posts("done")).count == said.count
        }
        let (acks, results, ran) = (try await chat.posts("begun"), try await chat.posts("done"), chat.ran)
        let lost = said.filter { word in !results.contains { $0.hasPrefix("done \(word)") } }
        print(
            "chat-kills platform=\(platform) kills=\(kills) commands=\(said.count) lost=\(lost.count)",
            "ran_twice=\(ran.count - Set(ran).count) duplicated=\(results.count - Set(results).count)",
            "acks_duplicated=\(acks.count - Set(acks).count)")
        #expect(isAnswered && lost.isEmpty, "\(lost)")
        #expect(ran.count == Set(ran).count)
        #expect(results.count == Set(results).count && acks.count == Set(acks).count)
        try await service.stop()
    }

    @Test(
        "a kill on a post's way loses none, and doubles none that can be looked up",
        arguments: ChatFake.Platform.allCases)
    func outboxPoints(_ platform: ChatFake.Platform) async throws {
        let points = FaultPoint.allCases.map(\.rawValue).filter { $0.hasPrefix("outbox.") }
        var (runs, missing, duplicated) = (0, 0, 0)
        for (point, pass) in points.flatMap({ point in [(point, 1), (point, 4)] }) {
            let chat = try await ChatService(platform, arguments: platform == .slack ? ["--retry-seconds", "1"] : [])
            let dying = try await chat.start(fault: "\(point):\(pass):kill")
            let said = (0..<4).map { "p\($0)" }
            for word in said {
                try await chat.fake.control(
                    "message", ["text": .string("!say \(word)"), "channel": channel(platform)])
            }
            try #require(await comesToHold { !dying.isRunning }, "\(point) is not passed \(pass) times")
            let service = try await chat.start(isConnected: false)
            _ = try await comesToHold(within: .seconds(30)) {
                try await Set(chat.posts("done")).count == said.count
            }
            let (acks, results) = (try await chat.posts("begun"), try await chat.posts("done"))
            runs += 1
            missing += 2 * said.count - Set(acks).count - Set(results).count
            duplicated += acks.count + results.count - Set(acks).count - Set(results).count
            #expect(Set(chat.ran) == Set(said) && chat.ran.count == said.count, "\(point) \(pass): \(chat.ran)")
            try await service.stop()
        }
        print(
            "chat-points platform=\(platform) points=\(points.count) runs=\(runs) missing=\(missing)",
            "duplicated=\(duplicated)")
        #expect(!points.isEmpty && missing == 0 && duplicated == 0)
    }

    @Test(
        "a message that is delivered one to five times, over one socket or two, runs once",
        arguments: ChatFake.Platform.allCases)
    func redelivery(_ platform: ChatFake.Platform) async throws {
        let rounds = Self.number("PETREL_CHAT_COMMANDS", 50) / 5
        let chat = try await ChatService(platform, arguments: platform == .slack ? ["--retry-seconds", "0.3"] : [])
        let service = try await chat.start()
        var said: [String] = []
        for round in 0..<rounds {
            // While one socket takes the place of another both are open.
            if platform == .slack { try await chat.fake.control("ws", ["action": "refresh", "warning_seconds": 0.5]) }
            for times in 1...5 {
                said.append("r\(round)x\(times)")
                let isEverywhere = platform == .slack && times > 1 && round.isMultiple(of: 2)
                try await chat.fake.control(
                    "ws_next",
                    isEverywhere ? ["kind": "everywhere"] : ["kind": "duplicate", "copies": .integer(times - 1)])
                try await chat.fake.control(
                    "message", ["text": .string("!say \(said[said.count - 1])"), "channel": channel(platform)])
            }
        }
        let isAnswered = try await comesToHold(within: .seconds(60)) {
            try await Set(chat.posts("done")).count == said.count
        }
        let (ran, results) = (chat.ran, try await chat.posts("done"))
        let once = said.filter { word in ran.filter { $0 == word }.count == 1 }
        print(
            "redelivery platform=\(platform) commands=\(said.count) ran_once=\(once.count)",
            "results=\(results.count) duplicates=\(results.count - Set(results).count)")
        #expect(isAnswered && once.count == said.count && results.count == said.count)
        try await service.stop()
    }

    @Test(
        "posts that arrive although the connection ends without an answer, 30 in 100, are neither doubled nor missing",
        arguments: ChatFake.Platform.allCases)
    func hangups(_ platform: ChatFake.Platform) async throws {
        // A pause follows each doubt, in which the conversation waits: more take longer and show no more.
        let count = min(Self.number("PETREL_CHAT_COMMANDS", 50), 200)
        let chat = try await ChatService(platform)
        let service = try await chat.start()
        let method: Value = platform == .slack ? "chat.postMessage" : "POST /posts"
        try await chat.fake.control(
            "faults", ["method": method, "kind": "reset_after", "times": -1, "probability": 0.3])
        let said = (0..<count).map { "h\($0)" }
        for word in said {
            try await chat.fake.control("message", ["text": .string("!say \(word)"), "channel": channel(platform)])
        }
        let isAnswered = try await comesToHold(within: .seconds(120)) {
            try await Set(chat.posts("done")).count == count
        }
        let (acks, results) = (try await chat.posts("begun"), try await chat.posts("done"))
        let missing = 2 * count - Set(acks).count - Set(results).count
        let duplicates = acks.count + results.count - Set(acks).count - Set(results).count
        let sends = try await chat.fake.log(method.string ?? "").count
        print("hangups platform=\(platform) sends=\(sends) duplicates=\(duplicates) missing=\(missing)")
        #expect(isAnswered && missing == 0 && duplicates == 0)
        try await service.stop()
    }

    @Test(
        "a missing parameter is asked for in the thread, and its answer there is enough",
        arguments: ChatFake.Platform.allCases)
    func question(_ platform: ChatFake.Platform) async throws {
        let chat = try await ChatService(platform)
        let service = try await chat.start()
        let root = platform == .slack ? "thread_ts" : "root_id"
        let asked = try await chat.fake.control(
            "message", ["text": "!speak", "channel": channel(platform), "contains": "needs text", "timeout": 20])
        let post = try #require(asked["posts"]?.array?.first ?? asked["replies"]?.array?.first, "\(asked)")
        let thread = try #require(post["thread"]?.string, "\(post)")
        try await chat.fake.control(
            "message",
            [
                "text": "hello", "channel": channel(platform), root: .string(thread), "contains": "done hello",
                "timeout": 20,
            ])
        #expect(chat.ran == ["hello"])
        let status = try await chat.fake.control(
            "message",
            [
                "text": "!status", "channel": channel(platform), root: .string(thread), "contains": "succeeded",
                "timeout": 20,
            ])
        #expect(status["ok"] != false)
        try await service.stop()
    }

    @Test("a result takes the place of its ack where the alias asks for it", arguments: ChatFake.Platform.allCases)
    func edit(_ platform: ChatFake.Platform) async throws {
        let chat = try await ChatService(platform)
        let service = try await chat.start()
        try await chat.fake.control("message", ["text": "!show one", "channel": channel(platform)])
        let isShown = try await comesToHold { try await !chat.posts("shown one").isEmpty }
        #expect(isShown)
        let posts = try await chat.fake.posts()
        #expect(posts.map { $0["kind"]?.string ?? "" }.contains { $0 == "update" })
        #expect(Set(posts.compactMap { $0["ts"]?.string ?? $0["id"]?.string }).count == 1, "\(posts)")
        try await service.stop()
    }

    @Test(
        "a token that the platform refuses is told everywhere and not hammered", arguments: ChatFake.Platform.allCases)
    func badToken(_ platform: ChatFake.Platform) async throws {
        let chat = try await ChatService(
            platform, arguments: platform == .slack ? ["--strict-tokens"] : [], token: "wrong")
        let service = try await chat.start(isConnected: false)
        let isRefused = try await comesToHold { try await ChatService.adapters(service)["chat"]?["state"] == "refused" }
        #expect(isRefused)
        #expect(try await ChatService.adapters(service)["chat"]?["error"]?.string?.isEmpty == false)
        let list = try await service.petrel("adapter", "list")
        #expect(list.code == 0 && list.out.contains("refused") && list.out.contains(platform.rawValue))
        let doctor = try await service.petrel("doctor", "--data-dir", chat.folder)
        #expect(doctor.code == 1 && doctor.out.contains("adapter chat"), "\(doctor.out)")
        try await waitUntil("the log tells it") { try service.text("service.log").contains("chat: ") }
        let calls = try await chat.fake.control("requests", method: "GET")["counts"]?.object ?? [:]
        #expect(calls.values.compactMap(\.integer).reduce(0, +) < 8, "\(calls)")
        try await service.stop()
    }

    @Test("a slash command comes in by the platform's call, if it brings the token")
    func callback() async throws {
        let chat = try await ChatService(.mattermost, options: ", command_token: hush")
        let service = try await chat.start()
        let channels = try await chat.fake.control("channels", method: "GET")["channels"]?.array ?? []
        let users = try await chat.fake.control("users", method: "GET")["users"]?.array ?? []
        let channel = try #require(channels.first { $0["name"]?.string == "chan1" }?["id"]?.string, "\(channels)")
        let user = try #require(users.first { $0["name"]?.string == "user1" }?["id"]?.string, "\(users)")
        func call(_ token: String, to adapter: String = "chat") async throws -> String {
            let form =
                "channel_id=\(channel)&user_id=\(user)&user_name=user1&channel_name=chan1&command=%2Fpetrel"
                + "&trigger_id=t1&text=say+called&token=\(token)"
            let url = try service.url + "/chat/\(adapter)/callback"
            return try await TestProgram.run(
                "curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--data", form, url]
            ).out
        }
        #expect(try await call("guess") == "401")
        #expect(try await call("hush", to: "nobody") == "404")
        #expect(try await call("hush") == "200")
        #expect(try await call("hush") == "200", "the same call again")
        let isDone = try await comesToHold { try await chat.posts("done called").count == 1 }
        #expect(isDone && chat.ran == ["called"])
        try await service.stop()
    }

    @Test("an unknown person may use the starter set and nothing else", arguments: ChatFake.Platform.allCases)
    func unmapped(_ platform: ChatFake.Platform) async throws {
        let chat = try await ChatService(platform, role: "starter")
        let service = try await chat.start()
        for (text, answer) in [
            ("!date", "succeeded"), ("!run id", "needs the role"), ("!say x", "needs the role"),
        ] as [(Value, Value)] {
            try await chat.fake.control(
                "message", ["text": text, "channel": channel(platform), "contains": answer, "timeout": 20])
        }
        #expect(chat.ran.isEmpty)
        try await service.stop()
    }

    @Test("two platforms at once, and commands in each are answered there")
    func both() async throws {
        let chat = try await ChatService(.slack)
        let other = try await ChatFake(.mattermost)
        let entries = "[\(ChatService.entry(chat.fake, name: "acme")), \(ChatService.entry(other, name: "ops"))]"
        let service = try await ServiceProcess(
            folder: chat.folder,
            environment: ["PETREL_CHAT_ADAPTERS": entries, "PETREL_ACCESS_CHAT_DEFAULT_ROLE": "operator"])
        try await waitUntil("both are connected") {
            let adapters = try await ChatService.adapters(service)
            return adapters["acme"]?["state"] == "connected" && adapters["ops"]?["state"] == "connected"
        }
        try await chat.fake.control(
            "message", ["text": "!say slack", "channel": "C0CHAN0001", "contains": "done slack", "timeout": 20])
        try await other.control(
            "message", ["text": "!say matter", "channel": "chan1", "contains": "done matter", "timeout": 20])
        #expect(Set(chat.ran) == ["slack", "matter"])
        try await service.stop()
    }
}
