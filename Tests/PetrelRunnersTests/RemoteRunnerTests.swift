import Foundation
import Glibc
import PetrelCore
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

@Suite("Commands on other machines", .serialized)
struct RemoteRunnerTests {
    private let fixture = RunnerFixture()

    private func runner(_ server: SSHServer, key: String? = nil, check: String = "yes", partial: Bool = false)
        -> RemoteRunner
    {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return RemoteRunner(
            launcher: fixture.launcher,
            settings: .init(
                environment: ["PATH": path, "HOME": fixture.path, "PETREL_TOKEN": "hidden"],
                folder: fixture.path + "/remote", user: currentUserName(), keyFile: key ?? server.userKey,
                hostKeyCheck: check, knownHosts: server.knownHosts, connectSeconds: 10, allowsPartialFailure: partial,
                maxOutputBytes: 1 << 20, grace: .milliseconds(300)))
    }

    private func request(_ server: SSHServer, _ command: String, _ more: ValueObject = [:]) -> RunRequest {
        let given: ValueObject = [
            "hosts": .string("127.0.0.1:\(server.port)"), "cmd": .string(command), "cwd": "/tmp", "timeout": 20,
        ]
        return fixture.request(
            runner: "remote-shell-cmd", runnerParameters: given.merging(more) { $1 },
            environment: ["ST2_ACTION_PACK_NAME": "pack"])
    }

    private func run(_ runner: RemoteRunner, _ request: RunRequest) async -> RunOutcome {
        let outcome = await runner.run(request)
        await runner.forget(request.attempt)
        return outcome
    }

    private func server() async throws -> SSHServer? {
        guard let server = try await SSHServer() else {
            print("skipped ssh: \(SSHServer.program) is not installed")
            return nil
        }
        return server
    }

    @Test("a command runs on a host, with its folder, variables and exit code")
    func commands() async throws {
        guard let server = try await server() else { return }
        let runner = runner(server)
        let label = "127.0.0.1:\(server.port)"
        let good = await run(
            runner, request(server, "pwd; echo \"$GIVEN $ST2_ACTION_PACK_NAME\" >&2", ["env": ["GIVEN": "a 'b' \"$c"]]))
        #expect(good.status == .succeeded, "\(good)")
        #expect(good.result[label]?["stdout"] == "/tmp" && good.result[label]?["stderr"] == "a 'b' \"$c pack")
        #expect(good.result[label]?["return_code"] == 0 && good.result[label]?["succeeded"] == true)
        let bad = await run(runner, request(server, "echo '{\"a\": 1}'; exit 3"))
        #expect(bad.status == .failed)
        #expect(bad.result[label]?["return_code"] == 3 && bad.result[label]?["stdout"] == ["a": 1])
        let late = await run(runner, request(server, "sleep 60", ["timeout": 1]))
        #expect(late.status == .timeout && late.result[label]?["timeout"] == true, "\(late)")
        #expect(late.result[label]?["return_code"] == -9)
    }

    @Test("several hosts each have their result; one that can't be reached fails alone")
    func severalHosts() async throws {
        guard let server = try await server() else { return }
        let hosts = "127.0.0.1:\(server.port), localhost:\(server.port),127.0.0.1:1"
        try FileManager.default.removeItem(atPath: server.knownHosts)
        let strict = await run(runner(server), request(server, "echo hi"))
        let only = strict.result["127.0.0.1:\(server.port)"]
        #expect(strict.status == .failed && only?["return_code"] == 255, "an unknown host was taken: \(strict)")
        #expect(only?["error"]?.string?.contains("verification failed") == true, "\(strict)")
        let outcome = await run(
            runner(server, check: "accept-new", partial: true),
            request(server, "echo hi; echo ho >&2", ["hosts": .string(hosts)]))
        #expect(outcome.status == .succeeded)
        #expect(outcome.result["localhost:\(server.port)"]?["stdout"] == "hi", "\(outcome)")
        #expect(outcome.result["localhost:\(server.port)"]?["stderr"] == "ho")
        #expect(outcome.result["127.0.0.1:1"]?["return_code"] == 255)
        #expect(outcome.result["127.0.0.1:1"]?["failed"] == true)
        for name in ["", "-oProxyCommand=touch x", "a b", "a;b", "$(x)", "a:b"] {
            let refused = await run(runner(server), request(server, "true", ["hosts": .string(name)]))
            #expect(refused.status == .failed && refused.error != nil, "\(name)")
        }
    }

    @Test("a script goes with its arguments and its lib, and nothing of it stays")
    func scripts() async throws {
        guard let server = try await server() else { return }
        fixture.script(
            "pack/actions/act.sh", "#!/bin/sh\necho \"$1|$2\"; cat \"$(dirname \"$0\")/lib/data\"; dirname \"$0\" >&2\n"
        )
        fixture.folder("pack/actions/lib")
        fixture.script("pack/actions/lib/data", "from lib\n")
        let label = "127.0.0.1:\(server.port)"
        let request = fixture.request(
            runner: "remote-shell-script", entryPoint: "act.sh",
            parameters: [
                "a": Parameter(kind: .string, position: 0, schema: [:]),
                "b": Parameter(kind: .string, position: 1, schema: [:]),
            ], runnerParameters: ["hosts": .string(label), "cwd": "/", "dir": .string(fixture.path), "timeout": 20],
            actionParameters: ["a": "x; touch canary", "b": "it's \"$HOME\""])
        let outcome = await run(runner(server), request)
        #expect(outcome.status == .succeeded, "\(outcome)")
        #expect(outcome.result[label]?["stdout"] == "x; touch canary|it's \"$HOME\"\nfrom lib")
        let place = try #require(outcome.result[label]?["stderr"]?.string)
        #expect(place.hasPrefix(fixture.path) && !FileManager.default.fileExists(atPath: place))
    }

    @Test("keys come as text, with a passphrase, through a bastion; none is left behind or shown")
    func keys() async throws {
        guard let server = try await server() else { return }
        let label = "127.0.0.1:\(server.port)"
        let text = try String(contentsOfFile: server.userKey, encoding: .utf8)
        let byText = await run(
            runner(server, key: "/nowhere"), request(server, "echo in", ["private_key": .string(text)]))
        #expect(byText.result[label]?["stdout"] == "in", "\(byText)")
        let locked = try String(contentsOfFile: server.folder + "/locked", encoding: .utf8)
        let byPhrase = await run(
            runner(server, key: "/nowhere"),
            request(server, "echo in", ["private_key": .string(locked), "passphrase": "open sesame"]))
        #expect(byPhrase.result[label]?["stdout"] == "in", "\(byPhrase)")
        let through = await run(runner(server), request(server, "echo in", ["bastion_host": .string(label)]))
        #expect(through.result[label]?["stdout"] == "in", "\(through)")
        #expect(
            !FileManager.default.fileExists(atPath: fixture.path + "/remote/\(String(repeating: "e", count: 24)).1"))
        let seen = await run(
            runner(server),
            request(
                server, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c swordfis[h]",
                ["env": ["PASSWORD": "swordfish"]]))
        #expect(seen.result[label]?["stdout"] == 0, "\(seen)")
    }

    @Test("who cancels ends the command on the host, too")
    func cancel() async throws {
        guard let server = try await server() else { return }
        let runner = runner(server)
        let pidFile = fixture.path + "/pid"
        let request = request(server, "echo $$ > \(pidFile); sleep 600 & sleep 600")
        let outcome = await withTaskGroup(of: RunOutcome?.self) { group in
            group.addTask { await runner.run(request) }
            group.addTask {
                while (FileManager.default.contents(atPath: pidFile) ?? Data()).isEmpty {
                    try? await Task.sleep(for: .milliseconds(20))
                }
                await runner.cancel(request.attempt)
                return nil
            }
            var outcome: RunOutcome?
            for await each in group { outcome = each ?? outcome }
            return outcome
        }
        #expect(outcome?.status == .canceled)
        let text = try String(contentsOfFile: pidFile, encoding: .utf8)
        let pid = try #require(Int32(text.split(separator: "\n")[0]))
        var isGone = false
        for _ in 0..<1000 where !isGone {
            isGone = kill(-pid, 0) != 0
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(isGone, "the remote process group \(pid) is still there")
        await runner.forget(request.attempt)
    }

    @Test("no command line of a host is read in another way than bash reads it")
    func hostileValues() async throws {
        guard let server = try await server() else { return }
        let values = ["$(touch canary)", "`touch canary`", "'; touch canary; '", "a\nb", "\\", "é 😀", "--", "-n", "*"]
        let line =
            "printf '%s\\0' " + values.map { "'" + $0.replacing("'", with: "'\"'\"'") + "'" }.joined(separator: " ")
            + " | od -An -tx1 | tr -d ' \\n'"
        let outcome = await run(runner(server), request(server, line, ["cwd": .string(fixture.path)]))
        let expected = values.flatMap { Array($0.utf8) + [0] }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
        #expect(outcome.result["127.0.0.1:\(server.port)"]?["stdout"]?.string == expected, "\(outcome)")
        #expect(!fixture.isThere("canary"))
    }
}
