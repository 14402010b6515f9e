import PetrelCore
import Testing

@testable import PetrelSystem

@Suite("The parts of the HTTP client")
struct HTTPClientPartsTests {
    @Test("hosts take turns, and each has its limit")
    func turns() {
        var turns = HTTPTurns(maxRunning: 3, maxPerHost: 2, maxWaiting: 4)
        let entries = [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "b"), (6, "a"), (7, "c"), (8, "c")].map {
            turns.enter($0.0, host: $0.1)
        }
        #expect(entries == [.starts, .starts, .waits, .starts, .waits, .waits, .waits, .refused])
        let none = turns.next()
        #expect(none == nil)
        turns.leave(host: "a")
        turns.leave(host: "a")
        let started = [turns.next(), turns.next(), turns.next()]
        #expect(started == [3, 5, nil])
        turns.withdraw(6, host: "a")
        turns.leave(host: "b")
        let last = [turns.next(), turns.next()]
        #expect(last == [7, nil] && turns.waiting == 0)
    }

    @Test("a newcomer does not overtake those who wait for the same host")
    func order() {
        var turns = HTTPTurns(maxRunning: 10, maxPerHost: 1, maxWaiting: 10)
        _ = turns.enter(1, host: "a")
        _ = turns.enter(2, host: "a")
        turns.leave(host: "a")
        let entry = turns.enter(3, host: "a")
        #expect(entry == .waits)
        let next = turns.next()
        #expect(next == 2)
    }

    @Test(
        "a Location is read against the URL that sent it",
        arguments: [
            ("http://b.example/x", "http://b.example/x"), ("//b.example/x", "https://b.example/x"),
            ("/x?y=z", "https://a.example:8443/x?y=z"), ("x", "https://a.example:8443/one/x"),
            ("?q", "https://a.example:8443/one/two?q"), ("", "https://a.example:8443/one/two?a=/b"),
            ("#part", "https://a.example:8443/one/two?a=/b"), ("x y/ä", "https://a.example:8443/one/x%20y/%C3%A4"),
            ("x?u=http://c/", "https://a.example:8443/one/x?u=http://c/"), ("file:///etc", "file:///etc"),
        ])
    func locations(location: String, url: String) throws {
        let base = try #require(URLParts("https://user:pw@A.example:8443/one/two?a=/b#c"))
        #expect(HTTPRequest.resolved(location, base) == url)
    }

    @Test(
        "URLs are read strictly",
        arguments: [
            "http://a:b:c/", "http://[::1/", "http://[::1]x/", "http://a%2e/", "http:///x", "http://a:-1/", "://a",
            "h t://a",
        ])
    func badURLs(url: String) { #expect(URLParts(url) == nil) }

    @Test("a URL's parts are what they seem")
    func goodURLs() throws {
        let parts = try #require(URLParts("HTTPS://u:p@EXAMPLE.com:8443?x=/y#z"))
        #expect(parts.scheme == "https" && parts.host == "example.com" && parts.port == 8443 && parts.path == "/?x=/y")
        #expect(parts.userInformation == "u:p" && parts.origin == "https://example.com:8443")
        let address = try #require(URLParts("ws://[FE80::1]/"))
        #expect(address.host == "fe80::1" && address.hostHeader == "[fe80::1]" && address.port == 80)
    }
}
