public import PetrelCore

/// The runner types of workflows: their executions are conducted by ``Workflows`` and never reach a runner.
public struct WorkflowRunners: ActionRunner {
    /// Makes the runner.
    public init() {}

    /// `orquesta` and `action-chain`.
    public var types: [RunnerType] {
        [
            RunnerType(
                name: "orquesta", summary: "Runs a workflow in Orquesta's language.",
                parameters: [
                    "notify": Parameter(
                        kind: .array, summary: "List of tasks to notify for", defaultValue: [],
                        schema: [
                            "description": "List of tasks to notify for", "type": "array", "default": [],
                            "uniqueItems": true, "items": ["type": "string"],
                        ])
                ], package: "orquesta_runner", module: "orquesta_runner", outputKey: "output"),
            RunnerType(
                name: "action-chain", summary: "Runs a chain of actions, one after the other.",
                parameters: [
                    "display_published": Parameter(
                        kind: .boolean, summary: "Intermediate published variables will be stored and displayed.",
                        defaultValue: true,
                        schema: [
                            "description": "Intermediate published variables will be stored and displayed.",
                            "type": "boolean", "default": true,
                        ]),
                    "skip_notify": Parameter(
                        kind: .array, summary: "List of tasks to skip notifications for.", defaultValue: [],
                        schema: [
                            "description": "List of tasks to skip notifications for.", "type": "array", "default": [],
                        ]),
                ], package: "action_chain_runner", module: "action_chain_runner", outputKey: "published"),
        ]
    }

    /// Fails: no claim is ever made on a workflow.
    public func run(_ request: RunRequest) async -> RunOutcome {
        RunOutcome(status: .failed, result: ["error": "A workflow has no runner."])
    }

    /// Nothing was started.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace { .neverStarted }
    /// Does nothing.
    public func cancel(_ attempt: AttemptKey) async {}
    /// Does nothing.
    public func forget(_ attempt: AttemptKey) async {}
}

/// The `inquirer` runner: its attempt ends at once, and the execution waits for a person's answer.
public struct InquirerRunner: ActionRunner {
    /// The name that actions give as `runner_type`.
    public static let typeName = "inquirer"

    /// Makes the runner.
    public init() {}

    private static let defaultSchema: Value = [
        "title": "response_data", "type": "object",
        "properties": [
            "continue": [
                "type": "boolean", "description": "Would you like to continue the workflow?", "required": true,
            ]
        ],
    ]

    /// `inquirer` alone.
    public var types: [RunnerType] {
        [
            RunnerType(
                name: Self.typeName, summary: "Asks a person and waits for the answer.",
                parameters: [
                    "schema": Self.parameter(
                        .object, "Schema that the answer must follow.", Self.defaultSchema, isRequired: true),
                    "route": Self.parameter(.string, "Where the question is posted.", ""),
                    "roles": Self.parameter(.array, "Roles of those who may answer; empty for everybody.", []),
                    "users": Self.parameter(.array, "Users who may answer; empty for everybody.", []),
                    "ttl": Self.parameter(
                        .integer, "Minutes to wait for an answer; 0 waits for ever.", 1440, isRequired: true),
                ], package: "inquirer_runner", module: "inquirer_runner")
        ]
    }

    private static func parameter(
        _ kind: Parameter.Kind, _ summary: String, _ fallback: Value, isRequired: Bool = false
    ) -> Parameter {
        var schema: ValueObject = [
            "description": .string(summary), "type": .string(kind.rawValue), "default": fallback,
        ]
        if isRequired { schema["required"] = true }
        return Parameter(
            kind: kind, summary: summary, defaultValue: fallback, isRequired: isRequired, schema: schema)
    }

    /// Hands back what is asked, of whom, and for how long.
    public func run(_ request: RunRequest) async -> RunOutcome {
        var asked = ValueObject()
        for key in ["schema", "roles", "users", "route", "ttl"] { asked[key] = request.runnerParameters[key] ?? .null }
        return RunOutcome(status: .pending, result: .object(asked))
    }

    /// Asking anew does no harm.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace { .neverStarted }
    /// Does nothing: no attempt lasts so long.
    public func cancel(_ attempt: AttemptKey) async {}
    /// Does nothing: attempts leave no traces.
    public func forget(_ attempt: AttemptKey) async {}
}
