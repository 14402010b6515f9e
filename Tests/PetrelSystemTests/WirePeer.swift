import Foundation
import PetrelCore
import PetrelSystem
import Synchronization
import Testing

/// A Python server of Tests/Fakes that says its port; it ends with the test process at the latest.
final class WirePeer: Sendable {
    let port: Int
    private let child: TestChild

    private static let running = Mutex<[[String]: WirePeer]>([:])

    /// The one peer for these arguments, started when first asked for and kept to the end of all tests.
    static func shared(_ script: String = "wire_peer.py", _ arguments: [String] = []) throws -> WirePeer {
        try running.withLock { running in
            if let peer = running[[script] + arguments] { return peer }
            let peer = try WirePeer(script, arguments)
            running[[script] + arguments] = peer
            return peer
        }
    }

    init(_ script: String = "wire_peer.py", _ arguments: [String] = []) throws {
        let fakes = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fakes")
        // The fake chat servers go on when their input ends: a shell ends them then, by a signal that is never blocked.
        let shell = ["sh", "-c", "\"$0\" \"$@\" 2>/dev/null & cat >/dev/null; kill -9 $!"]
        let command = ["python3", fakes.appending(path: script).path] + arguments
        child = try #require(TestChild(script.hasPrefix("fake_") ? shell + command : command))
        // Ours print the port alone, the fake chat servers a sentence with their URL.
        let words = child.firstLine().split(whereSeparator: { " :".contains($0) })
        port = try #require(words.compactMap { Int($0) }.first, "\(script) did not start")
    }

    deinit { _ = child.end() }

    func http(_ path: String) -> String { "http://127.0.0.1:\(port)" + path }
    func socket(_ path: String) -> String { "ws://127.0.0.1:\(port)" + path }

    /// What the peer counted so far.
    func counts() async throws -> [String: Int] {
        let answer = try await HTTPClient().perform(HTTPRequest(url: http("/http/counts"), proxy: .none))
        return try JSONDecoder().decode([String: Int].self, from: Data(answer.body))
    }

    /// Waits until a count is reached, for five seconds at most.
    func reaches(_ name: String, _ count: Int = 1) async throws -> Bool {
        for _ in 0..<500 {
            if try await counts()[name, default: 0] >= count { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

/// One authority with three certificates, made by openssl.
struct TestCertificates {
    static let shared = Result { try TestCertificates() }

    let folder = TemporaryFolder()

    var authority: String { folder.path + "/ca.pem" }

    init() throws {
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 "
                + "-subj /CN=Petrel-Test -addext basicConstraints=critical,CA:TRUE")
        try make("good", names: "DNS:localhost,IP:127.0.0.1", days: 1)
        try make("other", names: "DNS:other.example,IP:127.0.0.9", days: 1)
        try make("expired", names: "DNS:localhost,IP:127.0.0.1", days: -1)
    }

    /// A peer that speaks TLS with one of the certificates.
    func peer(_ name: String) throws -> WirePeer {
        try WirePeer.shared(
            "wire_peer.py", ["--tls-cert", folder.path + "/\(name).pem", "--tls-key", folder.path + "/\(name).key"])
    }

    private func make(_ name: String, names: String, days: Int) throws {
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout \(name).key -out \(name).csr "
                + "-subj /CN=\(name)")
        try Data("subjectAltName=\(names)\n".utf8).write(to: URL(filePath: folder.path + "/\(name).ext"))
        try openssl(
            "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -out \(name).pem "
                + "-extfile \(name).ext -days \(days)")
    }

    private func openssl(_ arguments: String) throws {
        let words = ["sh", "-c", "cd \"$0\" && exec openssl \"$@\" 2>/dev/null", folder.path]
        let child = try #require(TestChild(words + arguments.split(separator: " ").map(String.init)))
        try #require(child.end() == 0, "openssl \(arguments)")
    }
}
