import Foundation
import Glibc
import PetrelTestKit

/// A real sshd on loopback, run as the present user with keys of its own; nil where none is installed.
final class SSHServer: Sendable {
    static let program = ProcessInfo.processInfo.environment["PETREL_SSHD"] ?? "/usr/sbin/sshd"

    let folder: String
    let port: Int
    private let process: TestProgram

    var userKey: String { folder + "/user" }
    var knownHosts: String { folder + "/known_hosts" }

    init?() async throws {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else { return nil }
        let folder = NSTemporaryDirectory() + "petrel-sshd-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What sshd wants to be there when root starts it.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        for (name, phrase) in [("host", ""), ("user", ""), ("locked", "open sesame")] {
            _ = try await TestProgram.run(
                "ssh-keygen", ["-q", "-t", "ed25519", "-N", phrase, "-f", folder + "/" + name])
        }
        let keys = try ["user.pub", "locked.pub"].map {
            try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
        }
        try keys.joined().write(toFile: folder + "/authorized", atomically: false, encoding: .utf8)
        let port = try Self.freePort()
        self.folder = folder
        self.port = port
        let hostKey = try String(contentsOfFile: folder + "/host.pub", encoding: .utf8)
        try "[127.0.0.1]:\(port) \(hostKey)".write(toFile: folder + "/known_hosts", atomically: false, encoding: .utf8)
        // A home of its own: what a person's shell does at its start is no part of the tests.
        let settings = """
            ListenAddress 127.0.0.1
            Port \(port)
            HostKey \(folder)/host
            AuthorizedKeysFile \(folder)/authorized
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            StrictModes no
            UsePAM no
            PermitRootLogin yes
            SetEnv HOME=\(folder)
            PidFile none
            MaxStartups 500
            MaxSessions 500
            """
        try settings.write(toFile: folder + "/config", atomically: false, encoding: .utf8)
        process = try TestProgram(
            Self.program, ["-D", "-e", "-f", folder + "/config"], output: folder + "/log")
        for _ in 0..<1000 where process.isRunning {
            if isOpen { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw SSHFailure(
            description: "sshd does not start: \((try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "")"
        )
    }

    deinit { process.kill() }

    private var isOpen: Bool {
        (try? String(contentsOfFile: folder + "/log", encoding: .utf8))?.contains("Server listening") ?? false
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw SSHFailure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Why there is no server.
struct SSHFailure: Error, CustomStringConvertible {
    var description: String
}
