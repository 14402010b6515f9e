import PetrelCore
import Testing

@testable import PetrelSystem

@Suite("The parts of a websocket")
struct WebSocketPartsTests {
    let start = ContinuousClock.now

    private func connecting() -> WebSocketVitals {
        WebSocketVitals(
            pingInterval: .seconds(10), silenceLimit: .seconds(25), now: start, connectTimeout: .seconds(15))
    }

    @Test("a quiet connection is pinged, and dead after the silence limit")
    func silence() {
        var vitals = connecting()
        vitals.opened(at: start)
        #expect(vitals.nextDeadline == start + .seconds(10))
        #expect(vitals.action(at: start + .seconds(9)) == .wait)
        #expect(vitals.action(at: start + .seconds(10)) == .ping)
        #expect(vitals.action(at: start + .seconds(11)) == .wait)
        #expect(vitals.action(at: start + .seconds(20)) == .ping)
        #expect(vitals.action(at: start + .seconds(25)) == .silent)
    }

    @Test("whatever is heard puts off the ping and the end")
    func heard() {
        var vitals = connecting()
        vitals.opened(at: start)
        vitals.heard(at: start + .seconds(8))
        #expect(vitals.action(at: start + .seconds(17)) == .wait)
        #expect(vitals.action(at: start + .seconds(18)) == .ping)
        vitals.heard(at: start + .seconds(3))
        #expect(vitals.action(at: start + .seconds(32)) == .ping)
        #expect(vitals.action(at: start + .seconds(33)) == .silent)
    }

    @Test("while reading is stopped, silence says nothing")
    func paused() {
        var vitals = connecting()
        vitals.opened(at: start)
        vitals.paused(true, at: start)
        #expect(vitals.action(at: start + .seconds(1000)) == .wait)
        vitals.paused(false, at: start + .seconds(1000))
        #expect(vitals.action(at: start + .seconds(1001)) == .wait)
        #expect(vitals.action(at: start + .seconds(1025)) == .silent)
    }

    @Test("a message that does not go out for the silence limit is a broken connection, whatever comes in")
    func stalled() {
        var vitals = connecting()
        vitals.opened(at: start)
        vitals.writing(isStalled: true, at: start + .seconds(1))
        vitals.writing(isStalled: true, at: start + .seconds(20))
        vitals.heard(at: start + .seconds(25))
        #expect(vitals.action(at: start + .seconds(26)) == .stalled)
        vitals.writing(isStalled: false, at: start + .seconds(26))
        #expect(vitals.action(at: start + .seconds(27)) == .wait)
    }

    @Test("handshake and closing have their own ends")
    func phases() {
        var vitals = connecting()
        #expect(vitals.action(at: start + .seconds(14)) == .wait)
        #expect(vitals.action(at: start + .seconds(15)) == .tooLate)
        vitals.opened(at: start)
        vitals.closing(at: start, for: .seconds(1))
        vitals.closing(at: start + .milliseconds(900), for: .seconds(1))
        #expect(vitals.action(at: start + .seconds(1)) == .tooLate)
    }

    @Test("the inbox stops reading at its bound and goes on at half of it")
    func inbox() {
        var inbox = WebSocketInbox(maxMessages: 4, maxBytes: 100)
        let stops = ["1", "2", "3", "4", "5"].map { inbox.put(.text($0)) }
        #expect(stops == [false, false, false, true, true])
        let taken = (0..<5).compactMap { _ in inbox.take() }
        #expect(taken.map(\.message) == ["1", "2", "3", "4", "5"].map { .text($0) })
        #expect(taken.map(\.goesOn) == [false, false, true, false, false])
        let isFull = inbox.put(.binary([UInt8](repeating: 0, count: 100)))
        #expect(isFull)
        #expect(inbox.take()?.goesOn == true)
        #expect(inbox.take() == nil)
    }

    @Test("the inbox keeps order through thousands of puts and takes")
    func longInbox() {
        var inbox = WebSocketInbox(maxMessages: 1 << 20, maxBytes: 1 << 30)
        var expected = 0
        for number in 0..<10_000 {
            _ = inbox.put(.text("\(number)"))
            if number % 3 != 0, let (message, _) = inbox.take() {
                #expect(message == .text("\(expected)"))
                expected += 1
            }
        }
        #expect(inbox.count == 10_000 - expected)
    }

    @Test("the outbox keeps order, counts bytes and forgets what was withdrawn")
    func outbox() {
        var outbox = WebSocketOutbox(maxBytes: 10)
        let first = outbox.put(.binary([UInt8](repeating: 0, count: 50)), 1)
        let second = outbox.put(.text("x"), 2)
        #expect(first && !second)
        #expect(outbox.take()?.number == 1)
        for (text, number) in [("a", 4), ("b", 3), ("c", 5)] { _ = outbox.put(.text(text), number) }
        let removals = [outbox.remove(3), outbox.remove(3)]
        #expect(removals == [true, false])
        #expect(outbox.numbers == [4, 5])
        #expect(outbox.take()?.number == 4)
        #expect(outbox.take()?.message == .text("c"))
        #expect(outbox.take() == nil && outbox.isEmpty)
    }

    @Test(
        "a URL that can't be a websocket's is refused",
        arguments: [
            "http://a/", "ws:/a", "", "ws://", "ws://a:0/", "ws://a:99999/", "ws://a b/", "ws://user:pw@a/",
            "ws://a/\r\nX: y", "wss://[::1]/", "ws://ä.example/", "ws://a\\@b/", "ws://a/ä",
        ])
    func badURLs(url: String) {
        let error = #expect(throws: SystemError.self) { try WebSocketTarget(WebSocketRequest(url: url)) }
        #expect(error?.code == .badRequest)
    }

    @Test("secrets in a URL are in no message")
    func secretURL() {
        let request = WebSocketRequest(url: "wss://user:hidden@chat.example/link/?ticket=hidden")
        let error = #expect(throws: SystemError.self) { try WebSocketTarget(request) }
        #expect(error?.description.contains("hidden") == false)
    }

    @Test("headers, subprotocols and proxies are checked before anything is sent")
    func badParts() {
        var requests = [
            WebSocketRequest(url: "ws://a/", headers: [("X", "a\r\nY: b")]),
            WebSocketRequest(url: "ws://a/", headers: [("X: y", "a")]),
            WebSocketRequest(url: "ws://a/", headers: [("X", String(repeating: "a", count: 20_000))]),
            WebSocketRequest(url: "ws://a/", subprotocols: ["a b"]),
        ]
        for proxy in ["socks5://p:1080", "http://p:x", "http://u%zz:p@p:1", "http://u@p:1"] {
            requests.append(WebSocketRequest(url: "ws://a/", proxy: .url(proxy)))
        }
        for request in requests {
            let error = #expect(throws: SystemError.self) { try WebSocketTarget(request) }
            #expect(error?.code == .badRequest)
        }
    }

    @Test("a proxy's password may hold what a URL must encode")
    func proxyPassword() throws {
        let proxy = try ProxyAddress("http://us%20er:p%40ss%3Aw@proxy.example")
        #expect(proxy.text(address: "10.0.0.1") == "us er:p@ss:w@10.0.0.1:80")
        #expect(try ProxyAddress("proxy:3128").text(address: "::1") == "[::1]:3128")
    }
}

@Suite("The proxy variables")
struct ProxyVariablesTests {
    @Test("lower case wins over capitals, and each scheme has its own")
    func letterCases() {
        let variables = ProxyVariables([
            "http_proxy": "http://a:1", "HTTP_PROXY": "http://b:1", "HTTPS_PROXY": "http://c:1",
        ])
        #expect(variables.proxy(isSecure: false, host: "x.example", port: 80) == "http://a:1")
        #expect(variables.proxy(isSecure: true, host: "x.example", port: 443) == "http://c:1")
        let none = ProxyVariables(["https_proxy": "", "HTTPS_PROXY": "http://c:1"])
        #expect(none.proxy(isSecure: true, host: "x.example", port: 443) == nil)
        let all = ProxyVariables(["ALL_PROXY": "http://d:1"])
        #expect(all.proxy(isSecure: true, host: "x.example", port: 443) == "http://d:1")
        #expect(ProxyVariables([:]).proxy(isSecure: true, host: "x.example", port: 443) == nil)
    }

    @Test(
        "what no_proxy names is reached directly",
        arguments: [
            ("example.com", 443), ("chat.example.com", 443), ("x.sub.example.org", 443), ("10.1.2.3", 443),
            ("192.168.7.255", 443), ("fd00::12", 443), ("special.example", 8443), ("localhost", 1), ("127.0.0.9", 80),
            ("::1", 80), ("::ffff:10.1.2.3", 80), ("x.star.example", 80),
        ])
    func direct(host: String, port: Int) {
        #expect(Self.variables.proxy(isSecure: true, host: host, port: port) == nil)
    }

    @Test(
        "all else goes through the proxy",
        arguments: [
            ("notexample.com", 443), ("example.com.evil.example", 443), ("11.1.2.3", 443), ("192.168.8.0", 443),
            ("fd01::12", 443), ("special.example", 443), ("10.example", 443),
        ])
    func proxied(host: String, port: Int) {
        #expect(Self.variables.proxy(isSecure: true, host: host, port: port) == "http://p:3128")
    }

    @Test("a star means everything")
    func star() {
        let variables = ProxyVariables(["HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"])
        #expect(variables.proxy(isSecure: true, host: "x.example", port: 443) == nil)
    }

    static let variables = ProxyVariables([
        "https_proxy": "http://p:3128",
        "NO_PROXY":
            "example.com,.sub.example.org 10.0.0.0/8, 192.168.0.0/21,fd00::/32,special.example:8443,*.star.example",
    ])
}
