import Foundation

/// A Python with Slack's own library, from PyPI.
public enum SlackSDK {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The program, made once below `.build`; nil, and a line that says so, when it can't be had.
    public static func python() async throws -> String? {
        let folder = root.appending(path: ".build/slack_sdk").path
        let program = folder + "/bin/python"
        if FileManager.default.fileExists(atPath: folder + "/ready") { return program }
        guard (try? await TestProgram.run("python3", ["-m", "venv", folder], within: .seconds(240)))?.code == 0,
            (try? await TestProgram.run(
                program, ["-m", "pip", "-q", "install", "slack_sdk==3.37.0"], within: .seconds(240)))?.code == 0
        else {
            print("skipped slack_sdk: python3-venv or the package index is not there")
            return nil
        }
        try Data().write(to: URL(filePath: folder + "/ready"))
        return program
    }

    /// The path of a script in Tests/Harness.
    public static func script(_ name: String) -> String { root.appending(path: "Tests/Harness/" + name).path }
}
