import Foundation
import PetrelCore
import Testing

@testable import PetrelSystem

@Suite("A websocket's way", .serialized)
struct WebSocketRouteTests {
    let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.shared.get() }

    private func request(_ port: Int, host: String = "localhost", path: String = "/echo") -> WebSocketRequest {
        WebSocketRequest(
            url: "wss://\(host):\(port)\(path)", caFile: certificates.authority, proxy: .none,
            connectTimeout: .seconds(5))
    }

    private func echoes(_ request: WebSocketRequest, size: Int = 10) async throws -> Bool {
        let connection = try await WebSocketConnection.connect(request)
        let message = WebSocketMessage.text(String(repeating: "z", count: size))
        try await connection.send(message)
        let answer = try await connection.receive()
        await connection.close()
        return answer == message
    }

    private func failure(_ request: WebSocketRequest) async -> SystemError? {
        await #expect(throws: SystemError.self) { try await echoes(request) }
    }

    @Test("TLS with a trusted certificate works by name and by address, for small and large messages")
    func trusted() async throws {
        let peer = try certificates.peer("good")
        #expect(try await echoes(request(peer.port)))
        #expect(try await echoes(request(peer.port, host: "127.0.0.1")))
        #expect(try await echoes(request(peer.port), size: 5_000_000))
        let early = try await WebSocketConnection.connect(request(peer.port, path: "/raw?early=1&hex=81026869"))
        #expect(try await early.receive() == .text("hi"))
    }

    @Test("a flood over TLS is taken in order, with pauses")
    func flood() async throws {
        let peer = try certificates.peer("good")
        var request = request(peer.port, path: "/flood?n=20000&size=700")
        request.maxWaitingMessages = 20
        let connection = try await WebSocketConnection.connect(request)
        var bytes = 0
        for _ in 0..<20_000 { bytes += try await connection.receive()?.byteCount ?? 0 }
        #expect(bytes == 14_000_000)
        await connection.close()
    }

    @Test("a certificate that is expired, for another host or from a stranger is refused, with the reason and a hint")
    func untrusted() async throws {
        let expired = await failure(request(try certificates.peer("expired").port))
        #expect(expired?.code == .untrusted && expired?.message.contains("expired") == true, "\(expired as Any)")
        let other = try certificates.peer("other")
        for host in ["localhost", "127.0.0.1"] {
            let error = await failure(request(other.port, host: host))
            #expect(error?.code == .untrusted && error?.message.contains("mismatch") == true)
        }
        var stranger = request(try certificates.peer("good").port)
        stranger.caFile = nil
        let error = await failure(stranger)
        #expect(error?.code == .untrusted && error?.hint != nil && error?.mayHaveArrived == false, "\(error as Any)")
    }

    @Test("TLS to a port that does not speak it, and an unreadable authority, are errors")
    func noTLS() async throws {
        var plain = request(try WirePeer.shared().port)
        plain.connectTimeout = .milliseconds(300)
        #expect(await failure(plain)?.code == .unreachable)
        var missing = request(try certificates.peer("good").port)
        missing.caFile = "/nonexistent/ca.pem"
        #expect(await failure(missing)?.code == .fileFailed)
    }

    @Test("a renewed authority is read again, and dozens of them don't pile up")
    func manyAuthorities() async throws {
        let peer = try certificates.peer("good")
        let folder = TemporaryFolder()
        for number in 0..<24 {
            let file = folder.path + "/\(number % 20).pem"
            try? FileManager.default.removeItem(atPath: file)
            try FileManager.default.copyItem(atPath: certificates.authority, toPath: file)
            var request = request(peer.port)
            request.caFile = file
            #expect(try await echoes(request))
        }
    }

    @Test("a proxy opens a tunnel, with and without TLS, and gets user and password")
    func proxy() async throws {
        let proxy = try WirePeer.shared("connect_proxy.py", ["--auth", "us er:p@ss:w"])
        let peers = (plain: try WirePeer.shared(), secure: try certificates.peer("good"))
        var plain = WebSocketRequest(url: "ws://localhost:\(peers.plain.port)/echo")
        plain.proxy = .url("http://us%20er:p%40ss%3Aw@localhost:\(proxy.port)")
        var secure = request(peers.secure.port)
        secure.proxy = plain.proxy
        #expect(try await echoes(plain))
        #expect(try await echoes(secure, size: 200_000))
        let log = try await HTTPClient().perform(HTTPRequest(url: proxy.http("/_log"), proxy: .none))
        #expect(
            try JSONDecoder().decode([String].self, from: Data(log.body)) == [
                "CONNECT localhost:\(peers.plain.port) HTTP/1.1", "CONNECT localhost:\(peers.secure.port) HTTP/1.1",
            ])
    }

    @Test("a certificate is checked through a proxy too")
    func proxiedCertificate() async throws {
        let proxy = try WirePeer.shared("connect_proxy.py")
        var request = request(try certificates.peer("other").port)
        request.proxy = .url("http://127.0.0.1:\(proxy.port)")
        let error = await failure(request)
        #expect(error?.code == .untrusted, "\(error as Any)")
    }

    @Test("a proxy that refuses, hangs, asks for a password or is not there is named in the error")
    func badProxies() async throws {
        let peer = try WirePeer.shared()
        var ports = [1]
        for arguments in [["--refuse", "403"], ["--auth", "a:b"], ["--hang"]] {
            ports.append(try WirePeer.shared("connect_proxy.py", arguments).port)
        }
        for port in ports {
            var request = WebSocketRequest(url: "ws://localhost:\(peer.port)/echo")
            request.proxy = .url("http://127.0.0.1:\(port)")
            request.connectTimeout = .milliseconds(400)
            let error = await failure(request)
            #expect(error?.code == .unreachable)
            #expect(port == ports.last || error?.message.contains("127.0.0.1:\(port)") == true)
        }
    }

    // MARK: Names

    private func connect(_ addresses: [String], timeout: Duration = .seconds(10)) async throws -> WebSocketConnection {
        let peer = try WirePeer.shared()
        let request = WebSocketRequest(
            url: "ws://name.example:\(peer.port)/echo", proxy: .none, connectTimeout: timeout)
        return try await WebSocketConnection.connect(request) { host, take in
            #expect(host == "name.example")
            if !addresses.isEmpty { take(.success(addresses)) }
        }
    }

    @Test("the addresses of a name are tried in order, until one takes the connection")
    func addresses() async throws {
        let connection = try await connect(["127.0.0.9", "::1", "127.0.0.8", "127.0.0.1"])
        try await connection.send(.text("x"))
        #expect(try await connection.receive() == .text("x"))
        await connection.close()
        let error = await #expect(throws: SystemError.self) { try await connect(["127.0.0.9", "127.0.0.8"]) }
        #expect(error?.code == .unreachable && error?.message.contains("nothing answers") == true)
    }

    @Test("an address that does not answer at all is left for the next after two seconds")
    func deafAddress() async throws {
        let full = try #require(FullListener("127.0.0.9", port: try WirePeer.shared().port))
        let start = ContinuousClock.now
        let connection = try await connect(["127.0.0.9", "127.0.0.1"])
        #expect(ContinuousClock.now - start > .seconds(1))
        await connection.close()
        let error = await #expect(throws: SystemError.self) {
            try await connect(["127.0.0.9"], timeout: .milliseconds(200))
        }
        #expect(error?.code == .unreachable)
        full.close()
    }

    @Test("a look-up that does not end is no longer waited for than the whole attempt")
    func slowLookUp() async {
        let error = await #expect(throws: SystemError.self) { try await connect([], timeout: .milliseconds(100)) }
        #expect(error?.code == .unreachable && error?.message.contains("0.1 seconds") == true)
    }
}
