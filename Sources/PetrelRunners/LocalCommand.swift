import PetrelCore
import PetrelSystem

/// What a request to a local runner comes to: a command line, its environment and its limits.
struct LocalCommand {
    let line: String
    let cwd: String
    let environment: [String: String]
    let stdin: [UInt8]?
    let timeoutSeconds: Int

    /// Reads the runner parameters of a request.
    static func make(_ request: RunRequest, settings: LocalSettings) -> Result<LocalCommand, RunRefusal> {
        commandLine(request).flatMap { line in
            let given = request.runnerParameters
            let isSudo = given["sudo"]?.isTruthy ?? false
            let password = isSudo || settings.otherUser != nil ? nonEmpty(given["sudo_password"]) : nil
            let command = LocalCommand(
                line: wrapped(line, isSudo: isSudo, settings, hasPassword: password != nil),
                cwd: nonEmpty(given["cwd"]) ?? settings.workingFolder,
                environment: environment(request, service: settings.environment),
                stdin: password.map { Array(($0 + "\n").utf8) }, timeoutSeconds: timeout(given["timeout"]))
            return .success(command)
        }
    }

    /// The job for petrel-shim.
    func job(_ attempt: AttemptKey, settings: LocalSettings) -> ShimJob {
        ShimJob(
            key: attempt.description, argv: [settings.shell, "-c", line], environment: environment, cwd: cwd,
            stdin: stdin,
            timeout: .seconds(timeoutSeconds), grace: settings.grace, maxOutputBytes: settings.maxOutputBytes)
    }

    /// Seconds that a command may take; the runner type's default where nothing or nothing sensible is said.
    static func timeout(_ value: Value?, standard: Int = LocalRunner.defaultTimeoutSeconds) -> Int {
        let seconds = value?.integer ?? value?.number.flatMap { Int(exactly: $0.rounded()) } ?? 0
        return seconds > 0 ? min(seconds, 10 * 366 * 86_400) : standard
    }

    private static func commandLine(_ request: RunRequest) -> Result<String, RunRefusal> {
        guard request.action.runner == LocalRunner.scriptType else {
            guard let command = request.runnerParameters["cmd"], !command.isNull else {
                return .failure("the action \(request.action.ref) was given no cmd")
            }
            return .success(command.pythonString)
        }
        return EntryPoint.find(request.action).map { script in
            script.prepare()
            let arguments = ScriptArguments(
                declared: request.action.parameters, values: request.actionParameters,
                runnerParameters: request.runnerParameters,
                marker: request.runnerParameters["kwarg_op"]?.string ?? LocalRunner.defaultMarker)
            let text = arguments.text
            return shellQuoted(script.path) + (text.isEmpty ? "" : " " + text)
        }
    }

    private static func wrapped(_ line: String, isSudo: Bool, _ settings: LocalSettings, hasPassword: Bool) -> String {
        let flags = hasPassword ? "-S -E" : "-E"
        let command = "\(shellQuoted(settings.sudoShell)) -c \(shellQuoted(line))"
        if isSudo { return "sudo \(flags) -- \(command)" }
        if let user = settings.otherUser { return "sudo \(flags) -H -u \(shellQuoted(user)) -- \(command)" }
        return line
    }

    private static func environment(_ request: RunRequest, service: [String: String]) -> [String: String] {
        var environment = service
        for (name, value) in request.runnerParameters["env"]?.object ?? [:] { environment[name] = value.pythonString }
        return environment.merging(request.environment) { _, ours in ours }
    }

    private static func nonEmpty(_ value: Value?) -> String? {
        guard let value, !value.isNull else { return nil }
        let text = value.pythonString
        return text.isEmpty ? nil : text
    }
}

/// What is the same for every command of a local runner.
struct LocalSettings: Sendable {
    var shell: String
    /// The shell that sudo is asked for.
    var sudoShell: String
    /// The service's environment without its own settings, which are none of a command's business.
    var environment: [String: String]
    /// The user for whom commands are wrapped in sudo; nil when that is the service's own.
    var otherUser: String?
    /// The user as whom commands run.
    var user: String
    var workingFolder: String
    var maxOutputBytes: Int
    var grace: Duration
}
