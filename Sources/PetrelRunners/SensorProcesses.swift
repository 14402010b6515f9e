public import PetrelCore
public import PetrelSystem
import Synchronization

/// Keeps one process for each enabled sensor: starts it, starts it again after a pause when it fails, ends it when it is
/// switched off or changed.
///
/// Each runs under petrel-shim; what an earlier service left is ended first, so that no event is told twice.
public final class SensorProcesses: Sendable {
    /// How sensors are run.
    public struct Options: Sendable {
        /// The folder with `petrel_sensor.py` and the modules that sensors import.
        public var modules: String
        /// The folder whose `virtualenvs/PACK` holds a pack's own Python.
        public var dataFolder: String
        /// The variables that every sensor sees.
        public var environment: [String: String]

        /// Options from their parts.
        public init(modules: String, dataFolder: String, environment: [String: String]) {
            self.modules = modules
            self.dataFolder = dataFolder
            self.environment = environment
        }
    }

    /// What the supervisor asks of the service.
    public struct Surroundings: Sendable {
        /// The sensors that should run now.
        public var wanted: @Sendable () -> [SensorType]
        /// The API's URL as sensors reach it; empty until the port is open.
        public var apiURL: @Sendable () -> String
        /// The token with which a sensor tells of events.
        public var token: @Sendable (_ sensor: SensorType) -> Secret<String>
        /// A pack's config.
        public var config: @Sendable (_ pack: String) -> ValueObject
        /// Is told when a process was started.
        public var began: @Sendable (_ run: SensorRun, _ pid: Int, _ command: String) async -> Void
        /// Is told when a process has ended: its exit code, and its last words if it failed.
        ///
        /// Returns false when that could not be stored: it is told again then, by the next service if need be.
        public var ended: @Sendable (_ run: SensorRun, _ code: Int, _ words: String) async -> Bool

        /// Surroundings from their parts.
        public init(
            wanted: @escaping @Sendable () -> [SensorType], apiURL: @escaping @Sendable () -> String,
            token: @escaping @Sendable (_ sensor: SensorType) -> Secret<String>,
            config: @escaping @Sendable (_ pack: String) -> ValueObject,
            began: @escaping @Sendable (_ run: SensorRun, _ pid: Int, _ command: String) async -> Void,
            ended: @escaping @Sendable (_ run: SensorRun, _ code: Int, _ words: String) async -> Bool
        ) {
            self.wanted = wanted
            self.apiURL = apiURL
            self.token = token
            self.config = config
            self.began = began
            self.ended = ended
        }
    }

    private struct Running: Sendable {
        var sensor: SensorType
        var key = ""
        var isStopping = false
    }

    /// A sensor that ran so long was well: its next failure counts as the first.
    private static let stable = Duration.seconds(10)
    private static let longestPause = Duration.seconds(60)

    private let options: Options
    private let surroundings: Surroundings
    private let launcher: ShimLauncher
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let running = Mutex<[ContentRef: Running]>([:])
    private let isClosed = Mutex(false)

    /// A supervisor; `launcher` keeps the processes.
    public init(
        options: Options, surroundings: Surroundings, launcher: ShimLauncher, clock: any PetrelClock,
        ids: any IDSource
    ) {
        self.options = options
        self.surroundings = surroundings
        self.launcher = launcher
        self.clock = clock
        self.ids = ids
    }

    /// Keeps sensors until the task is cancelled; call ``stop()`` before that.
    public func run() async {
        await endLeftovers()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, !isClosed.withLock({ $0 }) {
                if !surroundings.apiURL().isEmpty {
                    for sensor in changes() { group.addTask { await self.keep(sensor) } }
                }
                try? await clock.sleep(for: .seconds(1))
            }
            for key in endAll() { launcher.terminate(key: key) }
        }
    }

    /// Ends what an earlier service left, and tells how it ended.
    private func endLeftovers() async {
        await withDiscardingTaskGroup { group in
            for key in launcher.keys(withPrefix: SensorRun.keyPrefix) {
                guard let run = SensorRun(key: key) else {
                    launcher.forget(key: key)
                    continue
                }
                launcher.terminate(key: key)
                group.addTask {
                    switch await self.launcher.resume(key: key, boot: bootID()) {
                    case .ended(let end): await self.tell(run, end)
                    case .lost(let reason): await self.tell(run, ShimEnd(termination: .lost, error: reason))
                    case .neverStarted: self.launcher.forget(key: key)
                    }
                }
            }
        }
    }

    /// Tells of an end; its traces stay until that is stored.
    private func tell(_ run: SensorRun, _ end: ShimEnd) async {
        FaultPoint.sensorAfterExit.pass()
        let code = exitCode(end)
        guard await surroundings.ended(run, code, code == 0 ? "" : lastWords(end)) else { return }
        FaultPoint.sensorAfterTell.pass()
        launcher.forget(key: run.key)
    }

    /// Ends all sensors and waits until they have.
    public func stop() async {
        isClosed.withLock { $0 = true }
        for key in endAll() { launcher.terminate(key: key) }
        let end = clock.now + .seconds(6)
        while !running.withLock(\.isEmpty), clock.now < end { try? await clock.sleep(for: .milliseconds(20)) }
    }

    private func endAll() -> [String] {
        running.withLock { running in
            for ref in running.keys { running[ref]?.isStopping = true }
            return running.values.map(\.key).filter { !$0.isEmpty }
        }
    }

    /// The sensors to start; ends those that are not wanted any more, or not as they are.
    private func changes() -> [SensorType] {
        let wanted = Dictionary(
            surroundings.wanted().map { ($0.ref, $0) }, uniquingKeysWith: { first, _ in first })
        let (fresh, ending) = running.withLock { running in
            var ending: [String] = []
            for (ref, entry) in running where wanted[ref] != entry.sensor && !entry.isStopping {
                running[ref]?.isStopping = true
                if !entry.key.isEmpty { ending.append(entry.key) }
            }
            let fresh = wanted.values.filter { running[$0.ref] == nil }
            for sensor in fresh { running[sensor.ref] = Running(sensor: sensor) }
            return (fresh, ending)
        }
        for key in ending { launcher.terminate(key: key) }
        return fresh
    }

    /// Runs one sensor again and again until it is not wanted, or has ended by itself without an error.
    private func keep(_ sensor: SensorType) async {
        var failures = 0
        while !isStopping(sensor) {
            let run = SensorRun(sensor.ref, id: ids.next())
            let begin = clock.now
            let isBegun = running.withLock { running in
                guard let entry = running[sensor.ref], !entry.isStopping else { return false }
                running[sensor.ref]?.key = run.key
                return true
            }
            guard isBegun else { break }
            let job = job(sensor, key: run.key)
            let end = await launcher.launch(job) { pid in
                await surroundings.began(run, Int(pid), job.argv.joined(separator: " "))
            }
            await tell(run, end)
            if isStopping(sensor) { break }
            if exitCode(end) == 0 { return await rest(sensor) }
            failures = clock.now - begin > Self.stable ? 1 : failures + 1
            await pause(min(.milliseconds(2500) * failures, Self.longestPause), sensor)
        }
        running.withLock { _ = $0.removeValue(forKey: sensor.ref) }
    }

    private func isStopping(_ sensor: SensorType) -> Bool {
        running.withLock { $0[sensor.ref]?.isStopping ?? true }
    }

    /// A sensor that has ended by itself is left alone until it changes.
    private func rest(_ sensor: SensorType) async {
        while !isStopping(sensor), !Task.isCancelled { try? await clock.sleep(for: .seconds(1)) }
        running.withLock { _ = $0.removeValue(forKey: sensor.ref) }
    }

    private func pause(_ duration: Duration, _ sensor: SensorType) async {
        let end = clock.now + duration
        while clock.now < end, !isStopping(sensor), !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(250))
        }
    }

    private func exitCode(_ end: ShimEnd) -> Int {
        switch end.termination {
        case .exit(let code): Int(code)
        case .signal(let number): -Int(number)
        case .notRun, .lost: 1
        }
    }

    private func lastWords(_ end: ShimEnd) -> String {
        let text = String(decoding: end.stderr.suffix(2000), as: UTF8.self)
        return [end.error ?? "", text].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private func job(_ sensor: SensorType, key: String) -> ShimJob {
        let file = "\(sensor.packPath)/sensors/\(sensor.entryPoint)"
        var environment = options.environment.filter { !$0.key.hasPrefix("PETREL_") }
        environment["PYTHONPATH"] = [
            options.modules, "\(sensor.packPath)/sensors/lib", "\(sensor.packPath)/lib",
        ].joined(separator: ":")
        environment["PYTHONUNBUFFERED"] = "1"
        let own = "\(options.dataFolder)/virtualenvs/\(sensor.ref.pack)/bin/python"
        let python = isExecutableFile(own) ? own : "python3"
        // On the standard input, so that no secret stands in arguments or variables.
        let order: Value = [
            "api_url": .string(surroundings.apiURL()), "token": .string(surroundings.token(sensor).reveal()),
            "pack": .string(sensor.ref.pack), "class_name": .string(sensor.ref.name), "file": .string(file),
            "trigger_types": .array(sensor.triggerTypes.map { .string($0.ref.description) }),
            "poll_interval": sensor.pollInterval.map(Value.double) ?? .null,
            "config": .object(surroundings.config(sensor.ref.pack)),
            "log": .string("\(options.dataFolder)/sensor-\(sensor.ref).log"),
        ]
        return ShimJob(
            key: key, argv: [python, options.modules + "/petrel_sensor.py"], environment: environment,
            cwd: sensor.packPath, stdin: JSONWriter.bytes(order), timeout: .zero, maxOutputBytes: 64 << 10)
    }
}
