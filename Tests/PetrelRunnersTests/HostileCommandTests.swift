import Foundation
import PetrelCore
import PetrelExpressions
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

/// What a foreign text becomes in a command, once it has gone through a runner and a real shell.
@Suite("Hostile values in commands", .serialized)
struct HostileCommandTests {
    private let fixture = RunnerFixture()

    private static let places = ["show {{ v }}", "show '{{ v }}'", "show \"{{ v }}\""]

    private static let digits = " | od -An -v -tx1 | tr -d ' \\n'"

    /// What ``digits`` prints of these values, each with a NUL behind it.
    private static func shown(_ values: [String]) -> String {
        values.flatMap { Array($0.utf8) + [0] }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Commands of so many values each: rendered as the engine renders a command that holds foreign text.
    private static func commands() throws -> (count: Int, lines: [(text: String, wanted: String)]) {
        var lines: [(text: String, wanted: String)] = []
        var count = 0
        for place in places {
            for begin in stride(from: 0, to: HostileValues.shell.count, by: 35) {
                var text = "show() { printf '%s\\0' \"$@\"; }\n{\n"
                var values: [String] = []
                for value in HostileValues.shell[begin...].prefix(35) {
                    var context = JinjaContext(values: ["v": .string(value)], shellSink: true)
                    context.limits = .content
                    guard let command = try? JinjaTemplate(place).render(context) else { continue }
                    text += command + "\n"
                    values.append(value)
                }
                count += values.count
                lines.append((text + "}" + digits, shown(values)))
            }
        }
        return (count, lines)
    }

    @Test("300 hostile values arrive as they are, here and on another machine, and none runs")
    func values() async throws {
        let server = try await SSHServer()
        let label = "127.0.0.1:\(server?.port ?? 0)"
        let remote = server.map { server in
            RemoteRunner(
                launcher: fixture.launcher,
                settings: .init(
                    environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.path], folder: fixture.path + "/remote",
                    user: currentUserName(), keyFile: server.userKey, knownHosts: server.knownHosts))
        }
        fixture.folder("place")
        let place: Value = .string(fixture.path + "/place")
        let (count, lines) = try Self.commands()
        #expect(count >= 300)
        for (text, wanted) in lines {
            let local = await fixture.command(text, ["cwd": place])
            #expect(local.stdout?.pythonString == wanted, "\(text): \(local)")
            guard let remote else { continue }
            let request = fixture.request(
                runner: "remote-shell-cmd",
                runnerParameters: ["hosts": .string(label), "cmd": .string(text), "cwd": place, "timeout": 30])
            let outcome = await remote.run(request)
            await remote.forget(request.attempt)
            #expect(outcome.result[label]?["stdout"]?.pythonString == wanted, "\(text): \(outcome)")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.path + "/place")
        print("hostile-commands values=\(count) remote=\(remote == nil ? 0 : count) canaries=\(left.count)")
        #expect(left.isEmpty)
    }

    @Test("hostile variables, arguments, folders and passwords reach another machine as they are")
    func surroundings() async throws {
        guard let server = try await SSHServer() else { return }
        let label = "127.0.0.1:\(server.port)"
        let remote = RemoteRunner(
            launcher: fixture.launcher,
            settings: .init(
                environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.path], folder: fixture.path + "/remote",
                user: currentUserName(), keyFile: server.userKey, knownHosts: server.knownHosts))
        fixture.folder("place")
        let values = HostileValues.shell.filter { !$0.isEmpty }
        var variables: ValueObject = [:]
        for (index, value) in values.enumerated() { variables["V\(index)"] = .string(value) }
        variables["x; touch canary"] = "not a name"
        let show = "printf '%s\\0' " + (0..<values.count).map { "\"$V\($0)\"" }.joined(separator: " ") + Self.digits
        let request = fixture.request(
            runner: "remote-shell-cmd",
            runnerParameters: [
                "hosts": .string(label), "cmd": .string(show),
                "cwd": .string(fixture.path + "/place"), "env": .object(variables), "timeout": 30,
                "sudo_password": "'; touch canary; '",
            ])
        let outcome = await remote.run(request)
        await remote.forget(request.attempt)
        #expect(outcome.result[label]?["stdout"]?.pythonString == Self.shown(values), "\(outcome)")
        for folder in ["$(touch canary)", "'; touch canary; '", "-P", "a\ntouch canary"] {
            var hostile = request
            hostile.runnerParameters["cwd"] = .string(fixture.path + "/place/" + folder)
            hostile.runnerParameters["cmd"] = "pwd"
            let refused = await remote.run(hostile)
            await remote.forget(hostile.attempt)
            #expect(refused.status == .failed)
        }
        fixture.script("pack/actions/show.sh", "#!/bin/bash\nprintf '%s' \"$1\" | od -An -v -tx1 | tr -d ' \\n'\n")
        for value in values.prefix(6) {
            let script = fixture.request(
                runner: "remote-shell-script", entryPoint: "show.sh",
                parameters: ["a": Parameter(kind: .string, position: 0, schema: [:])],
                runnerParameters: [
                    "hosts": .string(label), "cwd": .string(fixture.path + "/place"), "dir": .string(fixture.path),
                    "timeout": 20,
                ], actionParameters: ["a": .string(value)])
            let outcome = await remote.run(script)
            await remote.forget(script.attempt)
            let digits = value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(outcome.result[label]?["stdout"]?.pythonString == digits, "\(value): \(outcome)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.path + "/place").isEmpty)
    }
}
