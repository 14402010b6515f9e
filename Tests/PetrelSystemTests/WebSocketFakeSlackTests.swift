import Foundation
import PetrelCore
import PetrelSystem
import Testing

@Suite("A websocket to the fake Slack", .serialized)
struct WebSocketFakeSlackTests {
    let slack: WirePeer
    let client = HTTPClient()

    init() throws {
        slack = try WirePeer.shared("fake_slack.py", ["--port", "0", "--max-seconds", "600", "--ping-interval", "1"])
    }

    private func post(_ path: String, _ body: String = "{}", token: String? = nil) async throws -> [String: Any] {
        var request = HTTPRequest(
            method: "POST", url: slack.http(path), headers: [("Content-Type", "application/json")],
            body: Array(body.utf8), proxy: .none)
        if let token { request.headers.append(("Authorization", "Bearer " + token)) }
        let answer = try await client.perform(request)
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    private func ticket() async throws -> String {
        try #require(try await post("/api/apps.connections.open", token: "xapp-fake-app")["url"] as? String)
    }

    /// A connection that has got its hello.
    private func connect() async throws -> WebSocketConnection {
        var request = WebSocketRequest(url: try await ticket(), proxy: .none)
        request.pingInterval = .milliseconds(200)
        request.silenceLimit = .milliseconds(900)
        let connection = try await WebSocketConnection.connect(request)
        guard case .text(let hello) = try await connection.receive() else { throw CancellationError() }
        #expect(hello.contains("\"hello\""))
        return connection
    }

    @Test("a ticket opens one connection, and is refused the second time")
    func tickets() async throws {
        let url = try await ticket()
        let connection = try await WebSocketConnection.connect(WebSocketRequest(url: url, proxy: .none))
        let error = await #expect(throws: SystemError.self) {
            try await WebSocketConnection.connect(WebSocketRequest(url: url, proxy: .none))
        }
        #expect(error?.code == .refused && (400...499).contains(error?.httpStatus ?? 0))
        await connection.close()
    }

    @Test("an event comes, its acknowledgement goes, and it does not come again")
    func envelope() async throws {
        let connection = try await connect()
        _ = try await post("/_control/message", #"{"text": "hello there", "user": "U0USER0001"}"#)
        guard case .text(let event) = try await connection.receive() else { throw CancellationError() }
        let envelope = try #require(try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any])
        let id = try #require(envelope["envelope_id"] as? String)
        try await connection.send(.text("{\"envelope_id\":\"\(id)\"}"))
        await connection.close()
        let unacknowledged = try await post("/_control/envelopes?only=unacked")
        #expect(!"\(unacknowledged)".contains(id))
    }

    @Test("each way of losing the connection is told apart, and the next one works")
    func faults() async throws {
        let faults: [(String, SystemErrorCode?)] = [
            (#"{"action": "drop"}"#, .disconnected), (#"{"action": "rst"}"#, .disconnected),
            (#"{"action": "close", "code": 1011}"#, nil), (#"{"action": "mute"}"#, .disconnected),
            (#"{"action": "malformed", "kind": "opcode"}"#, .badFrame),
            (#"{"action": "malformed", "kind": "rsv"}"#, .badFrame),
            (#"{"action": "malformed", "kind": "utf8"}"#, .badFrame),
            (#"{"action": "malformed", "kind": "control_fragment"}"#, .badFrame),
        ]
        for (fault, code) in faults {
            let connection = try await connect()
            _ = try await post("/_control/ws", fault)
            do throws(SystemError) {
                while try await connection.receive() != nil {}
                #expect(code == nil && connection.closeCode == 1011, "\(fault)")
            } catch { #expect(error.code == code, "\(fault): \(error)") }
        }
    }

    @Test("what is odd but allowed comes through")
    func oddities() async throws {
        let connection = try await connect()
        let kinds = ["json", "json_array", "empty", "unknown_type", "binary", "fragmented"]
        for kind in kinds {
            _ = try await post("/_control/ws", #"{"action": "malformed", "kind": "\#(kind)"}"#)
            let message = try await connection.receive()
            switch kind {
            case "binary": #expect(message == .binary([0, 1, 2, 3]))
            case "empty": #expect(message == .text(""))
            case "fragmented": #expect(message == .text(#"{"type":"something_new","event":"something_new"}"#))
            default: #expect(message != nil)
            }
        }
        await connection.close()
    }

    @Test("after a drop the next connection is there within milliseconds")
    func reconnects() async throws {
        var times: [Duration] = []
        for round in 0..<40 {
            let connection = try await connect()
            _ = try await post("/_control/ws", round % 2 == 0 ? #"{"action": "drop"}"# : #"{"action": "rst"}"#)
            while (try? await connection.receive()) != nil {}
            let start = ContinuousClock.now
            let next = try await connect()
            times.append(ContinuousClock.now - start)
            await next.close()
        }
        let worst = times.max() ?? .zero
        print("websocket_reconnect rounds=\(times.count) median=\(times.sorted()[20]) worst=\(worst)")
        #expect(worst < .seconds(5))
    }
}
