import Foundation
import PetrelTestKit
import Testing

/// StackStorm's own client, from PyPI, against a real service.
@Suite("StackStorm's command line")
struct St2ClientTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A Python that has the client; made once below `.build`.
    private static func python() async throws -> String? {
        let folder = root.appending(path: ".build/st2client").path
        let program = folder + "/bin/python"
        if FileManager.default.isExecutableFile(atPath: folder + "/bin/st2") { return program }
        guard (try? await TestProgram.run("python3", ["-m", "venv", folder], within: .seconds(240)))?.code == 0,
            (try? await TestProgram.run(
                program, ["-m", "pip", "-q", "install", "st2client==3.9.0"], within: .seconds(240)))?.code == 0
        else { return nil }
        return program
    }

    @Test("every command whose routes exist does what it does with StackStorm")
    func commands() async throws {
        guard let python = try await Self.python() else {
            print("skipped st2client: python3-venv or the package index is not there")
            return
        }
        let folder = ServiceProcess.freshFolder()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The password is "secret1".
        try Data("ann:$apr1$abcdefgh$\(Self.hash)\n".utf8).write(to: URL(filePath: folder + "/htpasswd"))
        let service = try await ServiceProcess(folder: folder)
        let token = try service.text("admin-token").trimmingCharacters(in: .whitespacesAndNewlines)
        let script = Self.root.appending(path: "Tests/Harness/st2_commands.py").path
        let ended = try await TestProgram.run(python, [script, try service.url, token, "ann", "secret1"])
        print(ended.out.split(separator: "\n").last.map(String.init) ?? "")
        #expect(ended.code == 0, "\(ended.out)\(ended.error)")
    }

    private static let hash = "paCto.rW8wn6thJ8b0QQY."
}
