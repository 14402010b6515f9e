import Glibc
import PetrelCore
import PetrelRunners
import PetrelSystem

/// A pack in a folder of its own and a runner of its actions.
final class RunnerFixture: Sendable {
    let path: String
    let runner: LocalRunner
    let launcher: ShimLauncher

    init(
        maxOutputBytes: Int = 1 << 20, shell: String? = nil, systemUser: String? = nil,
        grace: Duration = .milliseconds(300)
    ) {
        var template = Array("/tmp/petrel-test.XXXXXX".utf8CString)
        path = mkdtemp(&template).flatMap { realPath(String(cString: $0)) } ?? "/tmp"
        let shim = getenv("PETREL_SHIM").map { String(cString: $0) } ?? executableFolder() + "/petrel-shim"
        launcher = ShimLauncher(shimPath: shim, runFolder: path + "/run")
        let environment = [
            "PATH": "/usr/bin:/bin", "PETREL_SECRET": "hidden", "SERVICE": "service", "BOTH": "service",
            "ALL": "service",
        ]
        runner = LocalRunner(
            launcher: launcher, environment: environment, shell: shell, systemUser: systemUser,
            workingFolder: path, maxOutputBytes: maxOutputBytes, grace: grace)
        mkdir(path + "/pack", 0o700)
        mkdir(path + "/pack/actions", 0o700)
    }

    deinit {
        guard path.hasPrefix("/tmp/petrel-test.") else { return }
        let arguments = ["rm", "-rf", "--", path]
        var pointers = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        var pid: pid_t = 0
        if posix_spawn(&pid, "/bin/rm", nil, nil, pointers, environ) == 0 { waitpid(pid, nil, 0) }
    }

    func script(_ name: String, _ text: String, mode: mode_t = 0o755) {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        chmod(path + "/" + name, mode)
    }

    func folder(_ name: String) { mkdir(path + "/" + name, 0o700) }

    func link(_ name: String, to target: String) { symlink(target, path + "/" + name) }

    func isThere(_ name: String) -> Bool { access(path + "/" + name, F_OK) == 0 }

    func isExecutable(_ name: String) -> Bool { isExecutableFile(path + "/" + name) }

    func request(
        runner: String, entryPoint: String = "", parameters: Parameters = [:], runnerParameters: ValueObject = [:],
        actionParameters: ValueObject = [:], environment: [String: String] = [:], attempt: Int = 1
    ) -> RunRequest {
        let action = Action(
            id: ContentID(stored: String(repeating: "a", count: 24)), ref: ContentRef(pack: "pack", name: "action"),
            summary: nil, isEnabled: true, runner: runner, entryPoint: entryPoint, parameters: parameters,
            packPath: path + "/pack", metadataFile: "actions/action.yaml", document: [:])
        let execution = ExecutionID(stored: String(repeating: "e", count: 24))
        return RunRequest(
            attempt: AttemptKey(execution: execution, number: attempt), action: action,
            runnerParameters: runnerParameters, actionParameters: actionParameters, user: "somebody",
            environment: environment)
    }

    /// Runs a command line, and forgets it.
    func command(_ line: String, _ more: ValueObject = [:], environment: [String: String] = [:]) async -> RunOutcome {
        let given = more.merging(["cmd": .string(line)] as ValueObject) { $1 }
        let request = request(runner: "local-shell-cmd", runnerParameters: given, environment: environment)
        let outcome = await runner.run(request)
        await runner.forget(request.attempt)
        return outcome
    }

    /// Runs a script, and forgets it.
    func run(
        _ entryPoint: String, parameters: Parameters = [:], values: ValueObject = [:], _ more: ValueObject = [:]
    ) async -> RunOutcome {
        let request = request(
            runner: "local-shell-script", entryPoint: entryPoint, parameters: parameters, runnerParameters: more,
            actionParameters: values)
        let outcome = await runner.run(request)
        await runner.forget(request.attempt)
        return outcome
    }
}

extension RunOutcome {
    var error: String? { result["error"]?.string }
    var stdout: Value? { result["stdout"] }
}
