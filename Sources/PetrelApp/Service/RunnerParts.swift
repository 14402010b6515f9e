import PetrelChat
import PetrelCore
import PetrelEngine
import PetrelRunners
import PetrelSystem

/// The runners of the service, as the settings say.
enum RunnerParts {
    static func catalog(
        _ settings: Settings, store: any OutboxStore, events: EventHub, ids: any IDSource, digest: any Digest
    ) throws(AppError) -> RunnerCatalog {
        let environment = currentEnvironment()
        let launcher = ShimLauncher(shimPath: try shimPath(environment), runFolder: settings.dataDir + "/run")
        return RunnerCatalog([
            LocalRunner(
                launcher: launcher, environment: environment, systemUser: settings.engine.systemUser,
                maxOutputBytes: settings.engine.maxOutputBytes),
            NoopRunner(), InquirerRunner(), WorkflowRunners(),
            announcements(settings.chat.adapters, store, events, ids),
            PythonRunner(
                launcher: launcher,
                settings: .init(
                    environment: environment, python: settings.python.binary,
                    modules: BuiltInContent.pythonModules(in: settings.dataDir + "/builtin", digest: digest),
                    virtualEnvironments: settings.dataDir + "/virtualenvs",
                    maxOutputBytes: settings.engine.maxOutputBytes)),
            HTTPRequestRunner(refusesPrivate: settings.refusesPrivateAddresses, version: Version.text),
            RemoteRunner(launcher: launcher, settings: remote(settings, environment)),
        ])
    }

    private static func announcements(
        _ adapters: [Settings.Adapter], _ store: any OutboxStore, _ events: EventHub, _ ids: any IDSource
    ) -> AnnouncementRunner {
        AnnouncementRunner(
            events: events,
            notices: Notices(store: store, adapters: Set(adapters.map(\.name)), events: events, ids: ids),
            channels: ChannelNames(adapters.map { ($0.name, $0.platform) }))
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

    private static func shimPath(_ environment: [String: String]) throws(AppError) -> String {
        let shim = environment.text("PETREL_SHIM") ?? executableFolder() + "/petrel-shim"
        guard isExecutableFile(shim) else {
            throw AppError(
                .badFile, "the program petrel-shim is missing: commands run under it",
                hint: "Put it beside the petrel program, or name it in PETREL_SHIM", location: Location(file: shim))
        }
        return shim
    }
}
