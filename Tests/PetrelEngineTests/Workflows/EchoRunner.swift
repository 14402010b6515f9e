import PetrelCore
import Synchronization

/// A runner that hands its parameters back, ends as it is told to, and counts what it ran.
final class EchoRunner: ActionRunner {
    private let started = Mutex<[AttemptKey]>([])
    private let seen = Mutex<[Value]>([])

    var types: [RunnerType] {
        [
            RunnerType(
                name: "echo", summary: "Hands back.",
                parameters: [
                    "message": Parameter(schema: [:]), "status": Parameter(kind: .string, schema: ["type": "string"]),
                ], package: "echo", module: "echo"),
            RunnerType(
                name: "local-shell-cmd", summary: "Only tells its command.",
                parameters: ["cmd": Parameter(kind: .string, schema: ["type": "string"])], package: "shell",
                module: "shell"),
        ]
    }

    /// What was started, in order.
    var starts: [AttemptKey] { started.withLock { $0 } }
    /// The messages and commands, in order.
    var messages: [Value] { seen.withLock { $0 } }

    func run(_ request: RunRequest) async -> RunOutcome {
        started.withLock { $0.append(request.attempt) }
        let message = request.runnerParameters["message"] ?? .null
        seen.withLock { $0.append(request.runnerParameters["cmd"] ?? message) }
        let status = request.runnerParameters["status"]?.string.flatMap(ExecutionStatus.init) ?? .succeeded
        return RunOutcome(status: status, result: ["message": message])
    }

    func resume(_ request: RunRequest, boot: String) async -> RunTrace { .neverStarted }
    func cancel(_ attempt: AttemptKey) async {}
    func forget(_ attempt: AttemptKey) async {}
}
