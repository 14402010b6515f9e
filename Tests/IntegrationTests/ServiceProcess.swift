import Foundation
import Glibc
import PetrelTestKit
import Testing

/// A real Petrel in a process of its own, with a data folder of its own.
final class ServiceProcess: Sendable {
    let folder: String
    private let process: TestProgram

    /// Where the tests' programs were built.
    static let programs =
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
        .deletingLastPathComponent().path ?? Bundle.main.bundleURL.path

    /// Starts a service and waits until its port is open.
    init(folder: String? = nil, environment: [String: String] = [:]) async throws {
        self.folder = folder ?? Self.freshFolder()
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(atPath: self.folder + "/url")
        process = try TestProgram(
            Self.programs + "/petrel", ["serve", "--data-dir", self.folder],
            environment: Self.environment(self.folder).merging(environment) { _, new in new },
            output: self.folder + "/service.log")
        try await waitUntil("the service is ready; its log: \((try? text("service.log")) ?? "")") {
            FileManager.default.fileExists(atPath: self.folder + "/url") || !self.process.isRunning
        }
    }

    static func freshFolder() -> String { NSTemporaryDirectory() + "petrel-it-" + UUID().uuidString }

    static func environment(_ folder: String) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("PETREL_") && !$0.key.hasPrefix("ST2_")
        }
        environment["PETREL_HTTP_PORT"] = "0"
        environment["PETREL_ALIASES_PATHS"] = folder + "/aliases"
        environment["SWIFT_BACKTRACE"] = "enable=no"
        return environment
    }

    var isRunning: Bool { process.isRunning }
    var processIdentifier: Int32 { process.processIdentifier }

    var url: String {
        get throws { try text("url").trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// A file of the data folder.
    func text(_ name: String) throws -> String { try String(contentsOfFile: folder + "/" + name, encoding: .utf8) }

    /// Runs a client command against this service.
    func petrel(_ arguments: String..., input: String = "") async throws -> Output {
        try await Self.run(arguments, environment: ["PETREL_SERVER": url, "PETREL_DATA_DIR": folder], input: input)
    }

    func kill() { process.kill() }

    @discardableResult
    func stop() async throws -> Int32 {
        process.signal(SIGTERM)
        return try await process.end()
    }

    typealias Output = TestProgram.Ended

    /// Runs the program to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String = ""
    ) async throws -> Output {
        try await TestProgram.run(
            programs + "/petrel", arguments,
            environment: Self.environment(NSTemporaryDirectory()).merging(environment) { _, new in new }, input: input)
    }
}

/// Asks again and again whether something outside this process has come true; a minute at most.
func waitUntil(_ what: @autoclosure () -> String, _ isTrue: () async throws -> Bool) async throws {
    for _ in 0..<6000 {
        if try await isTrue() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("waited in vain until \(what())")
    throw CancellationError()
}
