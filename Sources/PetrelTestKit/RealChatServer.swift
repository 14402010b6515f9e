import Foundation
import PetrelSystem

/// A real IRC or XMPP server on loopback, with a relay before it that can be cut (Tests/Fakes/real_server.py).
public final class RealChatServer: Sendable {
    /// The servers that Debian has.
    public enum Kind: String, Sendable, CaseIterable {
        case irc, xmpp

        /// The program that must be there.
        public var program: String { self == .irc ? "inspircd" : "prosody" }
    }

    /// Which one it is.
    public let kind: Kind
    /// Its websocket, through the relay.
    public let url: String
    /// Its websocket itself.
    public let directURL: String
    private let control: String
    private let program: TestProgram
    private let folder: String
    private let http = HTTPClient()

    /// Those that this run is to use: with `PETREL_REAL_SERVERS` set, as `make test-all` does, those that are installed.
    public static let offered: [Kind] = {
        guard ProcessInfo.processInfo.environment["PETREL_REAL_SERVERS"] != nil else { return [] }
        return Kind.allCases.filter { kind in
            let isThere = ["/usr/sbin/", "/usr/bin/"].contains {
                FileManager.default.isExecutableFile(atPath: $0 + kind.program)
            }
            if !isThere { print("skipped \(kind): \(kind.program) is not installed") }
            return isThere
        }
    }()

    /// Starts a server.
    public init(_ kind: Kind) async throws {
        self.kind = kind
        folder = NSTemporaryDirectory() + "petrel-real-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Tests/Fakes/real_server.py").path
        let (output, errors) = (folder + "/ready", folder + "/errors")
        let program = try TestProgram(
            "python3", ["-u", "-B", script, kind.rawValue, folder], output: output, error: errors)
        self.program = program
        func text(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        _ = await comesToHold(within: .seconds(60)) { text(output).contains("\n") || !program.isRunning }
        let words = text(output).split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 4 else {
            throw TestProgram.Failure(description: "\(kind) did not start: \(text(errors).suffix(800))")
        }
        (url, directURL, control) = (words[1], words[2], words[3])
    }

    deinit {
        program.kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Gives the relay an order, such as `/fin`.
    public func order(_ path: String) async throws {
        _ = try await http.perform(
            HTTPRequest(method: "GET", url: control + path, timeout: .seconds(20), maxResponseBytes: 1024))
    }
}
