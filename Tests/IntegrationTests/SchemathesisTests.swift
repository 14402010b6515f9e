import Foundation
import PetrelTestKit
import Testing

/// Requests that a program thinks up from `/openapi.json`; `make fuzz` lets it think longer.
@Suite("Fuzz of the API")
struct SchemathesisTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A Python that has schemathesis; made once below `.build`.
    private static func python() async throws -> String? {
        let folder = root.appending(path: ".build/schemathesis").path
        let program = folder + "/bin/python"
        if FileManager.default.isExecutableFile(atPath: folder + "/bin/schemathesis") { return program }
        guard (try? await TestProgram.run("python3", ["-m", "venv", folder], within: .seconds(240)))?.code == 0,
            (try? await TestProgram.run(
                program, ["-m", "pip", "-q", "install", "schemathesis==4.32.5"], within: .seconds(240)))?.code == 0
        else { return nil }
        return program
    }

    @Test("no request that schemathesis thinks up is answered by a server error")
    func schemathesis() async throws {
        guard let python = try await Self.python() else {
            print("skipped schemathesis: python3-venv or the package index is not there")
            return
        }
        let environment = ProcessInfo.processInfo.environment
        // The rounds of `make fuzz` are of other tests; here they only say that there is time.
        let seconds = environment["PETREL_FUZZ_ROUNDS"] == nil ? "25" : "600"
        let service = try await ServiceProcess()
        let token = try service.text("admin-token").trimmingCharacters(in: .whitespacesAndNewlines)
        let script = Self.root.appending(path: "Tests/Harness/schemathesis_run.py").path
        let ended = try await TestProgram.run(
            "python3", [script, python, try service.url, token, seconds, environment["PETREL_FUZZ_SEED"] ?? "1"])
        print(ended.out.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
        #expect(service.isRunning)
    }
}
