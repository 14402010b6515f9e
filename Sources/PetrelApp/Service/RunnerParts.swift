import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelRunners
import PetrelSystem

/// The runners of the service, as the settings say.
enum RunnerParts {
    static func catalog(
        _ settings: Settings, launcher: ShimLauncher, connections: SSHConnections, notices: Notices, events: EventHub,
        digest: any Digest
    ) throws(AppError) -> RunnerCatalog {
        let environment = currentEnvironment()
        return RunnerCatalog([
            LocalRunner(
                launcher: launcher, environment: environment, shell: try shell(settings),
                systemUser: settings.engine.systemUser, maxOutputBytes: settings.engine.maxOutputBytes),
            NoopRunner(), InquirerRunner(), WorkflowRunners(),
            AnnouncementRunner(
                events: events, notices: notices,
                channels: ChannelNames(settings.chat.adapters.map { ($0.name, $0.platform) })),
            PythonRunner(
                launcher: launcher,
                settings: .init(
                    environment: environment, python: settings.python.binary,
                    modules: BuiltInContent.pythonModules(in: settings.dataDir + "/builtin", digest: digest),
                    virtualEnvironments: settings.dataDir + "/virtualenvs",
                    maxOutputBytes: settings.engine.maxOutputBytes, maxWorkers: settings.python.maxWorkers)),
            HTTPRequestRunner(refusesPrivate: settings.refusesPrivateAddresses, version: Version.text),
            RemoteRunner(launcher: launcher, settings: remote(settings, environment), connections: connections),
        ])
    }

    private static func shell(_ settings: Settings) throws(AppError) -> String? {
        guard let shell = settings.localShell, !isExecutableFile(shell) else { return settings.localShell }
        throw AppError(
            .badFile, "the shell \(shell) can't be run",
            hint: "Name another in the setting local.shell, or leave it empty", location: Location(file: shell))
    }

    private static func remote(_ settings: Settings, _ environment: [String: String]) -> RemoteRunner.Settings {
        let ssh = settings.ssh
        return .init(
            environment: environment, folder: settings.dataDir + "/remote",
            user: ssh.user ?? settings.engine.systemUser ?? currentUserName(), keyFile: ssh.keyFile,
            configFile: ssh.configFile, hostKeyCheck: ssh.hostKeyCheck,
            knownHosts: settings.dataDir + "/known_hosts", connectSeconds: ssh.connectSeconds,
            maxParallel: ssh.maxParallel, allowsPartialFailure: ssh.allowsPartialFailure,
            maxOutputBytes: settings.engine.maxOutputBytes)
    }

    /// The connections to other machines that executions share.
    static func connections(
        _ settings: Settings, launcher: ShimLauncher, clock: any PetrelClock, ids: any IDSource, digest: any Digest
    ) -> SSHConnections {
        var options = SSHConnections.Options(
            folder: settings.dataDir + "/ssh", persistence: .seconds(settings.ssh.persistSeconds))
        if let path = currentEnvironment().text("PATH") { options.path = path }
        return SSHConnections(
            options: options, launcher: launcher, clock: clock, ids: ids, digest: digest,
            secret: SystemRandom().bytes(32))
    }

    /// The one launcher of the service: of commands, and of sensors.
    static func launcher(_ settings: Settings) throws(AppError) -> ShimLauncher {
        let shim = ShimLauncher.shimPath(currentEnvironment())
        guard isExecutableFile(shim) else {
            throw AppError(
                .badFile, "the program petrel-shim is missing: commands run under it",
                hint: "Put it beside the petrel program, or name it in PETREL_SHIM", location: Location(file: shim))
        }
        let launcher = ShimLauncher(shimPath: shim, runFolder: settings.dataDir + "/run")
        launcher.sweep()
        return launcher
    }
}
