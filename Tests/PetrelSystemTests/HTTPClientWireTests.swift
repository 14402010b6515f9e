import Foundation
import PetrelCore
import Synchronization
import Testing

@testable import PetrelSystem

@Suite("HTTP client on the wire", .serialized)
struct HTTPClientWireTests {
    let peer: WirePeer
    let certificates: TestCertificates

    init() throws {
        peer = try WirePeer.shared("wire_peer.py", ["--name", "http"])
        certificates = try TestCertificates.shared.get()
    }

    private func request(_ path: String, method: String = "GET") -> HTTPRequest {
        HTTPRequest(method: method, url: peer.http(path), body: method == "POST" ? [1, 2, 3] : nil, proxy: .none)
    }

    private func failure(_ request: HTTPRequest, _ client: HTTPClient = HTTPClient()) async -> SystemError? {
        await #expect(throws: SystemError.self) { try await client.perform(request) }
    }

    private struct Echo: Decodable {
        var method: String
        var target: String
        var headers: [[String]]
        var body: String

        func header(_ name: String) -> String? { headers.first { $0[0].lowercased() == name }?[1] }
    }

    private func echo(_ request: HTTPRequest) async throws -> Echo {
        try JSONDecoder().decode(Echo.self, from: Data(try await HTTPClient().perform(request).body))
    }

    // MARK: Connections and turns

    @Test("a client that has sent nothing has no thread, and one that is gone has none either")
    func threads() async throws {
        let name = "petrel-test-web"
        func client() -> HTTPClient {
            HTTPClient(HTTPTurns(maxRunning: 4, maxPerHost: 4, maxWaiting: 4), threadName: name)
        }
        _ = client()
        var used: HTTPClient? = client()
        #expect(threadCount(name) == 0)
        for _ in 0..<3 { _ = try await used?.perform(request("/http/small")) }
        #expect(threadCount(name) == 1)
        used = nil
        for _ in 0..<500 where threadCount(name) > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(threadCount(name) == 0)
    }

    @Test("connections are used again")
    func keepAlive() async throws {
        let client = HTTPClient()
        let before = try await peer.counts()["connections", default: 0]
        for _ in 0..<200 { #expect(try await client.perform(request("/http/small")).status == 200) }
        // The count is asked for on a connection of its own.
        #expect(try await peer.counts()["connections", default: 0] == before + 2)
    }

    @Test("hundreds of requests at once all come back, over no more connections than allowed")
    func concurrency() async throws {
        let client = HTTPClient(maxConcurrentRequests: 20, maxConcurrentPerHost: 5)
        let before = try await peer.counts()["connections", default: 0]
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<300 { group.addTask { try await client.perform(request("/http/wait?ms=3")).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [Int](repeating: 200, count: 300))
        #expect(try await peer.counts()["connections", default: 0] <= before + 6)
    }

    @Test("a host that hangs holds up only its own requests")
    func turns() async throws {
        let client = HTTPClient(maxConcurrentRequests: 8, maxConcurrentPerHost: 2)
        let mute = FixedServer(answer: nil)
        let hanging = HTTPRequest(url: "http://127.0.0.1:\(mute.port)/", timeout: .seconds(60), proxy: .none)
        let statuses = await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try? await client.perform(hanging) } }
            var statuses: [Int] = []
            for _ in 0..<20 { statuses.append((try? await client.perform(request("/http/small")).status) ?? 0) }
            group.cancelAll()
            return statuses
        }
        #expect(statuses == [Int](repeating: 200, count: 20))
        mute.stop()
    }

    @Test("a request that waits for its turn longer than its time-out was not sent")
    func lateTurn() async throws {
        let client = HTTPClient(maxConcurrentPerHost: 1)
        let mute = FixedServer(answer: nil)
        let hanging = HTTPRequest(url: "http://127.0.0.1:\(mute.port)/", timeout: .seconds(60), proxy: .none)
        var second = hanging
        second.timeout = .milliseconds(200)
        let first = Task { try await client.perform(hanging) }
        // Whichever comes first, one of the two waits behind the other.
        let error = await failure(second, client)
        #expect(error?.code == .crowded || error?.code == .timedOut)
        if error?.code == .crowded { #expect(error?.mayHaveArrived == false) }
        first.cancel()
        _ = await first.result
        mute.stop()
    }

    @Test("cancelling ends the wait at once, also in the middle of an endless answer")
    func cancel() async throws {
        let client = HTTPClient()
        for path in ["/http/wait?ms=60000", "/http/endless"] {
            var request = request(path)
            request.maxResponseBytes = 1 << 40
            let running = Task { [request] in try await client.perform(request) }
            #expect(try await peer.reaches(String(path.prefix { $0 != "?" })))
            let start = ContinuousClock.now
            running.cancel()
            let error = await #expect(throws: SystemError.self) { try await running.value }
            #expect(error?.code == .cancelled)
            #expect(ContinuousClock.now - start < .milliseconds(500))
        }
        #expect(try await client.perform(request("/http/small")).status == 200)
    }

    // MARK: What may have arrived

    @Test("where no connection came about, nothing was sent")
    func nothingSent() async throws {
        var requests = ["http://127.0.0.1:1/", "http://no-such-name.invalid/", "https://127.0.0.1:\(peer.port)/"].map {
            HTTPRequest(method: "POST", url: $0, body: [1], timeout: .seconds(2), proxy: .none)
        }
        requests.append(request("/http/small", method: "POST"))
        requests[3].proxy = .url("http://127.0.0.1:1")
        for request in requests {
            let error = await failure(request)
            #expect(error?.code == .unreachable && error?.mayHaveArrived == false, "\(error as Any)")
        }
    }

    @Test(
        "after the request went out, every failure is doubtful",
        arguments: [
            "/http/accept_and_reset", "/http/accept_and_close", "/http/truncated", "/http/garbage",
            "/http/wait?ms=60000",
            "/http/endless",
        ])
    func doubtful(path: String) async throws {
        var request = request(path, method: "POST")
        request.timeout = .milliseconds(300)
        request.maxResponseBytes = 100_000
        let error = await failure(request)
        #expect(error?.mayHaveArrived == true, "\(error as Any)")
        #expect([.transferFailed, .timedOut, .tooLarge].contains(error?.code), "\(error as Any)")
    }

    @Test(
        "a POST that is accepted and hung up on is sent once, on a new connection and on a kept one",
        arguments: ["reset", "close"], [0, 2])
    func noSecondPost(end: String, first: Int) async throws {
        let client = HTTPClient()
        let path = "/http/accept_and_\(end)"
        let before = try await peer.counts()[path, default: 0]
        for _ in 0..<first {
            #expect(try await client.perform(request(path + "?first=\(first)", method: "POST")).status == 200)
        }
        let error = await failure(request(path + "?first=\(first)", method: "POST"), client)
        #expect(error?.code == .transferFailed && error?.mayHaveArrived == true, "\(error as Any)")
        #expect(try await peer.counts()[path, default: 0] == before + first + 1)
    }

    @Test("a GET is sent again when the kept connection turns out to be dead")
    func secondGet() async throws {
        let client = HTTPClient()
        for _ in 0..<20 {
            #expect(try await client.perform(request("/http/accept_and_close?first=2")).status == 200)
        }
    }

    // MARK: Redirects

    @Test("redirects are followed up to the limit when asked for", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async throws {
        var request = request("/http/redirect?status=\(status)&to=/http/echo?x=1", method: "POST")
        request.maxRedirects = 1
        request.headers = [("Authorization", "Basic x"), ("Content-Type", "text/plain")]
        let echo = try await echo(request)
        #expect(echo.target == "/http/echo?x=1" && echo.header("authorization") == "Basic x")
        #expect(echo.method == (status < 307 ? "GET" : "POST"))
        #expect(echo.body == (status < 307 ? "" : "\u{1}\u{2}\u{3}"))
        #expect(echo.header("content-type") == (status < 307 ? nil : "text/plain"))
        request.maxRedirects = 0
        #expect(try await HTTPClient().perform(request).status == status)
    }

    @Test("to another origin no log-in and no cookie goes along")
    func foreignRedirect() async throws {
        let other = try WirePeer.shared("wire_peer.py", ["--name", "other"])
        var request = request("/http/redirect?to=http%3A%2F%2F127.0.0.1%3A\(other.port)%2Fhttp%2Fecho")
        request.maxRedirects = 3
        request.headers = [("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Kept", "y")]
        let echo = try await echo(request)
        #expect(echo.header("authorization") == nil && echo.header("cookie") == nil && echo.header("x-kept") == "y")
        let response = try await HTTPClient().perform(request)
        #expect(response.url == other.http("/http/echo"))
    }

    @Test("a circle ends, and no redirect leaves http")
    func badRedirects() async throws {
        let path = "/http/redirect?to=" + "/http/redirect%3Fto=/http/redirect%253Fto=/http/redirect%25253Fto=%2Fx"
        var circle = request(path)
        circle.maxRedirects = 2
        let error = await failure(circle)
        #expect(error?.code == .transferFailed && error?.message.contains("2 times") == true)
        for target in ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/"] {
            var request = request("/http/redirect?to=\(target)")
            request.maxRedirects = 3
            let error = await failure(request)
            #expect(error?.code == .badRequest)
        }
    }

    // MARK: Address policy

    @Test("an address that the policy forbids is not connected to, whatever the name")
    func policy() async throws {
        let before = try await peer.counts()["connections", default: 0]
        let asked = Mutex<[String]>([])
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"] {
            let request = HTTPRequest(url: "http://\(host):\(peer.port)/http/small", proxy: .none) { address in
                asked.withLock { $0.append(address) }
                return false
            }
            let error = await failure(request)
            #expect(error?.code == .addressRefused && error?.mayHaveArrived == false, "\(host) \(error as Any)")
        }
        #expect(try await peer.counts()["connections", default: 0] == before + 1)
        #expect(Set(asked.withLock(\.self)).isSubset(of: ["127.0.0.1", "::1"]))
    }

    @Test("the policy holds on a connection that another request opened, and at a redirect")
    func policyLater() async throws {
        let client = HTTPClient()
        #expect(try await client.perform(request("/http/small")).status == 200)
        var strict = request("/http/small")
        strict.allowsAddress = { _ in false }
        #expect(await failure(strict, client)?.code == .addressRefused)
        var redirected = request("/http/redirect?to=http%3A%2F%2F127.0.0.2%3A\(peer.port)%2F")
        redirected.maxRedirects = 1
        redirected.allowsAddress = { $0 == "127.0.0.1" }
        #expect(await failure(redirected, client)?.code == .addressRefused)
        strict.allowsAddress = { $0 == "127.0.0.1" }
        #expect(try await client.perform(strict).status == 200)
    }

    // MARK: TLS, proxies, forms

    @Test("TLS checks chain, dates and name, against the file that the request names")
    func certificateChecks() async throws {
        func request(_ name: String, _ host: String = "localhost") throws -> HTTPRequest {
            HTTPRequest(
                url: "https://\(host):\(try certificates.peer(name).port)/http/small", caFile: certificates.authority,
                proxy: .none)
        }
        #expect(try await HTTPClient().perform(try request("good")).status == 200)
        #expect(try await HTTPClient().perform(try request("good", "127.0.0.1")).status == 200)
        for name in ["expired", "other"] {
            let error = await failure(try request(name))
            #expect(error?.code == .untrusted && error?.mayHaveArrived == false && error?.hint != nil)
        }
        var stranger = try request("good")
        stranger.caFile = nil
        #expect(await failure(stranger)?.code == .untrusted)
    }

    @Test("a trusted connection is not used by a request that trusts others")
    func separateTrust() async throws {
        let client = HTTPClient()
        var request = HTTPRequest(
            url: "https://localhost:\(try certificates.peer("good").port)/http/small", caFile: certificates.authority,
            proxy: .none)
        #expect(try await client.perform(request).status == 200)
        request.caFile = nil
        #expect(await failure(request, client)?.code == .untrusted)
    }

    @Test("a proxy forwards plain requests and opens tunnels for the others")
    func proxies() async throws {
        let proxy = try WirePeer.shared("connect_proxy.py", ["--auth", "http:p@ss"])
        let choice = ProxyChoice.url("http://http:p%40ss@127.0.0.1:\(proxy.port)")
        var plain = request("/http/echo?plain")
        plain.proxy = choice
        #expect(try await echo(plain).target == "/http/echo?plain")
        let secure = HTTPRequest(
            url: "https://localhost:\(try certificates.peer("good").port)/http/echo?secure",
            caFile: certificates.authority, proxy: choice)
        #expect(try await echo(secure).target == "/http/echo?secure")
        let log = try await HTTPClient().perform(HTTPRequest(url: proxy.http("/_log"), proxy: .none))
        let text = String(decoding: log.body, as: UTF8.self)
        #expect(
            text.contains("GET http://127.0.0.1:\(peer.port)/http/echo?plain") && text.contains("CONNECT localhost:"))
        var refused = secure
        refused.method = "POST"
        refused.proxy = .url("http://127.0.0.1:\(proxy.port)")
        let error = await failure(refused)
        #expect(error?.code == .unreachable && error?.mayHaveArrived == false, "\(error as Any)")
    }

    @Test("a form carries fields and files as they are")
    func form() async throws {
        var form = MultipartForm()
        form.add("channel\"\r\nX: y", "C1")
        form.addFile("file", fileName: "a\"b.txt", contentType: "text/plain", Array("one\r\ntwo".utf8))
        let echo = try await echo(HTTPRequest(form: form, to: peer.http("/http/echo"), headers: [("X-A", "b")]))
        let boundary = try #require(echo.header("content-type")?.split(separator: "=").last)
        #expect(
            echo.body == "--\(boundary)\r\nContent-Disposition: form-data; name=\"channel%22%0D%0AX: y\"\r\n\r\nC1\r\n"
                + "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.txt\"\r\n"
                + "Content-Type: text/plain\r\n\r\none\r\ntwo\r\n--\(boundary)--\r\n")
        #expect(echo.method == "POST" && echo.header("x-a") == "b")
    }

    @Test("large bodies go both ways")
    func large() async throws {
        let text = String(repeating: "abcdefgh", count: 500_000)
        var request = HTTPRequest(method: "PUT", url: peer.http("/http/echo"), body: Array(text.utf8), proxy: .none)
        request.timeout = .seconds(20)
        #expect(try await echo(request).body == text)
    }

    private func threadCount(_ name: String) -> Int {
        names("/proc/self/task").filter { contents("/proc/self/task/\($0)/comm") == name + "\n" }.count
    }
}
