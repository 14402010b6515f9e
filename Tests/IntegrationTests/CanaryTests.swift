import Foundation
import PetrelTestKit
import Testing

@Suite("Secrets")
struct CanaryTests {
    @Test(
        "what is secret shows in no route, stream, command, log, metric, audit trail or backup",
        arguments: ["json", "logfmt"])
    func canaries(logFormat: String) async throws {
        let service = try await ServiceProcess(
            environment: ["PETREL_LOG_LEVEL": "debug", "PETREL_LOG_FORMAT": logFormat])
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Harness/canaries.py").path
        let ended = try await TestProgram.run(
            "python3", [script, try service.url, service.folder, ServiceProcess.programs + "/petrel"],
            environment: ServiceProcess.environment(service.folder))
        print(ended.out.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
    }
}
