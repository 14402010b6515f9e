import PetrelCore

/// Runs single attempts: finds action and runner, makes the parameters and the environment ready, and translates what
/// comes back.
public struct Attempts: Sendable {
    /// How an attempt ended.
    enum End: Sendable, Equatable {
        case outcome(RunOutcome)
        /// Nothing was started and nothing will be: it may be run again.
        case neverStarted
        /// This service is stopping; the child goes on and the next service takes it up.
        case interrupted
    }

    private let catalog: LiveCatalog
    private let runners: RunnerCatalog
    private let tokens: ExecutionTokens
    /// The URL of the API as actions reach it, ending in `/v1`.
    private let apiURL: @Sendable () -> String
    private let datastore: Datastore?
    /// Whether results are held against the schemas of runner and action.
    private let validatesOutput: Bool

    /// Attempts over the content in force.
    public init(
        catalog: LiveCatalog, runners: RunnerCatalog, tokens: ExecutionTokens, datastore: Datastore? = nil,
        validatesOutput: Bool = false, apiURL: @escaping @Sendable () -> String
    ) {
        self.datastore = datastore
        self.validatesOutput = validatesOutput
        self.catalog = catalog
        self.runners = runners
        self.tokens = tokens
        self.apiURL = apiURL
    }

    /// Whether an execution ends as soon as it begins, with nothing done outside.
    func endsAtOnce(_ execution: Execution) -> Bool { runners.runner(execution.runner)?.endsAtOnce ?? false }

    /// Makes an attempt ready whose claim is being committed: its parameters, its environment, what its runner makes of it.
    func ready(_ execution: Execution) -> ReadyAttempt {
        guard let runner = runners.runner(execution.runner), let type = runners.type(execution.runner) else {
            return ReadyAttempt { { .noRunner(of: execution) } }
        }
        guard let action = catalog.current.action(execution.action.description) else {
            return ReadyAttempt { { .failed("Action \"\(execution.action)\" cannot be found.") } }
        }
        do throws(EngineError) {
            let scope = try ParameterScope.of(
                action, context: execution.context, origin: execution.origin, catalog: catalog.current,
                datastore: datastore)
            let pipeline = catalog.current.pipeline(of: action, on: type)
            let final = try pipeline.final(execution.parameters, scope: scope)
            var request = request(execution, action, runner: final.runner, action: final.action)
            request.config = scope.roots["config_context"]?.object ?? [:]
            let ready = runner.ready(request)
            guard validatesOutput else { return ready }
            let check = OutputCheck(action: action, runner: type)
            return ReadyAttempt {
                let end = ready.begin()
                return { check.checked(await end()) }
            }
        } catch {
            return ReadyAttempt { { .failed(error.message) } }
        }
    }

    /// Takes up an attempt that a process on the given boot of this machine began, and sees it to its end.
    func resume(_ execution: Execution, begunOn boot: String) async -> End {
        guard let runner = runners.runner(execution.runner) else {
            return .outcome(.noRunner(of: execution))
        }
        let action = catalog.current.action(execution.action.description) ?? Action(recalled: execution)
        let trace = await runner.resume(request(execution, action, runner: [:], action: [:]), boot: boot)
        if Task.isCancelled { return .interrupted }
        switch trace {
        case .outcome(let outcome): return .outcome(outcome)
        case .neverStarted: return .neverStarted
        case .lost(let reason):
            return .outcome(RunOutcome(status: .abandoned, result: ["error": .string(reason)]))
        }
    }

    func cancel(_ execution: Execution) async {
        await runners.runner(execution.runner)?.cancel(execution.attemptKey)
    }

    func output(of execution: Execution, type: String, from: Int) async -> [UInt8] {
        await runners.runner(execution.runner)?.output(of: execution.attemptKey, type: type, from: from) ?? []
    }

    func forget(_ execution: Execution) async {
        await runners.runner(execution.runner)?.forget(execution.attemptKey)
    }

    private func request(
        _ execution: Execution, _ action: Action, runner: ValueObject, action parameters: ValueObject
    ) -> RunRequest {
        RunRequest(
            attempt: execution.attemptKey, action: action, runnerParameters: runner, actionParameters: parameters,
            user: execution.user,
            environment: [
                "ST2_ACTION_PACK_NAME": execution.action.pack, "ST2_ACTION_EXECUTION_ID": execution.id.text,
                "ST2_ACTION_API_URL": apiURL(), "ST2_ACTION_AUTH_TOKEN": tokens.token(for: execution.id),
                "ST2_ACTION_DEBUG": "False",
            ])
    }
}

extension RunOutcome {
    fileprivate static func failed(_ message: String) -> RunOutcome {
        RunOutcome(status: .failed, result: ["error": .string(message), "traceback": ""])
    }

    fileprivate static func noRunner(of execution: Execution) -> RunOutcome {
        .failed("No runner carries out \"\(execution.runner)\".")
    }
}

extension Action {
    /// What is still known of an action that is gone: enough to take up its running child.
    init(recalled execution: Execution) {
        self.init(
            id: ContentID(stored: execution.actionDocument["id"]?.string ?? ""), ref: execution.action, summary: nil,
            isEnabled: true, runner: execution.runner, entryPoint: "", parameters: [:], packPath: "",
            metadataFile: "", document: execution.actionDocument)
    }
}
