import Foundation
import PetrelTestKit
import Testing

@Suite("A start that can't be", .serialized)
struct BadStartTests {
    private func serve(_ folder: String, _ environment: [String: String] = [:]) async throws -> ServiceProcess.Output {
        try await ServiceProcess.run(["serve", "--data-dir", folder], environment: environment)
    }

    @Test("a second process on the same folder leaves with a sentence that names the first")
    func locked() async throws {
        let service = try await ServiceProcess()
        let second = try await serve(service.folder)
        #expect(second.code == 1)
        #expect(second.error.contains("in use by process"))
        #expect(try await service.petrel("chat", "!date").code == 0)
    }

    @Test("a taken port is named, with a way out")
    func portTaken() async throws {
        let service = try await ServiceProcess()
        let port = try #require(try service.url.split(separator: ":").last)
        let second = try await serve(ServiceProcess.freshFolder(), ["PETREL_HTTP_PORT": String(port)])
        #expect(second.code == 1)
        #expect(second.error.contains("the port \(port)") && second.error.contains("PETREL_HTTP_PORT"))
    }

    @Test("a folder that can't be made is named")
    func unwritable() async throws {
        let output = try await serve("/proc/petrel")
        #expect(output.code == 1)
        #expect(output.error.contains("data folder") && output.error.contains("/proc/petrel"))
    }

    @Test("a database that is none is called damaged, and is left alone")
    func damaged() async throws {
        let folder = ServiceProcess.freshFolder()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = String(repeating: "no database ", count: 500)
        try text.write(toFile: folder + "/petrel.db", atomically: true, encoding: .utf8)
        let output = try await serve(folder)
        #expect(output.code == 1)
        #expect(output.error.contains("damaged") && output.error.contains("backup"))
        #expect(try String(contentsOfFile: folder + "/petrel.db", encoding: .utf8) == text)
    }

    @Test("a shell that can't be run is named, with the setting")
    func noShell() async throws {
        let output = try await serve(ServiceProcess.freshFolder(), ["PETREL_LOCAL_SHELL": "/no/such/shell"])
        #expect(output.code == 1)
        #expect(output.error.contains("/no/such/shell") && output.error.contains("local.shell"))
    }

    @Test("wrong settings are all named, with file and line")
    func settings() async throws {
        let folder = ServiceProcess.freshFolder()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try "http:\n  prot: 80\nstore: {durability: maybe}\n".write(
            toFile: folder + "/petrel.yaml", atomically: true, encoding: .utf8)
        let output = try await ServiceProcess.run(["serve", "--config", folder + "/petrel.yaml"])
        #expect(output.code == 1)
        #expect(output.error.contains("petrel.yaml:2") && output.error.contains("port"))
        #expect(output.error.contains("maybe"))
    }
}
