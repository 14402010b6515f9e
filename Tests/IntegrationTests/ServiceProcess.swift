import Foundation
import Glibc
import Testing

/// A real Petrel in a process of its own, with a data folder of its own.
final class ServiceProcess: Sendable {
    let folder: String
    private let process: Process

    /// Where the tests' programs were built.
    static let programs =
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
        .deletingLastPathComponent().path ?? Bundle.main.bundleURL.path

    /// Starts a service and waits until its port is open.
    init(folder: String? = nil, environment: [String: String] = [:]) async throws {
        self.folder = folder ?? Self.freshFolder()
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(atPath: self.folder + "/url")
        process = Process()
        process.executableURL = URL(filePath: Self.programs + "/petrel")
        process.arguments = ["serve", "--data-dir", self.folder]
        process.environment = Self.environment(self.folder).merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        let log = self.folder + "/service.log"
        try Data().write(to: URL(filePath: log))
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
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
    func petrel(_ arguments: String..., input: String = "") throws -> Output {
        try Self.run(arguments, environment: ["PETREL_SERVER": url, "PETREL_DATA_DIR": folder], input: input)
    }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    @discardableResult
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    deinit { if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) } }

    struct Output {
        var code: Int32
        var out: String
        var error: String
    }

    /// Runs the program to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:], input: String = "") throws -> Output {
        let process = Process()
        process.executableURL = URL(filePath: programs + "/petrel")
        process.arguments = arguments
        process.environment = Self.environment(NSTemporaryDirectory()).merging(environment) { _, new in new }
        let (out, error, stdin) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = error
        process.standardInput = stdin
        try process.run()
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let outData = out.fileHandleForReading.readDataToEndOfFile()
        let errorData = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Output(
            code: process.terminationStatus, out: String(decoding: outData, as: UTF8.self),
            error: String(decoding: errorData, as: UTF8.self))
    }
}

/// Asks again and again whether something outside this process has come true; a minute at most.
func waitUntil(_ what: @autoclosure () -> String, _ isTrue: () throws -> Bool) async throws {
    for _ in 0..<6000 {
        if try isTrue() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("waited in vain until \(what())")
    throw CancellationError()
}
