public import PetrelCore
public import PetrelSystem

/// Runs `remote-shell-cmd` and `remote-shell-script` by the OpenSSH client, on hosts in parallel, under petrel-shim.
///
/// One small driver per attempt starts a client for each host; commands, variables and passwords go to them by files and
/// their standard input, so that no process list shows them. A client that is ended takes the remote process group along.
public struct RemoteRunner: ActionRunner {
    /// How hosts are reached.
    public struct Settings: Sendable {
        /// The service's environment; what begins with `PETREL_` is not handed on.
        public var environment: [String: String]
        /// Folder for what an attempt needs beside its run folder.
        public var folder: String
        /// The user on the hosts where the action names none.
        public var user: String
        /// The private key where the action gives none; nil: what the client itself knows.
        public var keyFile: String?
        /// The client's configuration file; nil: none is read.
        public var configFile: String?
        /// Whether a host must be known: `yes`, `accept-new` or `no`.
        public var hostKeyCheck: String
        /// The file of known hosts beside the user's own.
        public var knownHosts: String
        /// Seconds for a connection to come about.
        public var connectSeconds: Int
        /// Most hosts at once.
        public var maxParallel: Int
        /// Whether one host that succeeds is enough.
        public var allowsPartialFailure: Bool
        /// Of each output stream so many bytes are kept.
        public var maxOutputBytes: Int
        /// How long a command that is to end has to do so.
        public var grace: Duration

        /// Settings from their parts.
        public init(
            environment: [String: String], folder: String, user: String, keyFile: String? = nil,
            configFile: String? = nil, hostKeyCheck: String = "yes", knownHosts: String, connectSeconds: Int = 60,
            maxParallel: Int = 50, allowsPartialFailure: Bool = false, maxOutputBytes: Int = 10 << 20,
            grace: Duration = .seconds(5)
        ) {
            self.environment = environment.filter { !$0.key.hasPrefix("PETREL_") }
            self.folder = folder
            self.user = user
            self.keyFile = keyFile
            self.configFile = configFile
            self.hostKeyCheck = hostKeyCheck
            self.knownHosts = knownHosts
            self.connectSeconds = connectSeconds
            self.maxParallel = maxParallel
            self.allowsPartialFailure = allowsPartialFailure
            self.maxOutputBytes = maxOutputBytes
            self.grace = grace
        }
    }

    private let launcher: ShimLauncher
    private let settings: Settings
    private let connections: SSHConnections?

    /// The two remote types.
    public let types: [RunnerType] = [RemoteRunner.command, RemoteRunner.script]

    /// A runner whose attempts are kept by a launcher's shim; without `connections` each makes its own.
    public init(launcher: ShimLauncher, settings: Settings, connections: SSHConnections? = nil) {
        self.connections = connections
        self.launcher = launcher
        self.settings = settings
    }

    /// Runs the attempt on all its hosts to their ends.
    public func run(_ request: RunRequest) async -> RunOutcome {
        let plan: RemotePlan
        switch RemotePlan.make(request, settings: settings) {
        case .failure(let refusal): return Self.refused(refusal.reason)
        case .success(let made): plan = made
        }
        let folder = folder(request.attempt)
        if let problem = plan.write(to: folder) { return Self.refused(problem) }
        let routes = connections == nil ? [] : plan.routes(folder, settings: settings)
        let limit = min(settings.connectSeconds, plan.timeoutSeconds)
        let sockets = await connections?.sockets(for: routes, within: .seconds(limit)) ?? plan.hosts.map { _ in nil }
        if let problem = plan.writeHosts(to: folder, sockets: sockets) { return Self.refused(problem) }
        let end = await launcher.launch(plan.job(request.attempt, folder: folder, settings: settings))
        removeSecrets(folder)
        let report = report(end, request.attempt)
        for (route, isReached) in zip(routes, report.areReached) {
            if let isReached { connections?.tell(route, isReached: isReached) }
        }
        return report.outcome(allowsPartialFailure: settings.allowsPartialFailure)
    }

    /// Takes up an attempt of an earlier service; its shim kept it running.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace {
        let trace = await launcher.resume(request.attempt, boot: boot) {
            report($0, request.attempt).outcome(allowsPartialFailure: settings.allowsPartialFailure)
        }
        removeSecrets(folder(request.attempt))
        return trace
    }

    /// Has the shim end the clients, and these the remote process groups.
    public func cancel(_ attempt: AttemptKey) async { launcher.cancel(attempt) }

    /// The output of a single host as it comes; nothing for several, whose lines would be mixed up.
    public func output(of attempt: AttemptKey, type: String, from: Int) async -> [UInt8] {
        launcher.output(of: attempt, type: type, from: from)
    }

    /// Removes the attempt's folders.
    public func forget(_ attempt: AttemptKey) async {
        launcher.forget(attempt)
        removeTree(folder(attempt))
    }

    private func folder(_ attempt: AttemptKey) -> String { settings.folder + "/" + attempt.description }

    private func removeSecrets(_ folder: String) {
        for name in RemotePlan.secretFiles { removeTree(folder + "/" + name) }
    }

    private func report(_ end: ShimEnd, _ attempt: AttemptKey) -> RemoteReport {
        RemoteReport(folder: folder(attempt), end: end, maxBytes: settings.maxOutputBytes)
    }

    private static func refused(_ reason: String) -> RunOutcome {
        RunOutcome(
            status: .failed,
            result: ["failed": true, "succeeded": false, "error": .string(reason), "traceback": ""])
    }
}
