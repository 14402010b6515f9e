import Foundation
import Testing

/// The short form of the fault suites; `make fault` runs the long one with the same driver.
@Suite("Faults", .serialized)
struct FaultTests {
    private static let driver = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Harness/fault.py").path
    private static let programs =
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
        .deletingLastPathComponent().path ?? Bundle.main.bundleURL.path

    private func drive(_ arguments: String...) throws -> (code: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", Self.driver, Self.programs + "/petrel"] + arguments
        let out = Pipe()
        process.standardOutput = out
        process.standardError = out
        try process.run()
        let data = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        print(text)
        return (process.terminationStatus, text)
    }

    @Test("a kill at any fault point loses nothing and runs nothing twice")
    func points() throws {
        let result = try drive("points", "--passes", "1")
        #expect(result.code == 0, "\(result.text)")
        #expect(result.text.contains("lost=0 duplicated=0 ran_twice=0"))
    }

    @Test("kills at random times under load lose nothing and run nothing twice")
    func random() throws {
        let kills = ProcessInfo.processInfo.environment["PETREL_FAULT_KILLS"] ?? "20"
        let seed = ProcessInfo.processInfo.environment["PETREL_FAULT_SEED"] ?? String(Int.random(in: 1...99_999))
        let result = try drive("random", "--kills", kills, "--seed", seed)
        #expect(result.code == 0, "\(result.text)")
    }

    @Test("a command that runs while the service is killed still delivers its result")
    func sleeper() throws { #expect(try drive("sleeper").code == 0) }

    @Test("a full disk is told, loses nothing, runs nothing twice, and the service goes on when there is space")
    func fullDisk() throws { #expect(try drive("full").code == 0) }
}
