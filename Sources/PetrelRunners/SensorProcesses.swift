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
        /// The token with which sensors tell of events.
        public var token: Secret<String>

        /// Options from their parts.
        public init(modules: String, dataFolder: String, environment: [String: String], token: Secret<String>) {
            self.modules = modules
            self.dataFolder = dataFolder
            self.environment = environment
            self.token = token
        }
    }

    /// What the supervisor asks of the service.
    public struct Surroundings: Sendable {
        /// The sensors that should run now.
        public var wanted: @Sendable () -> [SensorType]
        /// The API's URL as sensors reach it; empty until the port is open.
        public var apiURL: @Sendable () -> String
        /// A pack's config.
        public var config: @Sendable (_ pack: String) -> ValueObject
        /// Is told when a process has ended: the sensor, its exit code, and its last words if it failed.
        public var ended: @Sendable (_ sensor: SensorType, _ code: Int, _ words: String) async -> Void

        /// Surroundings from their parts.
        public init(
            wanted: @escaping @Sendable () -> [SensorType], apiURL: @escaping @Sendable () -> String,
            config: @escaping @Sendable (_ pack: String) -> ValueObject,
            ended: @escaping @Sendable (_ sensor: SensorType, _ code: Int, _ words: String) async -> Void
        ) {
            self.wanted = wanted
            self.apiURL = apiURL
            self.config = config
            self.ended = ended
        }
    }

    private struct Running: Sendable {
        var sensor: SensorType
        var key = ""
        var isStopping = false
    }

    private static let keyPrefix = "sensor."
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
        for key in launcher.keys(withPrefix: Self.keyPrefix) {
            launcher.terminate(key: key)
            launcher.forget(key: key)
        }
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
            let key = Self.keyPrefix + "\(sensor.ref)." + ids.next()
            let begin = clock.now
            let isBegun = running.withLock { running in
                guard let entry = running[sensor.ref], !entry.isStopping else { return false }
                running[sensor.ref]?.key = key
                return true
            }
            guard isBegun else { break }
            let end = await launcher.launch(job(sensor, key: key))
            launcher.forget(key: key)
            let code = exitCode(end)
            await surroundings.ended(sensor, code, code == 0 ? "" : lastWords(end))
            if isStopping(sensor) { break }
            if code == 0 { return await rest(sensor) }
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
            "api_url": .string(surroundings.apiURL()), "token": .string(options.token.reveal()),
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
