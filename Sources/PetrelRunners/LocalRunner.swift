public import PetrelCore
public import PetrelSystem

/// Runs `local-shell-cmd` and `local-shell-script` under petrel-shim on this machine.
///
/// A command sees the service's environment without `PETREL_…`, then the caller's `env`, then the request's variables.
public struct LocalRunner: ActionRunner {
    private static let usualShells = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"]

    private let launcher: ShimLauncher
    private let settings: LocalSettings

    /// The two local types.
    public let types: [RunnerType] = [LocalRunner.command, LocalRunner.script]

    /// A runner of local commands.
    ///
    /// Commands are read by `shell`, an absolute path; by bash, or sh where there is none, if that is nil. With a `systemUser`
    /// that is not the service's own, they go through `sudo -u`. Commands without a `cwd` run in `workingFolder`. Of each
    /// output stream `maxOutputBytes` are kept; a command that is to end has `grace` to do so.
    public init(
        launcher: ShimLauncher, environment: [String: String], shell: String? = nil, systemUser: String? = nil,
        workingFolder: String = currentFolder(), maxOutputBytes: Int = 10 << 20, grace: Duration = .seconds(5)
    ) {
        self.launcher = launcher
        let ownUser = currentUserName()
        settings = LocalSettings(
            shell: shell ?? Self.usualShells.first(where: isExecutableFile) ?? "/bin/sh", sudoShell: shell ?? "bash",
            environment: environment.filter { !$0.key.hasPrefix("PETREL_") },
            otherUser: systemUser == ownUser ? nil : systemUser, user: systemUser ?? ownUser,
            workingFolder: workingFolder, maxOutputBytes: maxOutputBytes, grace: grace)
    }

    /// Runs the attempt to its end.
    public func run(_ request: RunRequest) async -> RunOutcome { await ready(request).begin()() }

    /// Reads the request and writes what petrel-shim is told.
    public func ready(_ request: RunRequest) -> ReadyAttempt {
        switch LocalCommand.make(request, settings: settings) {
        case .failure(let refusal): return ReadyAttempt { { .refused(refusal) } }
        case .success(let command):
            let job = launcher.ready(command.job(request.attempt, settings: settings))
            return ReadyAttempt {
                let begun = launcher.begin(job)
                return { outcome(await launcher.end(of: begun), request) }
            }
        }
    }

    /// Takes up an attempt of an earlier service; its shim kept it running.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace {
        await launcher.resume(request.attempt, boot: boot) { outcome($0, request) }
    }

    /// Has the shim end the command and all that it started.
    public func cancel(_ attempt: AttemptKey) async { launcher.cancel(attempt) }

    /// Reads what petrel-shim has spooled.
    public func output(of attempt: AttemptKey, type: String, from: Int) async -> [UInt8] {
        launcher.output(of: attempt, type: type, from: from)
    }

    /// Removes the attempt's run folder.
    public func forget(_ attempt: AttemptKey) async { launcher.forget(attempt) }

    /// Needs of the request only what a resumed one has too: the script may be gone by then.
    private func outcome(_ end: ShimEnd, _ request: RunRequest) -> RunOutcome {
        let hasPassword = request.runnerParameters["sudo_password"]?.isTruthy ?? false
        return .shell(
            end, timeoutSeconds: LocalCommand.timeout(request.runnerParameters["timeout"]),
            sudoUser: hasPassword ? settings.user : nil)
    }
}
