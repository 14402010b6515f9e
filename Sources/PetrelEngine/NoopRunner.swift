public import PetrelCore

/// The `noop` runner: succeeds without doing anything.
public struct NoopRunner: ActionRunner {
    /// Makes the runner.
    public init() {}

    public var types: [RunnerType] {
        [
            RunnerType(
                name: "noop", summary: "Does nothing and succeeds.", parameters: [:], package: "noop_runner",
                module: "noop_runner")
        ]
    }

    public func run(_ request: RunRequest) async -> RunOutcome {
        RunOutcome(
            status: .succeeded,
            result: ["failed": false, "succeeded": true, "return_code": 0])
    }

    public func resume(_ request: RunRequest, boot: String) async -> RunTrace { .outcome(await run(request)) }
    public func cancel(_ attempt: AttemptKey) async {}
    public func forget(_ attempt: AttemptKey) async {}
}
