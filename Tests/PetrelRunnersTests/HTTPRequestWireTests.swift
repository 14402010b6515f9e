import Foundation
import PetrelCore
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

/// http-request actions against real servers: certificates, redirects, proxies, bodies.
@Suite("HTTP requests of actions over the wire", .serialized)
struct HTTPRequestWireTests {
    private let fixture = RunnerFixture()

    private func run(_ given: ValueObject, _ own: ValueObject = [:], refusesPrivate: Bool = false) async -> RunOutcome {
        let request = fixture.request(
            runner: "http-request", runnerParameters: given,
            actionParameters: (["timeout": 10] as ValueObject).merging(own) { $1 })
        return await HTTPRequestRunner(refusesPrivate: refusesPrivate, version: "1").run(request)
    }

    private func certificate(_ name: String, names: String, days: Int) async throws -> [String] {
        let (key, file) = (fixture.path + "/\(name).key", fixture.path + "/\(name).pem")
        // A day that is over is one that began two days ago: openssl counts no days backwards when it signs itself.
        let made = try await TestProgram.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                "-out", file, "-days", String(days), "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)",
            ])
        guard made.code == 0 else { throw TestProgram.Failure(description: made.error) }
        return ["--tls-cert", file, "--tls-key", key]
    }

    @Test("a certificate that nobody vouches for, of another name or out of date is refused, unless that is asked for")
    func certificates() async throws {
        for (name, names) in [("self", "DNS:localhost,IP:127.0.0.1"), ("other", "DNS:other.example")] {
            let server = try await FakeServer(
                "wire_peer.py", try await certificate(name, names: names, days: 1), folder: fixture.path)
            let url: Value = .string("https://localhost:\(server.port)/http/echo")
            let strict = await run(["url": url])
            #expect(strict.status == .failed && strict.result["status_code"] == nil, "\(name): \(strict)")
            #expect(strict.error?.contains("certificate") == true, "\(name): \(strict)")
            let lenient = await run(["url": url, "verify_ssl_cert": false])
            #expect(lenient.status == .succeeded && lenient.result["status_code"] == 200, "\(name): \(lenient)")
        }
    }

    @Test("redirects are followed when asked for; each address is looked at anew")
    func redirects() async throws {
        let server = try await FakeServer("wire_peer.py", folder: fixture.path)
        let root = "http://127.0.0.1:\(server.port)"
        func redirect(_ target: String) -> Value {
            let escaped = target.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            return .string(root + "/http/redirect?to=" + escaped)
        }
        let kept = await run(["url": redirect("/http/echo")])
        #expect(kept.status == .failed && kept.result["status_code"] == 302, "\(kept)")
        let followed = await run(["url": redirect("/http/echo"), "allow_redirects": true])
        #expect(followed.status == .succeeded && followed.result["status_code"] == 200, "\(followed)")
        for target in [
            "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://0.0.0.0:\(server.port)/",
            "file:///etc/passwd", "gopher://127.0.0.1/", "http://[::ffff:169.254.169.254]/", "http://2852039166/",
        ] {
            let outcome = await run(["url": redirect(target), "allow_redirects": true], ["timeout": 5])
            #expect(outcome.status == .failed && outcome.result["body"] == nil, "\(target): \(outcome)")
        }
        let endless = await run(["url": redirect("/http/redirect?to=/"), "allow_redirects": true])
        #expect(endless.status != .succeeded)
        #expect(await run(["url": .string(root + "/http/echo")], refusesPrivate: true).status == .failed)
    }

    @Test("method, query, headers, cookies, log-in and body go out as in StackStorm; JSON comes back as a value")
    func exchange() async throws {
        let server = try await FakeServer("wire_peer.py", folder: fixture.path)
        let outcome = await run(
            [
                "url": .string("http://127.0.0.1:\(server.port)/http/echo?a=1"),
                "headers": ["X-One": "two", "Content-Type": "application/json"], "cookies": ["c": "d"],
                "username": "ann", "password": "open sesame",
            ], ["method": "PUT", "params": ["b": "x y&z"], "body": "{'k': True}"])
        #expect(outcome.status == .succeeded, "\(outcome)")
        let seen = JSONWriter.text(.object(outcome.result.object ?? [:]))
        for part in ["PUT", "a=1&b=x%20y%26z", "X-One", "c=d", "Basic YW5uOm9wZW4gc2VzYW1l", "X-Stanley-Action"] {
            #expect(seen.contains(part), "\(part): \(seen)")
        }
        let smuggled = await run(
            [
                "url": .string("http://127.0.0.1:\(server.port)/http/echo"),
                "headers": ["X-One": "two\r\nX-Smuggled: yes"],
            ])
        #expect(!JSONWriter.text(smuggled.result).contains("X-Smuggled\""), "\(smuggled)")
    }

    @Test("a proxy is used where one is named, and its refusal is an error")
    func proxies() async throws {
        let server = try await FakeServer("wire_peer.py", folder: fixture.path)
        let proxy = try await FakeServer("connect_proxy.py", folder: fixture.path)
        let url: Value = .string("http://127.0.0.1:\(server.port)/http/echo")
        let through = await run(["url": url, "http_proxy": .string("http://127.0.0.1:\(proxy.port)")])
        #expect(through.status == .succeeded, "\(through)")
        let log = await run(["url": .string("http://127.0.0.1:\(proxy.port)/_log")])
        #expect(JSONWriter.text(log.result).contains(":\(server.port)/http/echo"), "\(log)")
        let refusing = try await FakeServer("connect_proxy.py", ["--refuse", "403"], folder: fixture.path)
        let refused = await run([
            "url": "https://localhost:1/", "https_proxy": .string("http://127.0.0.1:\(refusing.port)"),
        ])
        #expect(refused.status == .failed && refused.error != nil, "\(refused)")
    }
}
