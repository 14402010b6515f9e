import Foundation
import PetrelCore
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

@Suite("Python actions", .serialized)
struct PythonRunnerTests {
    private let fixture = RunnerFixture()

    private var runner: PythonRunner {
        let modules = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "adapters/python").path
        return PythonRunner(
            launcher: fixture.launcher,
            settings: .init(
                environment: [
                    "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
                    "PETREL_TOKEN": "hidden", "PYTHONDONTWRITEBYTECODE": "1",
                ], python: "python3", modules: modules, virtualEnvironments: fixture.path + "/venvs",
                maxOutputBytes: 1 << 20, grace: .milliseconds(300)))
    }

    private func run(
        _ body: String, _ parameters: ValueObject = [:], runner given: ValueObject = [:], config: ValueObject = [:]
    ) async -> RunOutcome {
        fixture.script(
            "pack/actions/act.py",
            "import os, sys\nfrom st2common.runners.base_action import Action\n\n\nclass Act(Action):\n" + body)
        var request = fixture.request(
            runner: "python-script", entryPoint: "act.py", runnerParameters: given, actionParameters: parameters,
            environment: ["ST2_ACTION_PACK_NAME": "pack", "ST2_ACTION_API_URL": "http://127.0.0.1:1/v1"])
        request.config = config
        let outcome = await runner.run(request)
        await runner.forget(request.attempt)
        return outcome
    }

    @Test("what run returns is the result, apart from what it prints and logs")
    func returns() async {
        let outcome = await run(
            """
                def run(self, name, count=1):
                    print("printed")
                    self.logger.info("logged %s", name)
                    return {"names": [name] * count, "nothing": None}
            """, ["name": "ann", "count": 2])
        #expect(outcome.status == .succeeded)
        #expect(outcome.result["result"] == ["names": ["ann", "ann"], "nothing": nil])
        #expect(outcome.stdout == "printed\n")
        #expect(outcome.result["stderr"]?.string == "st2.actions.python.Act: INFO     logged ann\n")
        #expect(outcome.result["exit_code"] == 0)
        #expect(outcome.error == nil)
    }

    @Test("a pair of truth and value decides on success")
    func pairs() async {
        let good = await run("    def run(self):\n        return True, [1]\n")
        #expect(good.status == .succeeded && good.result["result"] == [1])
        let bad = await run("    def run(self):\n        return False, {'reason': 'x'}\n")
        #expect(bad.status == .failed && bad.result["result"] == ["reason": "x"])
        let wrong = await run("    def run(self):\n        return 'yes', 1\n")
        #expect(wrong.status == .failed && wrong.result["exit_code"] == 220)
        #expect(wrong.result["stderr"]?.string?.contains("must either be True or False, got: yes") == true)
    }

    @Test("an exception is a failure with its traceback; what JSON can't hold becomes text")
    func exceptions() async {
        let raised = await run("    def run(self):\n        raise ValueError('no such host')\n")
        #expect(raised.status == .failed && raised.result["exit_code"] == 1)
        #expect(raised.result["stderr"]?.string?.contains("ValueError: no such host") == true)
        #expect(raised.result["result"] == "None")
        let odd = await run("    def run(self):\n        return {1, 2}\n")
        #expect(odd.status == .succeeded && odd.result["result"] == "{1, 2}")
        let left = await run("    def run(self):\n        os._exit(7)\n")
        #expect(left.status == .failed && left.result["exit_code"] == 7)
    }

    @Test("the pack's modules are found; configuration and service are at hand")
    func modules() async {
        fixture.folder("pack/actions/lib")
        fixture.script("pack/actions/lib/inner.py", "VALUE = 'from lib'\n")
        fixture.script("pack/actions/beside.py", "VALUE = 'from beside'\n")
        let outcome = await run(
            """
                def run(self):
                    import beside, inner
                    return [inner.VALUE, beside.VALUE, self.config["key"], self.action_service._datastore._full_name("a", True)]
            """, config: ["key": "secret value"])
        #expect(outcome.result["result"] == ["from lib", "from beside", "secret value", "pack.Act:a"], "\(outcome)")
    }

    @Test("no secret stands in the command line or the environment, and the service's own variables are not there")
    func hidden() async {
        let outcome = await run(
            """
                def run(self, password):
                    text = open("/proc/self/cmdline").read() + open("/proc/self/environ").read()
                    return [password in text, self.config["key"] in text, "PETREL_TOKEN" in os.environ, password]
            """, ["password": "hunter2hunter2"], config: ["key": "swordfish"])
        #expect(outcome.result["result"] == [false, false, false, "hunter2hunter2"], "\(outcome)")
    }

    @Test("the caller's variables are there, but for PYTHONPATH")
    func variables() async {
        let outcome = await run(
            """
                def run(self):
                    return [os.environ["GIVEN"], "/nowhere" in os.environ["PYTHONPATH"], os.environ["ST2_ACTION_PACK_NAME"]]
            """,
            runner: ["env": ["GIVEN": "x", "PYTHONPATH": "/nowhere", "ST2_ACTION_PACK_NAME": "forged"]])
        #expect(outcome.result["result"] == ["x", false, "pack"], "\(outcome)")
    }

    @Test("a pack with requirements and no virtual environment is told what to do")
    func requirements() async {
        fixture.script("pack/requirements.txt", "requests\n")
        let outcome = await run("    def run(self):\n        return 1\n")
        #expect(outcome.status == .failed)
        #expect(outcome.error?.contains("petrel pack venv pack") == true)
    }

    /// Children that don't want to end, each leaving a process with a word in its arguments.
    static let rude = [
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
        "os.fork() or os.setsid(); time.sleep(600)",
        "[os.fork() for _ in range(3)]; time.sleep(600)",
        "subprocess.Popen(['sleep', '600.petrel'.replace('.petrel', '')], start_new_session=True); time.sleep(600)",
        "os.close(0); os.close(1); os.close(2); time.sleep(600)",
        "sys.stdout.write('x' * (1 << 26)); time.sleep(600)",
        "import threading; threading.Thread(target=time.sleep, args=(600,)).start(); time.sleep(600)",
        "(os.fork() == 0 and (os.setsid(), os.fork() == 0, time.sleep(600))); time.sleep(600)",
        "exec('while True: pass')",
    ]

    @Test("rude children are ended with their whole family when the time is over")
    func rudeChildren() async throws {
        let mark = "PETREL_RUDE_\(UUID().uuidString.prefix(8))"
        for body in Self.rude {
            let outcome = await run(
                "    def run(self):\n        import subprocess, time\n        \(body)\n",
                runner: ["timeout": 1, "env": ["RUDE_MARK": .string(mark)]])
            #expect(outcome.status == .timeout, "\(body): \(outcome)")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            guard Int(name) != nil, let bytes = FileManager.default.contents(atPath: "/proc/\(name)/environ") else {
                return false
            }
            return String(decoding: bytes, as: UTF8.self).contains("RUDE_MARK=\(mark)")
        }
        print("rude-python children=\(Self.rude.count) left_behind=\(left.count)")
        #expect(left.isEmpty)
    }
}
