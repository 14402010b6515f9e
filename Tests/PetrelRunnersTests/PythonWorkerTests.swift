import Foundation
import Glibc
import PetrelCore
import PetrelRunners
import PetrelSystem
import PetrelTestKit
import Testing

/// Every action here is run twice: by a Python that was started for it, and by one that was forked.
@Suite("Python actions from a warm worker", .serialized)
struct PythonWorkerTests {
    private let fixture = RunnerFixture()
    private let python: String
    private let cold: PythonRunner
    private let warm: PythonRunner

    init() async throws {
        // Not by way of a wrapper, which may set variables of its own.
        let found = try await TestProgram.run("python3", ["-c", "import sys; print(sys.executable, end='')"])
        let (python, fixture) = (found.out, fixture)
        self.python = python
        func runner(workers: Int) -> PythonRunner {
            PythonRunner(
                launcher: fixture.launcher,
                settings: .init(
                    environment: ["PATH": "/usr/bin:/bin", "PETREL_TOKEN": "hidden", "PYTHONDONTWRITEBYTECODE": "1"],
                    python: python, modules: Self.modules, virtualEnvironments: fixture.path + "/venvs",
                    maxOutputBytes: 1 << 20, grace: .milliseconds(300), maxWorkers: workers))
        }
        cold = runner(workers: 0)
        warm = runner(workers: 2)
        try await warmUp(warm)
    }

    private static let modules = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "adapters/python").path

    /// An action that says whether it was forked: its petrel-shim was told of a child then.
    private static let probe =
        "    def run(self):\n        return '--child' in open('/proc/%d/cmdline' % os.getppid()).read()\n"

    private func warmUp(_ runner: PythonRunner) async throws {
        for _ in 0..<200 {
            if await run(runner, Self.probe).result["result"] == true { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("no worker became ready")
    }

    private func request(
        _ body: String, _ parameters: ValueObject = [:], runner given: ValueObject = [:], config: ValueObject = [:],
        attempt: Int = 1
    ) -> RunRequest {
        fixture.script(
            "pack/actions/act.py",
            "import os, sys\nfrom st2common.runners.base_action import Action\n\n\nclass Act(Action):\n" + body)
        var request = fixture.request(
            runner: "python-script", entryPoint: "act.py", runnerParameters: given, actionParameters: parameters,
            environment: ["ST2_ACTION_PACK_NAME": "pack", "ST2_ACTION_API_URL": "http://127.0.0.1:1/v1"],
            attempt: attempt)
        request.config = config
        return request
    }

    private func run(
        _ runner: PythonRunner, _ body: String, _ parameters: ValueObject = [:], runner given: ValueObject = [:],
        config: ValueObject = [:]
    ) async -> RunOutcome {
        let request = request(body, parameters, runner: given, config: config)
        let outcome = await runner.run(request)
        await runner.forget(request.attempt)
        return outcome
    }

    /// Bodies of `run`, from the plain to the odd.
    static let bodies = [
        "print('printed'); self.logger.info('logged'); return {'a': [1, None, 'é']}",
        "return True, [1]", "return False, {'reason': 'x'}", "return 'yes', 1", "return {1, 2}", "return float('nan')",
        "raise ValueError('no such host')", "os._exit(7)", "sys.exit(3)", "sys.exit('a text')", "raise SystemExit",
        "sys.exit(-1)", "raise KeyboardInterrupt", "os.kill(os.getpid(), 15)", "os.kill(os.getpid(), 9)", "os.abort()",
        "sys.stdout.write('no newline'); sys.stderr.write('err'); return None",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()",
        "import atexit; atexit.register(print, 'at exit'); return 1",
        "import atexit; atexit.register(sys.exit, 5); return 1",
        "global held; held = open('held', 'w'); held.write('kept'); import atexit; return 1",
        "import subprocess; return subprocess.run('echo $PPID | wc -w; exit 4', shell=True).returncode",
        "import multiprocessing as m; p = m.get_context('fork').Process(target=print, args=('x',)); p.start(); p.join()",
        "return sys.stdin.read()", "return input()", "import nosuchmodule", "return object.__repr__(1)[:4]",
        "self.logger.audit('a'); self.logger.error('b', exc_info=True); return 1",
        "import warnings; warnings.warn('w'); return 1", "sys.stdout.close(); return 1",
        "return [os.getcwd(), sys.argv, __name__, os.path.basename(__file__), sys.modules['__main__'].__file__]",
        "os.umask(0o27); return [os.umask(0), sys.path, sys.flags.unbuffered]",
        "import resource; return [resource.getrlimit(n) for n in range(16)]",
        "return sorted([name, value] for name, value in os.environ.items())",
        "return sorted(os.readlink('/proc/self/fd/' + n).split(':')[0] for n in os.listdir('/proc/self/fd') if n < '3')",
        "return len(os.listdir('/proc/self/fd'))",
        "return [os.getpgid(0) == os.getpid(), os.getsid(0) == os.getppid(), os.getpgid(os.getppid()) == os.getppid()]",
        "import signal as s; return [str(s.getsignal(n)) for n in range(1, 32)] + sorted(s.pthread_sigmask(0, []))",
        "return [sys.stdout.encoding, sys.stdout.line_buffering, sys.stdout.write_through, sys.getfilesystemencoding()]",
        "import threading; return [threading.active_count(), threading.current_thread().name]",
        "return open('/proc/self/oom_score_adj').read()", "return os.nice(0)",
        "import socket; return [socket.getdefaulttimeout(), sys.getrecursionlimit(), sys.getswitchinterval()]",
        "def dive(n): return dive(n + 1)\n        try: dive(0)\n        except RecursionError: return 'deep'",
    ]

    @Test("the same action has the same outcome from a warm worker as from a start of its own")
    func sameOutcomes() async throws {
        for body in Self.bodies {
            let text = "    def run(self, **given):\n        \(body)\n"
            let given: ValueObject = ["name": "ann", "list": [1, "x", nil]]
            let first = await run(cold, text, given, config: ["key": "value"])
            let held = contents("pack/held")
            let second = await run(warm, text, given, config: ["key": "value"])
            #expect(first == second, "\(body)")
            #expect(held == contents("pack/held"), "\(body)")
        }
        #expect(await run(warm, Self.probe).result["result"] == true, "the comparison was not with a worker's")
    }

    private func contents(_ name: String) -> String? {
        try? String(contentsOfFile: fixture.path + "/" + name, encoding: .utf8)
    }

    @Test("modules of the pack that hide common ones do so in a warm worker, too")
    func hiddenModules() async {
        fixture.folder("pack/lib")
        fixture.folder("pack/actions/lib")
        for name in ["pack/lib/urllib.py", "pack/actions/lib/json.py", "pack/actions/logging.py", "pack/lib/plain.py"] {
            fixture.script(name, "WHERE = \"\(name)\"\n")
            let module = name.split(separator: "/").last?.split(separator: ".").first ?? ""
            let body =
                "    def run(self):\n        import \(module)\n        return getattr(\(module), 'WHERE', 'Python')\n"
            let first = await run(cold, body)
            #expect(await run(warm, body) == first, "\(name)")
            unlink(fixture.path + "/" + name)
        }
        #expect(await run(warm, Self.probe).result["result"] == true)
    }

    @Test("variables that count when a process starts get a Python of its own")
    func variablesAtStart() async {
        let body = "    def run(self):\n        return [os.environ.get('PYTHONHASHSEED'), hash('a')]\n"
        let given: ValueObject = ["env": ["PYTHONHASHSEED": "0"]]
        let first = await run(cold, body, runner: given)
        #expect(await run(warm, body, runner: given) == first)
        let own = await run(warm, Self.probe, runner: ["env": ["TZ": "Asia/Tokyo"]])
        #expect(own.result["result"] == false)
    }

    @Test("no parameter, configuration or token is ever in the memory of the worker")
    func secrets() async throws {
        let secret = "petrel-\(UUID().uuidString)"
        let body = """
                def run(self, password):
                    shim = os.getppid()
                    worker = int(open("/proc/%d/stat" % shim).read().rsplit(")", 1)[1].split()[1])
                    return [password == self.config["key"], worker]

            """
        let outcome = await run(warm, body, ["password": .string(secret)], config: ["key": .string(secret)])
        let found = try #require(outcome.result["result"]?.array, "\(outcome)")
        #expect(found[0] == true)
        let worker = try #require(found[1].integer)
        let search = try await TestProgram.run(
            "python3",
            [
                "-c",
                """
                import sys
                pid, word = sys.argv[1], ("petrel-" + sys.argv[2]).encode()
                memory = open("/proc/%s/mem" % pid, "rb", 0)
                pages = found = 0
                for line in open("/proc/%s/maps" % pid):
                    begin, end = (int(each, 16) for each in line.split()[0].split("-"))
                    if " rw" not in line or "[v" in line: continue
                    try: memory.seek(begin); text = memory.read(end - begin)
                    except OSError: continue
                    pages += len(text) // 4096; found += text.count(word)
                print("petrel_action" in open("/proc/%s/cmdline" % pid).read(), pages > 100, found)
                """, String(worker), String(secret.dropFirst(7)),
            ])
        #expect(search.out == "True True 0\n", "\(search)")
    }

    @Test("a worker that is killed or does not answer costs nothing but its advantage")
    func deadWorker() async throws {
        let body = """
                def run(self):
                    shim = os.getppid()
                    worker = int(open("/proc/%d/stat" % shim).read().rsplit(")", 1)[1].split()[1])
                    open("ran", "a").write("x")
                    return worker

            """
        for signal in [SIGKILL, SIGSTOP] {
            try await warmUp(warm)
            unlink(fixture.path + "/pack/ran")
            let worker = try #require(await run(warm, body).result["result"]?.integer)
            kill(Int32(worker), signal)
            let next = await run(warm, body)
            #expect(next.status == .succeeded, "\(next)")
            #expect(contents("pack/ran") == "xx")
            kill(Int32(worker), SIGCONT)
        }
        try await warmUp(warm)
        #expect(contents("pack/ran") == "xx", "a worker that woke up ran what was done already")
    }

    @Test("a changed environment is noticed: what is forked is never older than it")
    func staleWorker() async throws {
        let made = try await TestProgram.run("python3", ["-m", "venv", "--without-pip", fixture.path + "/venvs/pack"])
        guard made.code == 0 else { return print("skipped virtual environment: \(made.error)") }
        try await warmUp(warm)
        let listed = try FileManager.default.contentsOfDirectory(atPath: fixture.path + "/venvs/pack/lib")
        let site = fixture.path + "/venvs/pack/lib/\(listed[0])/site-packages"
        try "VALUE = 1\n".write(toFile: site + "/added.py", atomically: true, encoding: .utf8)
        let body = "    def run(self):\n        import added\n        return [added.VALUE, sys.prefix]\n"
        let first = await run(warm, body)
        #expect(first.result["result"] == [1, .string(fixture.path + "/venvs/pack")], "\(first)")
        try "VALUE = 2\n# longer\n".write(toFile: site + "/added.py", atomically: true, encoding: .utf8)
        #expect(await run(warm, body).result["result"]?.array?.first == 2)
        try await warmUp(warm)
        #expect(await run(warm, body) == run(cold, body))
    }

    @Test("a forked action outlives its worker and its service, is taken up and can be canceled")
    func recovery() async throws {
        let body = """
                def run(self, gate):
                    import time
                    open("runs", "a").write("x")
                    while not os.path.exists(gate):
                        time.sleep(0.01)
                    return "late"

            """
        for (number, isCanceled) in [(1, false), (2, true)] {
            let gate = fixture.path + "/gate\(number)"
            let request = request(body, ["gate": .string(gate)], attempt: number)
            let successor = PythonRunner(
                launcher: ShimLauncher(shimPath: "/none", runFolder: fixture.path + "/run"),
                settings: .init(
                    environment: [:], python: python, modules: Self.modules, virtualEnvironments: fixture.path))
            let (first, trace) = await withTaskGroup(of: (RunOutcome?, RunTrace?).self) { group in
                group.addTask { (await self.warm.run(request), nil) }
                group.addTask {
                    while contents("pack/runs")?.utf8.count ?? 0 < number {
                        try? await Task.sleep(for: .milliseconds(5))
                    }
                    if isCanceled {
                        await successor.cancel(request.attempt)
                    } else {
                        fixture.script("gate\(number)", "")
                    }
                    return (nil, await successor.resume(request, boot: bootID()))
                }
                var ends: (RunOutcome?, RunTrace?) = (nil, nil)
                for await each in group { ends = (each.0 ?? ends.0, each.1 ?? ends.1) }
                return ends
            }
            guard case .outcome(let second)? = trace else {
                Issue.record("not taken up: \(String(describing: trace))")
                continue
            }
            #expect(first == second)
            #expect(second.status == (isCanceled ? .canceled : .succeeded), "\(second)")
            await successor.forget(request.attempt)
        }
        #expect(contents("pack/runs") == "xx")
    }

    @Test("what never started is void for a worker, too: it runs nothing")
    func voided() async {
        let request = request("    def run(self):\n        open('ran', 'w')\n")
        let trace = await warm.resume(request, boot: bootID())
        guard case .neverStarted = trace else {
            Issue.record("found what was not there: \(trace)")
            return
        }
        let late = await warm.run(request)
        #expect(late.status == .failed && contents("pack/ran") == nil, "\(late)")
        await warm.forget(request.attempt)
    }

    @Test("many at once each run once, and nothing of them stays")
    func many() async throws {
        let body = "    def run(self, n):\n        open('many', 'a').write('%d\\n' % n)\n        return n\n"
        let requests = (1...100).map { request(body, ["n": .integer($0)], attempt: $0) }
        let outcomes = await withTaskGroup(of: RunOutcome.self) { group in
            for request in requests {
                group.addTask {
                    let outcome = await warm.run(request)
                    await warm.forget(request.attempt)
                    return outcome
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0.status == .succeeded })
        let lines = (contents("pack/many") ?? "").split(separator: "\n").compactMap { Int($0) }
        #expect(lines.sorted() == Array(1...100))
        #expect(fixture.launcher.keys(withPrefix: "").isEmpty)
    }

    @Test("rude children of a warm worker are ended with their whole family when the time is over")
    func rudeChildren() async throws {
        let before = try Self.processes()
        let requests = PythonRunnerTests.rude.enumerated().map { number, body in
            request(
                "    def run(self, body):\n        import subprocess, time\n        exec(body)\n",
                ["body": .string(body)], runner: ["timeout": 2], attempt: number + 1)
        }
        await withTaskGroup(of: (RunRequest, RunOutcome).self) { group in
            for request in requests { group.addTask { (request, await warm.run(request)) } }
            for await (request, outcome) in group {
                #expect(outcome.status == .timeout, "\(request.actionParameters): \(outcome)")
                await warm.forget(request.attempt)
            }
        }
        let left = try Self.processes().subtracting(before).filter { name in
            let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
            return folder?.hasPrefix(fixture.path) ?? false
        }
        print("rude-python-warm children=\(PythonRunnerTests.rude.count) left_behind=\(left.count)")
        #expect(left.isEmpty)
    }

    private static func processes() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil })
    }
}
