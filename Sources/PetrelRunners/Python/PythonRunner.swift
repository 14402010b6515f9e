public import PetrelCore
public import PetrelSystem

/// Runs `python-script` actions: unmodified StackStorm actions, in a Python of their own, under petrel-shim.
///
/// The action's parameters and configuration go in on the standard input and the result comes back in a file, so neither
/// stands in a process list, nor can what the action prints be mistaken for its result.
public struct PythonRunner: ActionRunner {
    /// Where things are.
    public struct Settings: Sendable {
        /// The service's environment; what begins with `PETREL_` is not handed on.
        public var environment: [String: String]
        /// The Python of packs that need nothing else.
        public var python: String
        /// Folder of Petrel's modules for actions.
        public var modules: String
        /// Folder with one virtual environment for each pack that has one.
        public var virtualEnvironments: String
        /// Of each output stream so many bytes are kept.
        public var maxOutputBytes: Int
        /// How long an action that is to end has to do so.
        public var grace: Duration
        /// Most interpreters that are kept ready to fork; zero starts each action anew.
        public var maxWorkers: Int

        /// Settings from their parts.
        public init(
            environment: [String: String], python: String, modules: String, virtualEnvironments: String,
            maxOutputBytes: Int = 10 << 20, grace: Duration = .seconds(5), maxWorkers: Int = 0
        ) {
            self.maxWorkers = maxWorkers
            self.environment = environment.filter { !$0.key.hasPrefix("PETREL_") }
            self.python = python
            self.modules = modules
            self.virtualEnvironments = virtualEnvironments
            self.maxOutputBytes = maxOutputBytes
            self.grace = grace
        }
    }

    static let typeName = "python-script"
    static let defaultTimeoutSeconds = 600
    private static let maxResultBytes = 16 << 20
    private static let readAtStart = [
        "PYTHON", "PATH", "LD_", "LC_", "LANG", "LOCPATH", "TZ", "MALLOC_", "GLIBC_", "GCONV_", "OPENSSL_",
    ]

    private let launcher: ShimLauncher
    private let settings: Settings
    private let workers: PythonWorkers

    /// A runner whose attempts are kept by a launcher's shim.
    public init(launcher: ShimLauncher, settings: Settings) {
        workers = PythonWorkers(capacity: settings.maxWorkers)
        self.launcher = launcher
        self.settings = settings
    }

    /// The one type.
    public var types: [RunnerType] { [Self.type] }

    /// Runs the attempt to its end.
    public func run(_ request: RunRequest) async -> RunOutcome {
        switch job(request) {
        case .failure(let refusal): return Self.refused(refusal)
        case .success(let job): return outcome(await launcher.launch(job, from: worker(job, request)), request)
        }
    }

    /// Several packs without an environment of their own share one: it has imported nothing of any pack.
    ///
    /// None for a caller's variables that interpreter or C library read only when a process starts.
    private func worker(_ job: ShimJob, _ request: RunRequest) -> WarmWorker? {
        let given = request.runnerParameters["env"]?.object ?? [:]
        guard !given.keys.contains(where: { name in Self.readAtStart.contains { name.hasPrefix($0) } }) else {
            return nil
        }
        let python = job.argv[0]
        return workers.worker(for: python) {
            var environment = settings.environment
            environment["PYTHONPATH"] = settings.modules
            return WarmWorker.start(
                python, arguments: ["-u", settings.modules + "/petrel_action.py", "--warm", python],
                environment: environment)
        }
    }

    /// Takes up an attempt of an earlier service; its shim kept it running.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace {
        await launcher.resume(request.attempt, boot: boot) { outcome($0, request) }
    }

    /// Has the shim end the action and all that it started.
    public func cancel(_ attempt: AttemptKey) async { launcher.cancel(attempt) }

    /// Reads what petrel-shim has spooled.
    public func output(of attempt: AttemptKey, type: String, from: Int) async -> [UInt8] {
        launcher.output(of: attempt, type: type, from: from)
    }

    /// Removes the attempt's run folder, with the result's file.
    public func forget(_ attempt: AttemptKey) async { launcher.forget(attempt) }

    // MARK: The job

    private func job(_ request: RunRequest) -> Result<ShimJob, RunRefusal> {
        EntryPoint.find(request.action).flatMap { script in
            interpreter(request.action).map { python in
                let environment = environment(request, python)
                return ShimJob(
                    key: request.attempt.description,
                    argv: [python.program, "-u", settings.modules + "/petrel_action.py"],
                    environment: environment, cwd: request.action.packPath,
                    stdin: input(request, script: script.path, environment: environment),
                    timeout: .seconds(timeout(request)), grace: settings.grace,
                    maxOutputBytes: settings.maxOutputBytes)
            }
        }
    }

    private struct Interpreter {
        var program: String
        /// The virtual environment's folder; nil for the plain Python.
        var folder: String?
    }

    private func interpreter(_ action: Action) -> Result<Interpreter, RunRefusal> {
        let folder = settings.virtualEnvironments + "/" + action.ref.pack
        let program = folder + "/bin/python"
        if isExecutableFile(program) { return .success(Interpreter(program: program, folder: folder)) }
        let needs = readFile(action.packPath + "/requirements.txt", limit: 64 << 10) ?? []
        guard needs.allSatisfy({ $0 <= 0x20 }) else {
            return .failure(
                """
                the pack \(action.ref.pack) has no virtual environment, but a requirements.txt. Make one: \
                petrel pack venv \(action.ref.pack)
                """)
        }
        return .success(Interpreter(program: settings.python, folder: nil))
    }

    /// The service's variables, then the caller's, then those that every action has.
    private func environment(_ request: RunRequest, _ python: Interpreter) -> [String: String] {
        var environment = settings.environment
        for (name, value) in request.runnerParameters["env"]?.object ?? [:] where name.uppercased() != "PYTHONPATH" {
            environment[name] = value.pythonString
        }
        environment.merge(request.environment) { _, ours in ours }
        environment["ST2_API_URL"] = request.environment["ST2_ACTION_API_URL"]
        environment["ST2_AUTH_TOKEN"] = request.environment["ST2_ACTION_AUTH_TOKEN"]
        environment["PETREL_VIRTUALENVS"] = settings.virtualEnvironments
        environment["PETREL_PYTHON"] = settings.python
        let pack = request.action.packPath
        environment["PYTHONPATH"] = [pack + "/lib", pack + "/actions/lib", settings.modules].joined(separator: ":")
        if let folder = python.folder {
            environment["PATH"] = folder + "/bin:" + (environment["PATH"] ?? "/usr/bin:/bin")
            environment["VIRTUAL_ENV"] = folder
        }
        return environment
    }

    private func input(_ request: RunRequest, script: String, environment: [String: String]) -> [UInt8] {
        let level = request.runnerParameters["log_level"]?.string ?? "DEBUG"
        var order: ValueObject = [
            "pack": .string(request.action.ref.pack), "file_path": .string(script), "user": .string(request.user),
            "parameters": .object(request.actionParameters), "config": .object(request.config),
            "log_level": .string(level), "result_file": .string(resultPath(request.attempt)),
        ]
        // What a warm worker forks has the worker's variables until it has read these.
        if settings.maxWorkers > 0 {
            let variables = environment.map { ($0.key, Value.string($0.value)) }
            order["environment"] = .object(ValueObject(uniqueKeysWithValues: variables))
        }
        return JSONWriter.bytes(.object(order)) + [0x0A]
    }

    private func resultPath(_ attempt: AttemptKey) -> String { launcher.folder(key: attempt.description) + "/result" }

    private func timeout(_ request: RunRequest) -> Int {
        LocalCommand.timeout(request.runnerParameters["timeout"], standard: Self.defaultTimeoutSeconds)
    }

    // MARK: The outcome

    private func outcome(_ end: ShimEnd, _ request: RunRequest) -> RunOutcome {
        let report = report(request.attempt)
        let code = end.exitCode.map(Int.init) ?? end.signal.map { -Int($0) } ?? -1
        var result: ValueObject = [
            "stdout": .string(Self.text(end.stdout, dropped: end.droppedStdout)),
            "stderr": .string(Self.text(end.stderr, dropped: end.droppedStderr)), "exit_code": .integer(code),
            // What Python prints for nothing: so StackStorm's results look.
            "result": report?["result"] ?? "None",
        ]
        if end.timedOut {
            result["exit_code"] = -9
            result["error"] = .string("Action failed to complete in \(timeout(request)) seconds")
        } else if let error = end.error {
            result["error"] = .string(error)
        }
        return RunOutcome(status: status(end, code: code, said: report?["status"]?.bool), result: .object(result))
    }

    private func status(_ end: ShimEnd, code: Int, said: Bool?) -> ExecutionStatus {
        if end.timedOut { return .timeout }
        if end.canceled { return .canceled }
        switch end.termination {
        case .lost, .signal(15): return .abandoned
        default: return code == 0 && said ?? true && end.error == nil ? .succeeded : .failed
        }
    }

    /// What the action returned, as Petrel's module wrote it.
    private func report(_ attempt: AttemptKey) -> Value? {
        guard let bytes = readFile(resultPath(attempt), limit: Self.maxResultBytes + 1) else { return nil }
        guard bytes.count <= Self.maxResultBytes else {
            return ["result": .string("[a result of more than \(Self.maxResultBytes) bytes was dropped]")]
        }
        return try? JSONReader.value(bytes, limits: .actionOutput)
    }

    private static func text(_ bytes: [UInt8], dropped: Int) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return dropped == 0 ? text : text + "\n[\(dropped) more bytes were dropped]"
    }

    private static func refused(_ refusal: RunRefusal) -> RunOutcome {
        RunOutcome(
            status: .failed,
            result: [
                "stdout": "", "stderr": "", "exit_code": -1, "result": "None", "error": .string(refusal.reason),
            ])
    }

    private static let type = RunnerType(
        name: typeName, summary: "Runs a Python action of a pack.",
        parameters: [
            "debug": runnerParameter(.boolean, "Accepted for StackStorm's sake.", defaultValue: false),
            "content_version": runnerParameter(.string, "The git revision of the pack to use."),
            "env": runnerParameter(.object, "Environment variables to add."),
            "timeout": runnerParameter(.integer, "Seconds until it is ended.", defaultValue: 600),
            "log_level": runnerParameter(
                .string, "Least important log lines of the action that are kept.", defaultValue: "DEBUG",
                choices: ["AUDIT", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"]),
        ], package: "python_runner", module: "python_runner", outputKey: "result",
        outputSchema: [
            "type": "object",
            "properties": [
                "result": [
                    "anyOf": [
                        ["type": "object"], ["type": "string"], ["type": "integer"], ["type": "number"],
                        ["type": "boolean"], ["type": "array"], ["type": "null"],
                    ]
                ],
                "stderr": ["type": "string", "required": true], "stdout": ["type": "string", "required": true],
                "exit_code": ["type": "integer", "required": true],
            ],
        ])
}
