public import PetrelCore

/// The `noop` runner: succeeds without doing anything.
public struct NoopRunner: ActionRunner {
    /// Makes the runner.
    public init() {}

    /// `noop` alone; it takes no parameters.
    public var types: [RunnerType] {
        [
            RunnerType(
                name: "noop", summary: "Does nothing and succeeds.", parameters: [:], package: "noop_runner",
                module: "noop_runner")
        ]
    }

    /// Nothing is to be waited for.
    public var endsAtOnce: Bool { true }

    /// Succeeds at once, with return code 0.
    public func run(_ request: RunRequest) async -> RunOutcome {
        RunOutcome(
            status: .succeeded,
            result: ["failed": false, "succeeded": true, "return_code": 0])
    }

    /// Succeeds too: whatever the earlier process did of it was nothing.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace { .outcome(await run(request)) }
    /// Does nothing: no attempt lasts so long.
    public func cancel(_ attempt: AttemptKey) async {}
    /// Does nothing: attempts leave no traces.
    public func forget(_ attempt: AttemptKey) async {}
}
