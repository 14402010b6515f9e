import Foundation
import PetrelCore
import PetrelSystem
import Testing

@Suite("A websocket", .serialized)
struct WebSocketTests {
    let peer: WirePeer

    init() throws { peer = try WirePeer.shared() }

    private func request(_ path: String) -> WebSocketRequest { WebSocketRequest(url: peer.socket(path), proxy: .none) }

    private func connect(_ path: String) async throws -> WebSocketConnection { try await .connect(request(path)) }

    private func failure(_ path: String) async -> SystemError? {
        await #expect(throws: SystemError.self) { try await connect(path) }
    }

    // MARK: Messages

    @Test("messages go there and back, whatever their kind and size")
    func echo() async throws {
        let connection = try await connect("/echo")
        let messages: [WebSocketMessage] = [
            .text("hello"), .text(""), .binary([]), .text("ä€😀\0\n"), .binary(Array(0...255)),
            .text(String(repeating: "y", count: 125)), .text(String(repeating: "y", count: 126)),
            .binary([UInt8](repeating: 7, count: 65_535)), .text(String(repeating: "€", count: 30_000)),
            .binary([UInt8](repeating: 9, count: 3_000_000)),
        ]
        for message in messages {
            try await connection.send(message)
            #expect(try await connection.receive() == message)
        }
        await connection.close()
        #expect(try await connection.receive() == nil)
    }

    @Test("messages of one task arrive in order, many at a time")
    func order() async throws {
        let connection = try await connect("/echo")
        async let sending: Void = {
            for number in 0..<2000 { try await connection.send(.text("\(number)")) }
        }()
        for number in 0..<2000 { #expect(try await connection.receive() == .text("\(number)")) }
        try await sending
        await connection.close()
    }

    @Test("many tasks send over one connection and nothing is lost")
    func manySenders() async throws {
        let connection = try await connect("/echo")
        let received = try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<20 {
                group.addTask { for number in 0..<50 { try await connection.send(.text("\(task)-\(number)")) } }
            }
            var received: [WebSocketMessage] = []
            while received.count < 1000, let message = try await connection.receive() { received.append(message) }
            try await group.waitForAll()
            return received
        }
        #expect(Set(received).count == 1000)
        await connection.close()
    }

    @Test("fifty connections work at once")
    func manyConnections() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let connection = try await connect("/echo")
                    for round in 0..<20 {
                        try await connection.send(.text("\(number)/\(round)"))
                        #expect(try await connection.receive() == .text("\(number)/\(round)"))
                    }
                    await connection.close()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("frames in the same packet as the handshake's answer are not lost")
    func earlyFrames() async throws {
        for _ in 0..<30 {
            let connection = try await connect("/raw?early=1&hex=81026869" + "82020102" + "8900" + "810161")
            #expect(try await connection.receive() == .text("hi"))
            #expect(try await connection.receive() == .binary([1, 2]))
            #expect(try await connection.receive() == .text("a"))
            await connection.close()
        }
    }

    @Test("fragments are put together, also with pings between them")
    func fragments() async throws {
        let connection = try await connect("/fragments?n=40&size=5000")
        let expected = (0..<40).flatMap { [UInt8](repeating: UInt8($0), count: 5000) }
        #expect(try await connection.receive() == .binary(expected))
        await connection.close()
    }

    @Test("headers and subprotocols are sent, no origin is, and the server's choice is known")
    func headers() async throws {
        var request = request("/headers?a=b")
        request.headers = [("Authorization", "Bearer xyz"), ("X-Thing", "ä")]
        request.subprotocols = ["first", "xmpp"]
        let connection = try await WebSocketConnection.connect(request)
        guard case .text(let text) = try await connection.receive() else { return #expect(Bool(false)) }
        let headers = try JSONDecoder().decode([[String]].self, from: Data(text.utf8))
        #expect(headers.contains(["Authorization", "Bearer xyz"]))
        #expect(headers.contains(["Host", "127.0.0.1:\(peer.port)"]))
        #expect(
            !headers.contains { $0[0].lowercased() == "origin" || $0[0].lowercased() == "sec-websocket-extensions" })
        #expect(connection.subprotocol == "xmpp")
        await connection.close()
    }

    // MARK: Ends

    @Test("the server's close frame ends the messages, and its code is known", arguments: [1000, 1001, 4001, 1011])
    func closedByServer(code: Int) async throws {
        let connection = try await connect("/close?code=\(code)&reason=so+it+is")
        #expect(try await connection.receive() == nil)
        #expect(connection.closeCode == code && connection.closeReason == "so it is")
        #expect(try await connection.receive() == nil)
        let error = await #expect(throws: SystemError.self) { try await connection.send(.text("late")) }
        #expect(error?.code == .closed && error?.mayHaveArrived == false)
        await connection.close()
        #expect(connection.closeCode == code)
    }

    @Test("a close frame without a code counts as 1005")
    func closedWithoutCode() async throws {
        let connection = try await connect("/close")
        #expect(try await connection.receive() == nil)
        #expect(connection.closeCode == 1005)
    }

    @Test("our close frame reaches the server, after what was sent before")
    func closedByUs() async throws {
        let connection = try await connect("/echo")
        try await connection.send(.text("last"))
        await connection.close(code: 4711, reason: String(repeating: "ü", count: 100))
        #expect(connection.closeCode == 4711)
        #expect(try await peer.reaches("close 4711"))
    }

    @Test(
        "closing is bounded when the server leaves TCP open or does not answer",
        arguments: ["/linger", "/deaf", "/stall"])
    func boundedClose(path: String) async throws {
        var request = request(path)
        request.closeTimeout = .milliseconds(150)
        let connection = try await WebSocketConnection.connect(request)
        let start = ContinuousClock.now
        async let first: Void = connection.close()
        async let second: Void = connection.close()
        _ = await (first, second)
        #expect(ContinuousClock.now - start < .seconds(3))
        #expect(try await connection.receive() == nil)
        await connection.close()
    }

    @Test(
        "a connection can be closed while a large frame or a flood comes in",
        arguments: ["/big?size=40000000", "/flood?n=20000&size=20000"])
    func closedInFrame(path: String) async throws {
        for _ in 0..<5 {
            var request = request(path)
            request.maxMessageBytes = 1 << 30
            request.closeTimeout = .milliseconds(300)
            let connection = try await WebSocketConnection.connect(request)
            await connection.close()
            while try await connection.receive() != nil {}
        }
    }

    @Test("a connection that nobody holds any more is closed")
    func dropped() async throws {
        do { _ = try await connect("/echo") }
        #expect(try await peer.reaches("close 1001"))
    }

    @Test("an end without a close frame is an error that says so", arguments: ["fin", "rst"])
    func cut(end: String) async throws {
        let connection = try await connect("/raw?hex=81026869&end=\(end)")
        #expect(try await connection.receive() == .text("hi"))
        for _ in 0..<2 {
            let error = await #expect(throws: SystemError.self) { try await connection.receive() }
            #expect(error?.code == .disconnected && error?.isRetryable == true)
            #expect(error?.message.contains(end == "fin" ? "without a close frame" : "reset") == true)
        }
        #expect(connection.closeCode == nil)
        let unsent = await #expect(throws: SystemError.self) { try await connection.send(.text("x")) }
        #expect(unsent?.code == .closed && unsent?.mayHaveArrived == false)
    }

    @Test(
        "an end in the middle of a frame is an error",
        arguments: ["81", "8105", "810568656c", "817e", "817e1000616263"])
    func cutInFrame(hex: String) async throws {
        let connection = try await connect("/raw?hex=\(hex)&end=fin")
        let error = await #expect(throws: SystemError.self) { try await connection.receive() }
        #expect(error?.code == .disconnected)
    }

    @Test(
        "what breaks the protocol ends the connection and is said to",
        arguments: [
            "8b026869", "f1026869", "c1026869", "83026869", "09026869", "8002ffff", "010161018162", "897e007e",
            "8801ff",
            "81ffffffffffffffffff",
        ])
    func badFrames(hex: String) async throws {
        let connection = try await connect("/raw?hex=\(hex)")
        let error = await #expect(throws: SystemError.self) {
            while try await connection.receive() != nil {}
        }
        #expect(error?.code == .badFrame, "\(error?.description ?? "")")
    }

    @Test("text that is not UTF-8 ends the connection", arguments: ["8104fffefdfc", "8102c3", "0101c3" + "8001c3"])
    func badText(hex: String) async throws {
        let connection = try await connect("/raw?hex=\(hex == "8102c3" ? "8101c3" : hex)")
        let error = await #expect(throws: SystemError.self) { try await connection.receive() }
        #expect(error?.code == .badFrame && error?.message.contains("UTF-8") == true)
    }

    @Test("a character that two fragments share is whole")
    func splitCharacter() async throws {
        let connection = try await connect("/raw?hex=0101c3" + "8001a4")
        #expect(try await connection.receive() == .text("ä"))
        await connection.close()
    }

    @Test(
        "a message over the limit ends the connection", arguments: ["/big?size=100001", "/fragments?n=11&size=10000"])
    func tooLarge(path: String) async throws {
        var request = request(path)
        request.maxMessageBytes = 100_000
        let connection = try await WebSocketConnection.connect(request)
        let error = await #expect(throws: SystemError.self) { try await connection.receive() }
        #expect(error?.code == .tooLarge)
        #expect(try await peer.reaches("close 1009"))
    }

    @Test("a frame that says it is endless costs nothing")
    func endless() async throws {
        let connection = try await connect("/raw?hex=827f7fffffffffffffff&zeros=40000")
        let error = await #expect(throws: SystemError.self) { try await connection.receive() }
        #expect(error?.code == .tooLarge)
    }

    // MARK: Silence

    @Test("a server that says nothing at all is noticed")
    func mute() async throws {
        var request = request("/mute")
        request.pingInterval = .milliseconds(200)
        request.silenceLimit = .milliseconds(800)
        let connection = try await WebSocketConnection.connect(request)
        let start = ContinuousClock.now
        let error = await #expect(throws: SystemError.self) { try await connection.receive() }
        #expect(error?.code == .disconnected && error?.message.contains("nothing came") == true)
        let quiet = ContinuousClock.now - start
        #expect(quiet > .milliseconds(500) && quiet < .seconds(5))
    }

    @Test("pongs and pings are signs of life", arguments: ["/echo", "/pings?every=0.1&n=16"])
    func alive(path: String) async throws {
        var request = request(path)
        request.pingInterval = .milliseconds(100)
        request.silenceLimit = .milliseconds(1000)
        let connection = try await WebSocketConnection.connect(request)
        // The clock of the second connection: it ends well after the silence limit.
        let other = try await connect("/pings?every=0.1&n=15")
        #expect(try await other.receive() == .text("done"))
        try await connection.send(.text("done"))
        #expect(try await connection.receive() == .text("done"))
        #expect(SystemClock().now - connection.lastFrameAt < .milliseconds(1000))
        await connection.close()
    }

    @Test("a server that reads nothing holds the senders up, then counts as broken")
    func stalled() async throws {
        var request = request("/stall")
        request.silenceLimit = .milliseconds(300)
        let connection = try await WebSocketConnection.connect(request)
        let chunk = WebSocketMessage.binary([UInt8](repeating: 1, count: 1 << 20))
        let error = await #expect(throws: SystemError.self) {
            for _ in 0..<100 { try await connection.send(chunk) }
        }
        #expect(error?.code == .disconnected && error?.mayHaveArrived == true)
    }

    // MARK: Back-pressure

    @Test("while nobody receives, the server has to wait; then everything comes")
    func backPressure() async throws {
        var request = request("/flood?n=40000&size=1000&mark=slow")
        request.maxWaitingMessages = 100
        let connection = try await WebSocketConnection.connect(request)
        var last = -1
        var now = 0
        while now != last || now == 0 {
            last = now
            for _ in 0..<20 { now = try await peer.counts()["flooded slow", default: 0] }
        }
        #expect(now < 39_000)
        for _ in 0..<40_000 { _ = try await connection.receive() }
        try await connection.send(.text("still there"))
        await connection.close()
    }

    @Test("messages from before a reset are handed over to a slow receiver")
    func resetWhilePaused() async throws {
        var request = request("/flood?n=5000&size=100&end=rst&mark=reset")
        request.maxWaitingMessages = 10
        let connection = try await WebSocketConnection.connect(request)
        #expect(try await peer.reaches("flooded reset", 5000))
        var count = 0
        let error = await #expect(throws: SystemError.self) {
            while try await connection.receive() != nil { count += 1 }
        }
        #expect(error?.code == .disconnected && count >= 10)
    }

    @Test("a queue for sending has its bound")
    func crowded() async throws {
        var request = request("/stall")
        request.maxWaitingBytes = 1 << 20
        request.closeTimeout = .milliseconds(100)
        let connection = try await WebSocketConnection.connect(request)
        let failures = await withTaskGroup(of: SystemError?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do throws(SystemError) {
                        try await connection.send(.binary([UInt8](repeating: 1, count: 600_000)))
                        return nil
                    } catch { return error }
                }
            }
            var failures: [SystemError] = []
            while let next = await group.next() {
                if let failure = next { failures.append(failure) }
                if failures.contains(where: { $0.code == .crowded }) { await connection.close() }
            }
            return failures
        }
        #expect(failures.contains { $0.code == .crowded && !$0.mayHaveArrived })
        #expect(failures.allSatisfy { [.crowded, .closed, .disconnected].contains($0.code) })
    }

    // MARK: Cancelling

    @Test("a cancelled wait loses no message")
    func cancelledReceive() async throws {
        let connection = try await connect("/echo")
        for round in 0..<50 {
            let waiting = Task { () -> WebSocketMessage? in try await connection.receive() }
            async let sending: Void = connection.send(.text("\(round)"))
            waiting.cancel()
            try await sending
            switch await waiting.result {
            case .success(let message): #expect(message == .text("\(round)"))
            case .failure(let error):
                #expect((error as? SystemError)?.code == .cancelled)
                #expect(try await connection.receive() == .text("\(round)"))
            }
        }
        await connection.close()
    }

    @Test("a cancelled attempt ends at once")
    func cancelledConnect() async throws {
        let start = ContinuousClock.now
        for _ in 0..<20 {
            let attempt = Task { try await connect("/silent") }
            attempt.cancel()
            let error = await #expect(throws: SystemError.self) { try await attempt.value }
            #expect(error?.code == .cancelled)
        }
        let late = Task { try await connect("/silent") }
        #expect(try await peer.counts()["open", default: 0] > 0)
        late.cancel()
        _ = await late.result
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test("a sender that is cancelled in a stalled connection is free at once")
    func cancelledSend() async throws {
        var request = request("/stall")
        request.closeTimeout = .milliseconds(50)
        let connection = try await WebSocketConnection.connect(request)
        let sending = Task {
            for _ in 0..<200 { try await connection.send(.binary(.init(repeating: 0, count: 1 << 20))) }
        }
        let queued = Task { for _ in 0..<200 { try await connection.send(.text("x")) } }
        _ = try await peer.counts()
        sending.cancel()
        queued.cancel()
        let error = await #expect(throws: SystemError.self) { try await sending.value }
        #expect([.cancelled, .closed].contains(error?.code))
        _ = await queued.result
        await connection.close()
    }

    // MARK: Handshake

    @Test(
        "a refused upgrade tells the status, and no redirect is followed",
        arguments: [301, 302, 401, 403, 404, 429, 500, 503])
    func refused(status: Int) async {
        let error = await failure("/status?code=\(status)")
        #expect(error?.code == .refused && error?.httpStatus == status && error?.mayHaveArrived == false)
        #expect(error?.isRetryable == (status >= 500 || status == 429))
    }

    @Test(
        "an answer that is no handshake is refused",
        arguments: ["/badaccept", "/garbage"] + (0..<13).map { "/cut?at=\($0 * 10)" })
    func badHandshake(path: String) async {
        let error = await failure(path)
        #expect([.refused, .unreachable].contains(error?.code), "\(error?.description ?? "")")
    }

    @Test("an attempt that gets no answer ends in time")
    func silentHandshake() async {
        var request = request("/silent")
        request.connectTimeout = .milliseconds(200)
        let start = ContinuousClock.now
        let error = await #expect(throws: SystemError.self) { try await WebSocketConnection.connect(request) }
        #expect(error?.code == .unreachable && error?.message.contains("0.2 seconds") == true)
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test("where nothing listens, and where there is no such name, the error says so")
    func unreachable() async {
        for url in ["ws://127.0.0.1:1/x", "ws://localhost:1/x", "ws://[::1]:1/x", "ws://no-such-name.invalid/x"] {
            let error = await #expect(throws: SystemError.self) {
                try await WebSocketConnection.connect(WebSocketRequest(url: url, proxy: .none))
            }
            #expect(error?.code == .unreachable && error?.isRetryable == true && error?.hint != nil)
        }
    }

    @Test("hundreds of connections leave nothing behind")
    func leaks() async throws {
        let peer = try WirePeer.shared("wire_peer.py", ["--name", "leaks"])
        func round() async throws {
            for path in [
                "/echo", "/raw?hex=8b00", "/close?code=1000", "/raw?end=rst", "/status?code=403", "/cut?at=30",
            ] {
                let request = WebSocketRequest(url: peer.socket(path), proxy: .none)
                let connection = try? await WebSocketConnection.connect(request)
                if path == "/echo" { await connection?.close() } else { _ = try? await connection?.receive() }
            }
        }
        try await round()
        for _ in 0..<60 { try await round() }
        // The count itself is a connection; the next one may still find it open.
        var open = try await peer.counts()["open"]
        for _ in 0..<3000 where open != 1 {
            try await Task.sleep(for: .milliseconds(10))
            open = try await peer.counts()["open"]
        }
        #expect(open == 1)
    }
}
