import Foundation
import Glibc
import PetrelCore
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

@Suite("Shared connections to other machines", .serialized)
struct SSHConnectionsTests {
    private let fixture = RunnerFixture()

    private func connections(persistence: Duration = .seconds(30)) -> SSHConnections {
        SSHConnections(
            options: .init(folder: fixture.path + "/ssh", persistence: persistence), launcher: fixture.launcher,
            clock: SystemClock(), ids: SystemIDs(), digest: SystemDigest(), secret: SystemRandom().bytes(32))
    }

    private func runner(_ server: SSHServer, _ connections: SSHConnections) -> RemoteRunner {
        RemoteRunner(
            launcher: fixture.launcher,
            settings: .init(
                environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.path], folder: fixture.path + "/remote",
                user: currentUserName(), keyFile: server.userKey, knownHosts: server.knownHosts, connectSeconds: 10,
                maxOutputBytes: 1 << 20, grace: .milliseconds(300)), connections: connections)
    }

    private func request(_ server: SSHServer, _ command: String, _ more: ValueObject = [:], attempt: Int = 1)
        -> RunRequest
    {
        let given: ValueObject = [
            "hosts": .string("127.0.0.1:\(server.port)"), "cmd": .string(command), "cwd": "/tmp", "timeout": 20,
        ]
        return fixture.request(
            runner: "remote-shell-cmd", runnerParameters: given.merging(more) { $1 }, attempt: attempt)
    }

    private func run(_ runner: RemoteRunner, _ request: RunRequest) async -> RunOutcome {
        let outcome = await runner.run(request)
        await runner.forget(request.attempt)
        return outcome
    }

    /// How often somebody has logged in.
    private func logIns(_ server: SSHServer) throws -> Int {
        try String(contentsOfFile: server.folder + "/log", encoding: .utf8).components(separatedBy: "Accepted ").count
            - 1
    }

    private var sockets: [String] { folderEntries(fixture.path + "/ssh") }

    /// Whether no client holds a connection any more.
    private func areGone() async throws -> Bool {
        for _ in 0..<500 {
            let found = try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { name in
                guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                    return false
                }
                return String(decoding: line, as: UTF8.self).contains(fixture.path + "/ssh/")
            }
            if !found { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    private func server() async throws -> SSHServer? {
        guard let server = try await SSHServer() else {
            print("skipped ssh: \(SSHServer.program) is not installed")
            return nil
        }
        return server
    }

    @Test("executions share a connection from the second on, and it is gone when the service stops")
    func sharing() async throws {
        guard let server = try await server() else { return }
        let connections = connections()
        await connections.start()
        let runner = runner(server, connections)
        let label = "127.0.0.1:\(server.port)"
        for number in 1...6 {
            let outcome = await run(runner, request(server, "echo \(number); echo e >&2; exit \(number % 2)"))
            #expect(outcome.result[label]?["stdout"] == .integer(number), "\(outcome)")
            #expect(
                outcome.result[label]?["stderr"] == "e" && outcome.result[label]?["return_code"] == .integer(number % 2)
            )
        }
        #expect(try logIns(server) == 2)
        #expect(sockets.count == 1 && fileRights(fixture.path + "/ssh").map { $0 & 0o777 } == 0o700)
        await connections.stop()
        #expect(sockets.isEmpty)
        #expect(try await areGone())
        #expect(fixture.launcher.keys(withPrefix: "").isEmpty)
        #expect(await run(runner, request(server, "echo hi")).status == .succeeded)
    }

    @Test("several hosts each have a connection of their own")
    func severalHosts() async throws {
        guard let server = try await server() else { return }
        let connections = connections()
        await connections.start()
        let runner = runner(server, connections)
        let keys = try String(contentsOfFile: server.knownHosts, encoding: .utf8)
        try (keys + keys.replacing("127.0.0.1", with: "localhost"))
            .write(toFile: server.knownHosts, atomically: true, encoding: .utf8)
        let hosts: ValueObject = ["hosts": .string("127.0.0.1:\(server.port),localhost:\(server.port),127.0.0.1:1")]
        for _ in 1...3 {
            let outcome = await run(runner, request(server, "echo hi", hosts))
            #expect(outcome.result["localhost:\(server.port)"]?["stdout"] == "hi", "\(outcome)")
            #expect(outcome.result["127.0.0.1:1"]?["return_code"] == 255)
        }
        #expect(try logIns(server) == 4 && sockets.count == 2)
        await connections.stop()
    }

    @Test("other credentials, or another content of the same key file, never use a connection that is there")
    func credentials() async throws {
        guard let server = try await server() else { return }
        let connections = connections()
        await connections.start()
        let runner = runner(server, connections)
        for _ in 1...3 { _ = await run(runner, request(server, "true")) }
        #expect(try logIns(server) == 2 && sockets.count == 1)
        _ = try await TestProgram.run(
            "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", fixture.path + "/stranger"])
        let stranger = try String(contentsOfFile: fixture.path + "/stranger", encoding: .utf8)
        for given in [
            ["private_key": .string(stranger)], ["private_key": .string(fixture.path + "/stranger")],
            ["username": "nobody-\(getpid())"], ["password": "guess"],
            [
                "private_key": .string(try String(contentsOfFile: server.folder + "/locked", encoding: .utf8)),
                "passphrase": "wrong",
            ],
        ] as [ValueObject] {
            let outcome = await run(runner, request(server, "echo in", given))
            #expect(outcome.status == .failed && outcome.result["127.0.0.1:\(server.port)"]?["return_code"] == 255)
        }
        try stranger.write(toFile: server.userKey, atomically: false, encoding: .utf8)
        #expect(await run(runner, request(server, "echo in")).status == .failed)
        await connections.stop()
    }

    @Test("who cancels, and a time-out, end the command on the host and leave the connection to others")
    func ending() async throws {
        guard let server = try await server() else { return }
        let connections = connections()
        await connections.start()
        let runner = runner(server, connections)
        for _ in 1...2 { _ = await run(runner, request(server, "true")) }
        let pidFile = fixture.path + "/pid"
        func pid(_ number: Int) -> Int32? {
            (try? String(contentsOfFile: pidFile + "\(number)", encoding: .utf8))
                .flatMap { Int32($0.split(separator: "\n").first ?? "") }
        }
        func command(_ number: Int) -> String { "echo $$ > \(pidFile)\(number); sleep 600 & sleep 600" }
        let canceled = request(server, command(1), attempt: 2)
        let bystander = request(
            server, "echo $$ > \(pidFile)3; while [ ! -e \(pidFile)4 ]; do sleep 0.02; done; echo ok")
        let outcomes = await withTaskGroup(of: (Int, RunOutcome)?.self) { group in
            group.addTask { (0, await runner.run(canceled)) }
            group.addTask { (1, await run(runner, request(server, command(2), ["timeout": 2], attempt: 3))) }
            group.addTask { (2, await run(runner, bystander)) }
            group.addTask {
                while pid(1) == nil || pid(3) == nil { try? await Task.sleep(for: .milliseconds(20)) }
                await runner.cancel(canceled.attempt)
                return nil
            }
            var outcomes: [Int: RunOutcome] = [:]
            for await each in group {
                if let each { outcomes[each.0] = each.1 }
                if outcomes[0] != nil, outcomes[1] != nil, outcomes[2] == nil { fixture.script("pid4", "") }
            }
            return outcomes
        }
        await runner.forget(canceled.attempt)
        #expect(outcomes[0]?.status == .canceled && outcomes[1]?.status == .timeout, "\(outcomes)")
        #expect(outcomes[2]?.result["127.0.0.1:\(server.port)"]?["stdout"] == "ok", "\(outcomes)")
        for number in 1...2 {
            let group = try #require(pid(number))
            var isGone = false
            for _ in 0..<1000 where !isGone {
                isGone = kill(-group, 0) != 0
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(isGone, "the remote process group \(group) is still there")
        }
        #expect(try logIns(server) == 2)
        await connections.stop()
    }

    @Test("what a dead service left is not used again, and ends with the commands that use it")
    func successor() async throws {
        guard let server = try await server() else { return }
        let first = connections()
        await first.start()
        for _ in 1...2 { _ = await run(runner(server, first), request(server, "true")) }
        #expect(sockets.count == 1)
        let second = connections()
        await second.start()
        #expect(sockets.isEmpty)
        #expect(try await areGone())
        for _ in 1...3 { #expect(await run(runner(server, second), request(server, "true")).status == .succeeded) }
        #expect(try logIns(server) == 4)
        await second.stop()
    }

    @Test("a connection that broke is made anew")
    func broken() async throws {
        guard let server = try await server() else { return }
        let connections = connections()
        await connections.start()
        let runner = runner(server, connections)
        for _ in 1...2 { _ = await run(runner, request(server, "true")) }
        let socket = try #require(sockets.first)
        _ = try await TestProgram.run(
            "ssh", ["-F", "none", "-S", fixture.path + "/ssh/" + socket, "-O", "exit", "petrel"])
        for _ in 1...3 { #expect(await run(runner, request(server, "true")).status == .succeeded) }
        #expect(try logIns(server) <= 4)
        await connections.stop()
    }
}
