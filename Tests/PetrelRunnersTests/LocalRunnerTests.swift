import PetrelCore
import PetrelRunners
import PetrelSystem
import Testing

@Suite("Local commands")
struct LocalRunnerTests {
    let fixture = RunnerFixture()

    @Test("a command that succeeds has the result that all shell runners share")
    func success() async {
        let outcome = await fixture.command("echo hello; echo careful >&2")
        let expected: Value = [
            "failed": false, "succeeded": true, "return_code": 0, "stdout": "hello", "stderr": "careful",
        ]
        #expect(outcome == RunOutcome(status: .succeeded, result: expected))
    }

    @Test("a command that fails says its code")
    func failure() async {
        let outcome = await fixture.command("exit 42")
        #expect(outcome.status == .failed)
        let expected: Value = ["failed": true, "succeeded": false, "return_code": 42, "stdout": "", "stderr": ""]
        #expect(outcome.result == expected)
    }

    @Test("a command is read by bash")
    func bash() async {
        #expect(await fixture.command("x=(a b); echo ${x[1]} $0").stdout == "b /bin/bash")
    }

    @Test("a command is read by another shell where the settings name one")
    func otherShell() async {
        #expect(await RunnerFixture(shell: "/bin/sh").command("echo $0").stdout == "/bin/sh")
    }

    @Test("a command over its time is ended and says how long it had")
    func timeout() async {
        let outcome = await fixture.command("echo begun; trap '' TERM; sleep 60", ["timeout": 1])
        #expect(outcome.status == .timeout)
        #expect(outcome.error == "Action failed to complete in 1 seconds")
        #expect(outcome.result["return_code"] == -9 && outcome.stdout == "begun")
        #expect(outcome.result["succeeded"] == false && outcome.result["failed"] == true)
    }

    @Test("a cancelled command is canceled, whatever it answers")
    func cancel() async {
        let request = fixture.request(
            runner: "local-shell-cmd",
            runnerParameters: ["cmd": "trap 'exit 0' TERM; touch \(fixture.path)/runs; while :; do sleep 0.02; done"])
        async let running = fixture.runner.run(request)
        for _ in 0..<2000 where !fixture.isThere("runs") { try? await Task.sleep(for: .milliseconds(5)) }
        await fixture.runner.cancel(request.attempt)
        #expect(await running.status == .canceled)
    }

    @Test("signals are told: by SIGTERM it is abandoned, by others failed")
    func signals() async {
        let terminated = await fixture.command("kill -TERM $$")
        #expect(terminated.status == .abandoned && terminated.result["return_code"] == -15)
        let killed = await fixture.command("kill -KILL $$")
        #expect(killed.status == .failed && killed.result["return_code"] == -9 && killed.error == "ended by signal 9")
    }

    @Test("a folder that is not there fails with a clear error")
    func missingFolder() async {
        let outcome = await fixture.command("true", ["cwd": "/no/such"])
        #expect(outcome.status == .failed && outcome.result["succeeded"] == false)
        #expect(outcome.error == "the working folder can't be entered, /no/such: No such file or directory")
    }

    @Test("a command runs in the folder asked for, else in the service's")
    func folder() async {
        #expect(await fixture.command("pwd", ["cwd": "/usr"]).stdout == "/usr")
        #expect(await fixture.command("pwd", ["cwd": nil]).stdout == .string(fixture.path))
    }

    @Test(
        "the service's variables yield to the caller's, these to Petrel's own, and the service's settings are not shown"
    )
    func environment() async {
        let outcome = await fixture.command(
            "echo $SERVICE $BOTH $ALL $OWN $NUMBER $TRUTH [$PETREL_SECRET]",
            ["env": ["BOTH": "caller", "ALL": "caller", "NUMBER": 5, "TRUTH": true]],
            environment: ["ALL": "petrel", "OWN": "petrel"])
        #expect(outcome.stdout == "service caller petrel petrel 5 True []")
    }

    @Test("without a command it fails")
    func noCommand() async {
        let outcome = await fixture.runner.run(fixture.request(runner: "local-shell-cmd"))
        #expect(outcome.status == .failed && outcome.error == "the action pack.action was given no cmd")
    }

    @Test(
        "output that is JSON becomes its value, all else stays text",
        arguments: [
            ("5", 5), ("-1.5", -1.5), ("true", true), ("null", nil), ("\"a\"", "a"),
            ("[1, {\"b\": []}]", [1, ["b": []]]),
            (" {\"a\": 1} \n", ["a": 1]), ("", ""), ("five", "five"), ("5 6", "5 6"), ("{'a': 1}", "{'a': 1}"),
            ("NaN", "NaN"), ("05", "05"), ("truth", "truth"), ("a\n\n", "a\n"), ("a\r\n", "a"), ("a\n\r", "a\n"),
            ("a\r\r\n", "a\r"), ("\n", ""), ("\u{1B}[31mred", "\u{1B}[31mred"),
            ("123456789012345678901234567890", .bigInteger("123456789012345678901234567890")),
        ] as [(String, Value)])
    func json(output: String, value: Value) async {
        fixture.script("out", output)
        #expect(await fixture.command("cat out").stdout == value)
        #expect(await fixture.command("cat out >&2").result["stderr"] == value)
    }

    @Test("bytes that are no UTF-8 show as replacement characters")
    func binary() async {
        #expect(await fixture.command("printf 'a\\xff\\xfeb\\x00c'").stdout == "a\u{FFFD}\u{FFFD}b\0c")
    }

    @Test("output over the cap says how much was dropped, and is never JSON")
    func cap() async {
        let small = RunnerFixture(maxOutputBytes: 4)
        #expect(await small.command("printf 123456789").stdout == "1234\n[5 more bytes were dropped]")
        #expect(await small.command("printf '123\n56789'").stdout == "123\n[5 more bytes were dropped]")
        #expect(await small.command("printf 1234").stdout == 1234)
    }

    @Test("deeply nested output stays text")
    func depth() async {
        let outcome = await fixture.command("printf '[%.0s' $(seq 1000); printf ']%.0s' $(seq 1000)")
        #expect(outcome.stdout?.string?.utf8.count == 2000)
    }

    @Test("an attempt runs once: under the same key it fails, and a successor finds its outcome")
    func attempts() async {
        let request = fixture.request(
            runner: "local-shell-cmd", runnerParameters: ["cmd": "echo x >> \(fixture.path)/log; wc -l < log"])
        let first = await fixture.runner.run(request)
        #expect(first.stdout == 1)
        #expect(await fixture.runner.run(request).status == .failed)
        guard case .outcome(let found) = await fixture.runner.resume(request, boot: bootID()) else {
            Issue.record("not found")
            return
        }
        #expect(found == first)
        await fixture.runner.forget(request.attempt)
        #expect(!fixture.isThere("run/" + request.attempt.description))
    }

    @Test("an attempt that never started is told apart from one that is lost")
    func traces() async {
        let request = fixture.request(runner: "local-shell-cmd", runnerParameters: ["cmd": "true"], attempt: 2)
        guard case .lost = await fixture.runner.resume(request, boot: "another") else {
            Issue.record("not lost")
            return
        }
        guard case .neverStarted = await fixture.runner.resume(request, boot: bootID()) else {
            Issue.record("not void")
            return
        }
        #expect(await fixture.runner.run(request).status == .failed)
    }

    @Test("the runner types have the reference's parameters")
    func types() {
        let types = Dictionary(uniqueKeysWithValues: fixture.runner.types.map { ($0.name, $0) })
        let shared: Set = ["cwd", "env", "kwarg_op", "sudo", "sudo_password", "timeout"]
        #expect(types["local-shell-cmd"].map { Set($0.parameters.keys) } == shared.union(["cmd"]))
        #expect(
            types["local-shell-script"].map { Set($0.parameters.keys) } == shared.union(["debug", "content_version"]))
        #expect(types["local-shell-cmd"]?.parameters["sudo_password"]?.isSecret == true)
        #expect(types["local-shell-cmd"]?.parameters["timeout"]?.defaultValue == 60)
        #expect(types["local-shell-cmd"]?.module == "local_shell_command_runner")
    }
}
