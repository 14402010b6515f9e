import PetrelCore
import PetrelSystem
import Testing

@Suite("HTTP client")
struct HTTPClientTests {
    let client = HTTPClient()

    @Test("a request goes out as asked for, and the answer comes back whole")
    func exchange() async throws {
        let server = FixedServer(
            answer: "HTTP/1.1 201 Created\r\nX-Thing: a: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        defer { server.stop() }
        let response = try await client.perform(
            HTTPRequest(
                method: "PATCH", url: "http://127.0.0.1:\(server.port)/a?b=c",
                headers: [("X-One", "1"), ("X-Empty", "")],
                body: Array("body".utf8)))
        #expect(response.status == 201)
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("x-thing") == "a: b")
        let request = server.request
        #expect(request.hasPrefix("PATCH /a?b=c HTTP/1.1\r\n"))
        #expect(request.contains("\r\nX-One: 1\r\n") && request.contains("\r\nX-Empty:\r\n"))
        #expect(!request.lowercased().contains("expect:") && !request.lowercased().contains("content-type:"))
        #expect(request.hasSuffix("\r\n\r\nbody"))
    }

    @Test("handles are used again without the traces of the request before")
    func reuse() async throws {
        let server = FixedServer(answer: "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)/"
        _ = try await client.perform(HTTPRequest(method: "POST", url: url, headers: [("A", "b")], body: [1]))
        for _ in 0..<50 { #expect(try await client.perform(HTTPRequest(url: url)).status == 204) }
        #expect(server.request.hasPrefix("GET / HTTP/1.1\r\n") && !server.request.contains("A: b"))
    }

    @Test("a redirect is an answer, not followed")
    func redirect() async throws {
        let server = FixedServer(
            answer:
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        defer { server.stop() }
        let response = try await client.perform(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))
        #expect(response.status == 302 && response.header("location") == "http://127.0.0.1:1/")
    }

    @Test("where nothing listens the error says so, without what may be secret in the URL")
    func refused() async {
        let error = await #expect(throws: SystemError.self) {
            try await client.perform(HTTPRequest(url: "http://user:secret@127.0.0.1:1/hooks/token?key=secret"))
        }
        #expect(error?.code == .unreachable && error?.isRetryable == true)
        #expect(error?.message == "nothing answers at http://127.0.0.1:1")
    }

    @Test("an answer over the limit, or one that does not come, is an error")
    func limits() async {
        let server = FixedServer(
            answer: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: "x", count: 5000))
        let mute = FixedServer(answer: nil)
        defer { server.stop() }
        let large = await #expect(throws: SystemError.self) {
            try await client.perform(HTTPRequest(url: "http://127.0.0.1:\(server.port)/", maxResponseBytes: 4999))
        }
        #expect(large?.code == .tooLarge)
        let late = await #expect(throws: SystemError.self) {
            try await client.perform(HTTPRequest(url: "http://127.0.0.1:\(mute.port)/", timeout: .milliseconds(100)))
        }
        #expect(late?.code == .timedOut)
    }

    @Test("cancelling the task ends the exchange")
    func cancel() async {
        let mute = FixedServer(answer: nil)
        let task = Task { [client] in
            try await client.perform(HTTPRequest(url: "http://127.0.0.1:\(mute.port)/", timeout: .seconds(60)))
        }
        task.cancel()
        let error = await #expect(throws: SystemError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test(
        "what is no plain http request is refused before anything is sent",
        arguments: ["file:///etc/passwd", "ftp://a/", "http:/a", "", "http://a/\r\nX: y", "http://a/ b", "gopher://x"])
    func badURLs(url: String) async {
        let error = await #expect(throws: SystemError.self) { try await client.perform(HTTPRequest(url: url)) }
        #expect(error?.code == .badRequest)
    }

    @Test("a line break can't smuggle in a header or a method")
    func injection() async {
        for request in [
            HTTPRequest(method: "GET / HTTP/1.1\r\nX: y", url: "http://127.0.0.1:1/"),
            HTTPRequest(url: "http://127.0.0.1:1/", headers: [("X", "a\r\nY: b")]),
            HTTPRequest(url: "http://127.0.0.1:1/", headers: [("X: y\r\nZ", "a")]),
        ] {
            let error = await #expect(throws: SystemError.self) { try await client.perform(request) }
            #expect(error?.code == .badRequest)
        }
    }
}
