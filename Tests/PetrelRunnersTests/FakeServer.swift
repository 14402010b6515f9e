import Foundation
import PetrelTestKit

/// A Python server of Tests/Fakes that says its port in its first line; it ends with this object.
final class FakeServer: Sendable {
    let port: Int
    private let output: String
    private let program: TestProgram

    init(_ script: String, _ arguments: [String] = [], folder: String) async throws {
        let fakes = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fakes")
        output = folder + "/\(script)-\(UUID().uuidString)"
        // The servers end when their input does; this input has no end.
        let begin =
            "import os, runpy, sys; os.dup2(os.pipe()[0], 0); sys.argv[:] = sys.argv[1:]; "
            + "sys.path.insert(0, os.path.dirname(sys.argv[0])); runpy.run_path(sys.argv[0], run_name='__main__')"
        program = try TestProgram(
            "python3", ["-c", begin, fakes.appending(path: script).path] + arguments, output: output,
            error: output + ".error")
        for _ in 0..<2000 {
            if let line = Self.lines(output).first, let number = Int(line) {
                port = number
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestProgram.Failure(description: "\(script) did not start")
    }

    /// What it has written since it said its port, line by line.
    var lines: [String] { Array(Self.lines(output).dropFirst()) }

    private static func lines(_ path: String) -> [String] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}
