import Foundation
import PetrelCore
import PetrelSystem
import Synchronization
import Testing

@testable import PetrelApp

@Suite("The service that a client talks to")
struct ClientTargetTests {
    private func find(_ flags: ClientFlags = ClientFlags(), _ environment: [String: String] = [:]) throws
        -> ClientTarget
    {
        try ClientTarget.find(flags, environment: environment, workingFolder: "/nowhere")
    }

    @Test(
        "its address comes from the flag, then Petrel's variable, then StackStorm's",
        arguments: [
            (nil, [:], "http://127.0.0.1:9101/v1"), ("http://a:1", ["PETREL_SERVER": "http://b"], "http://a:1/v1"),
            (nil, ["PETREL_SERVER": "http://b:2/", "ST2_API_URL": "http://c"], "http://b:2/v1"),
            (nil, ["ST2_API_URL": "https://c/api/v1"], "https://c/api/v1"),
            (nil, ["ST2_BASE_URL": "http://d"], "http://d:9101/v1"),
            (nil, ["ST2_BASE_URL": "http://d:7/"], "http://d:7/v1"),
            (nil, ["ST2_BASE_URL": "http://[::1]"], "http://[::1]:9101/v1"), ("host:8080", [:], "http://host:8080/v1"),
        ] as [(String?, [String: String], String)])
    func address(server: String?, environment: [String: String], expected: String) throws {
        #expect(try find(ClientFlags(server: server), environment).apiURL == expected)
    }

    @Test("an address that is none is a usage error", arguments: ["ftp://x", "http://", "http://x?y", ""])
    func wrongAddress(server: String) {
        let error = #expect(throws: AppErrors.self) { try find(ClientFlags(server: server)) }
        #expect(error?.problems.map(\.code) == [.usage])
    }

    @Test("without another address, the one that the service left in its data folder; elsewhere only if that was named")
    func writtenAddress() throws {
        let folder = try TemporaryFolder()
        func find(_ flags: ClientFlags, _ environment: [String: String] = [:]) throws -> String {
            try ClientTarget.find(flags, environment: environment, workingFolder: folder.path).apiURL
        }
        _ = try folder.write("petrel-data/url", "http://127.0.0.1:7000")
        #expect(try find(ClientFlags()) == "http://127.0.0.1:7000/v1")
        #expect(try find(ClientFlags(server: "http://a")) == "http://a/v1")
        #expect(try find(ClientFlags(), ["ST2_API_URL": "http://c"]) == "http://c/v1")
        #expect(try find(ClientFlags(dataDir: "other")) == "http://127.0.0.1:9101/v1")
        _ = try folder.write("petrel-data/url", "https://petrel.example.com")
        #expect(try find(ClientFlags()) == "http://127.0.0.1:9101/v1")
        #expect(try find(ClientFlags(dataDir: "petrel-data")) == "https://petrel.example.com/v1")
    }

    @Test("settings that are named give address, prefix and data folder")
    func settings() throws {
        let folder = try TemporaryFolder()
        let config = try folder.write("p.yaml", "http: {host: 0.0.0.0, port: 9}\nchat: {prefix: '/', name: bird}\n")
        _ = try folder.write("petrel-data/admin-token", "secret\n")
        let target = try find(ClientFlags(config: config))
        #expect(target.apiURL == "http://127.0.0.1:9/v1")
        #expect(target.chatPrefix == "/")
        #expect(target.chatName == "bird")
        #expect(target.dataDir == folder.path + "/petrel-data")
        #expect(target.credential?.header.value == "secret")
    }

    @Test(
        "credentials come from flags, then the environment",
        arguments: [
            (ClientFlags(token: "f"), ["PETREL_TOKEN": "p"], "X-Auth-Token", "f"),
            (ClientFlags(apiKey: "k"), ["PETREL_TOKEN": "p"], "St2-Api-Key", "k"),
            (ClientFlags(), ["PETREL_TOKEN": "p", "ST2_AUTH_TOKEN": "s"], "X-Auth-Token", "p"),
            (ClientFlags(), ["ST2_AUTH_TOKEN": "s", "ST2_API_KEY": "k"], "X-Auth-Token", "s"),
            (ClientFlags(), ["ST2_API_KEY": "k"], "St2-Api-Key", "k"),
        ] as [(ClientFlags, [String: String], String, String)])
    func credentials(flags: ClientFlags, environment: [String: String], name: String, value: String) throws {
        let header = try #require(try find(flags, environment).credential?.header)
        #expect(header.name == name && header.value == value)
    }

    @Test("the token of a data folder is for this machine's service unless the folder was named")
    func tokenFile() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("petrel-data/admin-token", "secret\n")
        func find(_ flags: ClientFlags, _ environment: [String: String] = [:]) throws -> ClientTarget {
            try ClientTarget.find(flags, environment: environment, workingFolder: folder.path)
        }
        #expect(try find(ClientFlags()).credential != nil)
        #expect(try find(ClientFlags(server: "http://localhost:1")).credential != nil)
        #expect(try find(ClientFlags(server: "http://elsewhere")).credential == nil)
        #expect(try find(ClientFlags(server: "http://elsewhere", dataDir: "petrel-data")).credential != nil)
        #expect(try find(ClientFlags(), ["PETREL_DATA_DIR": "absent"]).credential == nil)
    }
}

@Suite("API client")
struct APIClientTests {
    @Test("requests carry the credential, and bodies are JSON")
    func requests() async throws {
        let transport = FakeTransport([.json(201, "{\"id\": \"5\"}")])
        let client = APIClient(
            ClientTarget(apiURL: "http://x/v1", credential: .token(Secret("t")), dataDir: "/d"), transport: transport)
        #expect(try await client.post("/executions", ["action": "a.b"]) == ["id": "5"])
        let request = try #require(transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "http://x/v1/executions")
        #expect(request.headers.contains { $0.name == "X-Auth-Token" && $0.value == "t" })
        #expect(request.body.map { String(decoding: $0, as: UTF8.self) } == "{\"action\":\"a.b\"}")
    }

    @Test(
        "an error says what the service said, where, and what to do",
        arguments: [
            (
                404, "{\"faultstring\": \"Resource not found\"}", "Resource not found",
                "Check the name; the list commands show what there is"
            ),
            (
                401, "{\"faultstring\": \"Unauthorized\"}", "Unauthorized",
                "Give a token with --token or PETREL_TOKEN, or name the service's data folder with --data-dir"
            ),
            (502, "<html>", "the service answered with status 502", "Look at the service's log"),
            (400, "{\"faultstring\": \"bad\"}", "bad", nil),
        ] as [(Int, String, String, String?)])
    func errors(status: Int, body: String, message: String, hint: String?) async {
        let client = APIClient(.test, transport: FakeTransport([.json(status, body)]))
        let error = await #expect(throws: AppError.self) { try await client.get("/actions/x", [("a", "b c")]) }
        #expect(error?.message == message)
        #expect(error?.hint == hint)
        #expect(error?.location?.file == "GET http://x/v1/actions/x answered \(status)")
    }

    @Test("a service that is not there is told with how to start it")
    func unreachable() async {
        let client = APIClient(
            .test, transport: FakeTransport([.failure(SystemError(.unreachable, "nothing answers"))]))
        let error = await #expect(throws: AppError.self) { try await client.get("/x") }
        #expect(error?.code == .unreachable)
        #expect(error?.isRetryable == true)
        #expect(error?.hint?.contains("petrel serve") == true)
    }

    @Test("a token that has ended is replaced once where the password for another is kept")
    func renews() async throws {
        let folder = try TemporaryFolder()
        let environment = ["HOME": folder.path]
        let login = SavedLogin(user: "ann", password: Secret("pass word"))
        try SavedToken(server: "http://x/v1", token: Secret("old"), login: login).save(environment)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/.petrel/token")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let target = try ClientTarget.find(
            ClientFlags(server: "http://x"), environment: environment, workingFolder: "/nowhere")
        let transport = FakeTransport([
            .json(401, "{\"faultstring\": \"Token has expired.\"}"), .json(201, "{\"token\": \"new\"}"),
            .json(200, "{}"),
        ])
        #expect(try await APIClient(target, transport: transport).get("/user") == [:])
        let sent = transport.requests.map { request in request.headers.first { $0.name != "Accept" }?.value }
        #expect(sent == ["old", "Basic YW5uOnBhc3Mgd29yZA==", "new"])
        let saved = try #require(SavedToken.find(server: "http://x/v1", environment))
        #expect(saved.token.reveal() == "new" && saved.login?.password.reveal() == "pass word")
        #expect(SavedToken.find(server: "http://y/v1", environment) == nil)
    }

    @Test("without a password, a token that has ended is told as it is")
    func doesNotRenew() async throws {
        let folder = try TemporaryFolder()
        let environment = ["HOME": folder.path]
        try SavedToken(server: "http://x/v1", token: Secret("old")).save(environment)
        let target = try ClientTarget.find(
            ClientFlags(server: "http://x"), environment: environment, workingFolder: "/nowhere")
        let transport = FakeTransport([.json(401, "{\"faultstring\": \"Token has expired.\"}")])
        let error = await #expect(throws: AppError.self) { try await APIClient(target, transport: transport).get("/u") }
        #expect(error?.message == "Token has expired." && transport.requests.count == 1)
    }

    @Test("an answer that is no JSON, or no list, is told")
    func badAnswers() async {
        let client = APIClient(.test, transport: FakeTransport([.json(200, "<html>"), .json(200, "{}")]))
        let first = await #expect(throws: AppError.self) { try await client.get("/x") }
        let second = await #expect(throws: AppError.self) { try await client.list("/x") }
        #expect(first?.code == .badAnswer && second?.code == .badAnswer)
    }

    @Test("a listing says how many there are in all")
    func total() async throws {
        let client = APIClient(.test, transport: FakeTransport([.json(200, "[{}]", [("x-total-count", "70")])]))
        #expect(try await client.list("/x").total == 70)
    }

    @Test(
        "parts of URLs are escaped",
        arguments: [("a b/c?d&é", "a%20b%2Fc%3Fd%26%C3%A9"), ("core.local_-~1", "core.local_-~1")])
    func escaping(text: String, expected: String) { #expect(URLText.escaped(text) == expected) }
}

@Suite("A room over HTTP")
struct RoomClientTests {
    private func client(_ transport: FakeTransport, lost: @escaping @Sendable (AppError) -> Void = { _ in })
        -> RoomClient
    {
        var client = RoomClient(
            client: APIClient(.test, transport: transport), room: "#ops", user: "ann", clock: LeapingClock(),
            ids: CountingIDs())
        client.whenLost = lost
        return client
    }

    @Test("a message whose arrival is doubtful is sent again under the same key")
    func retry() async throws {
        let transport = FakeTransport([
            .failure(SystemError(.transferFailed, "broke")), .json(503, "{}"),
            .json(201, "{\"key\": \"1\", \"sequence\": 4}"),
        ])
        let losses = Mutex(0)
        let said = try await client(transport) { _ in losses.withLock { $0 += 1 } }.say("ping")
        #expect(said.key == "1" && said.sequence == 4)
        #expect(transport.requests.map(\.url) == [String](repeating: "http://x/v1/rooms/%23ops/messages", count: 3))
        let bodies = Set(transport.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) })
        #expect(bodies == ["{\"key\":\"1\",\"text\":\"ping\",\"as\":\"ann\"}"])
        #expect(losses.withLock(\.self) == 1)
    }

    @Test("a refusal is not tried again")
    func refusal() async {
        let transport = FakeTransport([.json(403, "{\"faultstring\": \"no\"}")])
        let error = await #expect(throws: AppError.self) { try await client(transport).say("ping") }
        #expect(error?.message == "no")
        #expect(transport.requests.count == 1)
    }

    @Test("patience ends after a minute")
    func patience() async {
        let transport = FakeTransport([], otherwise: .failure(SystemError(.unreachable, "gone")))
        await #expect(throws: AppError.self) { try await client(transport).posts(after: 1, wait: .seconds(25)) }
        #expect((40...80).contains(transport.requests.count))
    }

    @Test("posts are read with all that they say")
    func posts() async throws {
        let json = """
            [{"sequence": 7, "room": "#ops", "key": "a", "in_reply_to": "k", "author": "petrel", "text": "ok",
              "kind": "result", "execution_id": "65a000000000000000000001", "status": "succeeded", "is_final": true,
              "at": "2024-01-02T03:04:05.000000Z"}, {"sequence": 8}, {"sequence": 9, "room": "#ops", "key": "b",
              "author": "ann", "text": "hi", "is_final": false, "at": "2024-01-02T03:04:05.000000Z"}]
            """
        let transport = FakeTransport([.json(200, json)])
        let posts = try await client(transport).posts(after: 6, wait: .seconds(25))
        #expect(posts.map(\.sequence) == [7, 9])
        #expect(posts[0].kind == .result && posts[0].status == .succeeded && posts[0].isFinal)
        #expect(posts[0].inReplyTo == "k" && posts[0].execution?.text == "65a000000000000000000001")
        #expect(posts[1].kind == nil && posts[1].author == "ann")
        #expect(transport.requests[0].url == "http://x/v1/rooms/%23ops/posts?after=6&wait=25&limit=100")
    }

    @Test("the last lines are asked for by a negative number")
    func last() async throws {
        let transport = FakeTransport([.json(200, "[]")])
        #expect(try await client(transport).last(20) == [])
        #expect(transport.requests[0].url.hasSuffix("/posts?after=-20&wait=0&limit=20"))
    }
}

@Suite("What answers come to")
struct ChatVerdictTests {
    private func code(_ posts: [RoomPost]) -> (Int32, Bool) {
        var verdict = ChatVerdict(key: "k")
        for post in posts { _ = verdict.take(post) }
        return (verdict.exitCode, verdict.isOver)
    }

    @Test(
        "the exit code says how it went",
        arguments: [
            (PostKind.result, .succeeded, 0), (.result, .failed, 1), (.result, .timeout, 1), (.result, .canceled, 1),
            (.answer, nil, 0), (.refused, nil, 1), (.invalid, nil, 1), (.unmatched, nil, 3), (.notice, nil, 1),
            (.ack, nil, 0),
        ] as [(PostKind, ExecutionStatus?, Int32)])
    func codes(kind: PostKind, status: ExecutionStatus?, expected: Int32) {
        let (code, isOver) = code([.answer(.ack, "on it", nil), .answer(kind, "x", status, isFinal: true)])
        #expect(code == expected)
        #expect(isOver)
    }

    @Test("only answers to the message count, and it is over at the final one")
    func others() {
        var verdict = ChatVerdict(key: "k")
        let other = verdict.take(.answer(.result, "x", .failed, to: "other", isFinal: true))
        let own = verdict.take(.answer(.ack, "x", nil))
        #expect(!other && own && !verdict.isOver && verdict.exitCode == 0)
    }

    @Test("one failure among several executions is a failure")
    func several() {
        #expect(code([.answer(.result, "x", .failed), .answer(.result, "y", .succeeded, isFinal: true)]) == (1, true))
    }
}

@Suite("Waiting for an execution")
struct ExecutionWaitTests {
    private func wait(_ transport: FakeTransport) -> ExecutionWait {
        ExecutionWait(client: APIClient(.test, transport: transport), clock: LeapingClock())
    }

    @Test("it is asked for until it is over, also when the service is away for a while")
    func waits() async throws {
        let transport = FakeTransport([
            .json(200, "{\"id\": \"5\", \"status\": \"running\"}"), .failure(SystemError(.unreachable, "gone")),
            .json(200, "{\"id\": \"5\", \"status\": \"canceling\"}"),
            .json(200, "{\"id\": \"5\", \"status\": \"failed\"}"),
        ])
        guard case .over(let execution) = try await wait(transport).run(["id": "5", "status": "requested"]) else {
            return #expect(Bool(false))
        }
        #expect(execution["status"] == "failed")
        #expect(transport.requests.count == 4)
    }

    @Test("one that stands still is not waited for", arguments: ["succeeded", "paused", "pending", "abandoned"])
    func standing(status: String) async throws {
        guard case .over = try await wait(FakeTransport([])).run(["id": "5", "status": .string(status)]) else {
            return #expect(Bool(false))
        }
    }

    @Test("an interruption ends the waiting, not the execution")
    func interrupted() async throws {
        var wait = wait(FakeTransport([]))
        wait.isInterrupted = { true }
        guard case .interrupted = try await wait.run(["id": "5", "status": "running"]) else {
            return #expect(Bool(false))
        }
    }

    @Test("an error that stays ends the waiting")
    func error() async {
        await #expect(throws: AppError.self) {
            try await wait(FakeTransport([.json(404, "{}")])).run(["id": "5", "status": "running"])
        }
    }
}

@Suite("Beginnings of commands")
struct CommandHeadsTests {
    @Test("what stands before the first parameter can be completed")
    func heads() {
        let aliases: [Value] = [
            ["formats": ["deploy {{app}} to {{env}}", "ping"], "enabled": true],
            [
                "formats": [
                    ["display": "pack install <name>", "representation": ["x"]], ["representation": ["hidden"]],
                ]
            ],
            ["formats": ["off"], "enabled": false], ["formats": ["{{all}}", "pre{{fix}} x", "(run|start) it", "ping"]],
        ]
        let displays = CommandHeads.displays(ofAliases: aliases)
        #expect(CommandHeads.heads(ofDisplays: displays) == ["deploy", "pack install", "ping"])
    }
}

extension ClientTarget {
    static var test: ClientTarget { ClientTarget(apiURL: "http://x/v1", dataDir: "/d") }
}

/// Ids that count up.
final class CountingIDs: IDSource {
    private let last = Mutex(0)
    func next() -> String {
        last.withLock {
            $0 += 1
            return String($0)
        }
    }
}

/// A network of prepared answers.
final class FakeTransport: HTTPTransport {
    enum Answer: Sendable {
        case response(HTTPResponse)
        case failure(SystemError)

        static func json(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> Answer {
            .response(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
        }
    }

    private struct State {
        var answers: [Answer]
        var requests: [HTTPRequest] = []
    }
    private let state: Mutex<State>
    private let otherwise: Answer

    init(_ answers: [Answer], otherwise: Answer = .failure(SystemError(.badRequest, "nothing was prepared"))) {
        state = Mutex(State(answers: answers))
        self.otherwise = otherwise
    }

    var requests: [HTTPRequest] { state.withLock(\.requests) }

    func perform(_ request: HTTPRequest) async throws(SystemError) -> HTTPResponse {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? otherwise : state.answers.removeFirst()
        }
        switch answer {
        case .response(let response): return response
        case .failure(let problem): throw problem
        }
    }
}
