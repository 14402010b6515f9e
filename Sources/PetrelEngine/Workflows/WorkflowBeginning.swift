import PetrelCore
import PetrelExpressions
import PetrelWorkflow

/// Builds the run of a workflow: a new one from its action, or a stored one.
struct WorkflowBeginning: Sendable {
    /// Why a workflow can't begin, as its result shows it.
    struct Refusal: Error {
        var result: Value
        var definition = ""
        var file = ""
    }

    let catalog: LiveCatalog
    let runners: RunnerCatalog
    let library: WorkflowLibrary
    let store: any WorkflowStore
    let ids: any IDSource
    let datastore: Datastore?
    let reevaluatesResults: Bool
    let apiURL: @Sendable () -> String

    // MARK: A new run

    /// A run of an execution that has not begun.
    func begin(_ execution: Execution) async throws(Refusal) -> WorkflowRun {
        let isChain = execution.runner == "action-chain"
        guard let action = catalog.current.action(execution.action.description) else {
            throw refusal("Action \"\(execution.action)\" cannot be found.", isChain)
        }
        let file = action.packPath + "/actions/" + action.entryPoint
        guard let text = action.definition else {
            throw refusal("The workflow file \(file) of action \"\(action.ref)\" can't be read.", isChain)
        }
        let parameters = try parameters(execution, action, isChain)
        let tasks = execution.context["re-run"]?["tasks"]?.array?.compactMap(\.string) ?? []
        do throws(Refusal) {
            if isChain { return try chain(execution, text, file, parameters) }
            return try await tasks.isEmpty
                ? orquesta(execution, text, file, parameters) : rerun(execution, tasks)
        } catch {
            var refusal = error
            (refusal.definition, refusal.file) = (text, file)
            throw refusal
        }
    }

    private func refusal(_ message: String, _ isChain: Bool) -> Refusal {
        Refusal(
            result: isChain
                ? ["error": .string(message), "traceback": ""]
                : ["output": .null, "errors": [["message": .string(message)]]])
    }

    /// The final parameters of a workflow's action, and what they were rendered with.
    private struct Parameters {
        var runner: ValueObject
        var action: ValueObject
        var scope: ParameterScope
    }

    private func parameters(
        _ execution: Execution, _ action: Action, _ isChain: Bool
    ) throws(Refusal) -> Parameters {
        guard let type = runners.type(execution.runner) else {
            throw refusal("No runner carries out \"\(execution.runner)\".", isChain)
        }
        do throws(EngineError) {
            let scope = try ParameterScope.of(
                action, context: execution.context, origin: execution.origin, catalog: catalog.current,
                datastore: datastore)
            let (runner, action) = try catalog.current.pipeline(of: action, on: type).final(
                execution.parameters, scope: scope)
            return Parameters(runner: runner, action: action, scope: scope)
        } catch { throw refusal(error.message, isChain) }
    }

    private func orquesta(
        _ execution: Execution, _ text: String, _ file: String, _ parameters: Parameters
    ) throws(Refusal) -> WorkflowRun {
        let definition: WorkflowDefinition
        do throws(WorkflowError) { definition = try library.workflow(text, file: file) } catch {
            throw refusal(error.message, false)
        }
        let findings = library.findings(text, definition)
        guard findings.isEmpty else { throw Refusal(result: ["output": .null, "errors": .array(findings)]) }
        let unknown = (parameters.runner["notify"]?.array ?? []).compactMap(\.string).filter {
            definition.tasks[$0] == nil
        }
        guard unknown.isEmpty else {
            throw refusal(
                "The following tasks in the notify parameter do not exist in the workflow definition: "
                    + unknown.joined(separator: ", ") + ".", false)
        }
        let origin = WorkflowOrigin(id: ids.next(), definition: text, file: file)
        let memory = WorkflowMemory(definition: text, workflowID: origin.id)
        let conductor = Conductor(
            definition, inputs: parameters.action,
            parent: ["st2": st2(execution, origin.id), "parent": .object(execution.context)],
            environment: environment(execution, memory))
        var flow = OrquestaFlow(conductor, workflowID: origin.id, memory: memory)
        flow.notices = TaskNotices(execution, tasks: parameters.runner["notify"])
        return WorkflowRun(
            flow: flow, origin: origin,
            context: ["workflow_execution": .string(origin.id)])
    }

    private func chain(
        _ execution: Execution, _ text: String, _ file: String, _ parameters: Parameters
    ) throws(Refusal) -> WorkflowRun {
        let chain: ActionChain
        do throws(WorkflowError) { chain = try library.chain(text, file: file) } catch {
            throw refusal(error.message, true)
        }
        let run = ActionChainRun(chain, in: surroundings(execution, parameters))
        return WorkflowRun(
            flow: ChainFlow(run), origin: WorkflowOrigin(id: ids.next(), definition: text, file: file))
    }

    // MARK: A run of tasks again

    /// A run that takes over the state of another one, from some tasks on.
    private func rerun(_ execution: Execution, _ tasks: [String]) async throws(Refusal) -> WorkflowRun {
        let asked = execution.context["re-run"]
        let old = asked?["ref"]?.string.flatMap { ExecutionID($0) }
        do {
            guard let old, let record = try await store.workflow(old) else {
                throw refusal("The workflow that is to be run again has no state any more.", false)
            }
            let definition = try library.workflow(record.origin.definition, file: record.origin.file)
            let memory = WorkflowMemory(definition: record.origin.definition, workflowID: record.origin.id)
            var flow = try OrquestaFlow(definition, environment(execution, memory), record: record, memory: memory)
            let reset = Set((asked?["reset"]?.array ?? []).compactMap(\.string))
            flow.notices = notices(execution)
            try flow.rerun(tasks, resetting: reset)
            for task in tasks where !reset.contains(task) {
                guard let kept = flow.tasks.entries.first(where: { $0.key.task == task })?.value else { continue }
                let results = kept.itemsCount == nil ? [] : try await store.results(ofTask: kept.id)
                flow.keepItems(results.count { $0.status == .succeeded }, of: task)
            }
            try await recall(flow, memory)
            // The first step stores all of it, since it is a run of its own.
            return WorkflowRun(
                flow: flow, origin: record.origin, stepsSinceSnapshot: Int.max,
                context: ["workflow_execution": .string(record.origin.id)])
        } catch let error as Refusal {
            throw error
        } catch {
            throw refusal((error as? any AnyProblem)?.message ?? "\(error)", false)
        }
    }

    // MARK: A stored run

    /// The run as the store has it; nil if there is none.
    func restored(_ execution: Execution) async throws -> WorkflowRun? {
        guard let record = try await store.workflow(execution.id) else { return nil }
        if execution.runner == "action-chain" {
            let chain = try library.chain(record.origin.definition, file: record.origin.file)
            let action = catalog.current.action(execution.action.description) ?? Action(recalled: execution)
            let parameters = try parameters(execution, action, true)
            let flow = try ChainFlow(chain, in: surroundings(execution, parameters), record: record)
            return WorkflowRun(flow: flow, version: record.version)
        }
        let definition = try library.workflow(record.origin.definition, file: record.origin.file)
        let memory = WorkflowMemory(definition: record.origin.definition, workflowID: record.origin.id)
        var flow = try OrquestaFlow(definition, environment(execution, memory), record: record, memory: memory)
        flow.notices = notices(execution)
        try await recall(flow, memory)
        return WorkflowRun(flow: flow, version: record.version, stepsSinceSnapshot: record.changes.count)
    }

    /// Whom the tasks tell of their end; a workflow that was stored does not fail for want of that.
    private func notices(_ execution: Execution) -> TaskNotices? {
        guard !Notice.sections(of: execution).isEmpty,
            let action = catalog.current.action(execution.action.description),
            let parameters = try? parameters(execution, action, false)
        else { return nil }
        return TaskNotices(execution, tasks: parameters.runner["notify"])
    }

    /// Reads the results that the definition's expressions may ask for.
    private func recall(_ flow: OrquestaFlow, _ memory: WorkflowMemory) async throws(CoreError) {
        guard memory.isUsed else { return }
        for (key, entry) in flow.tasks.entries {
            memory.note(entry, key)
            for result in try await store.results(ofTask: entry.id) { memory.note(entry, key, result: result) }
        }
    }

    // MARK: What expressions see

    private func st2(_ execution: Execution, _ workflowID: String) -> Value {
        var st2: ValueObject = [
            "action_execution_id": .string(execution.id.text), "api_url": .string(apiURL()),
            "user": .string(execution.user), "pack": .string(execution.action.pack),
            "action": .string(execution.action.description), "runner": .string(execution.runner),
            "workflow_execution_id": .string(workflowID),
        ]
        for key in ["api_user", "source_channel"] { if let value = execution.context[key] { st2[key] = value } }
        return .object(st2)
    }

    private func environment(_ execution: Execution, _ memory: WorkflowMemory) -> WorkflowEnvironment {
        let keys = KeyFunction.over(datastore, user: ParameterScope.user(of: execution.context))
        var environment = WorkflowEnvironment(
            functions: [keys, memory.function], reevaluatesResults: reevaluatesResults)
        environment.shellSink = shellSink(execution)
        return environment
    }

    /// What people, webhooks and sensors say must not become part of a command that a task runs.
    private func shellSink(_ execution: Execution) -> (@Sendable (String, String) -> Bool)? {
        guard execution.origin.isForeign else { return nil }
        return { [catalog] action, parameter in
            guard parameter == "cmd", let runner = catalog.current.action(action)?.runner else { return false }
            return ParameterPipeline.isShell(runner)
        }
    }

    private func surroundings(
        _ execution: Execution, _ parameters: Parameters
    ) -> ActionChainRun.Surroundings {
        let scope = parameters.scope
        var templates = JinjaContext(
            values: [
                "action_context": ["parent": .object(execution.context)],
                "config_context": scope.roots["config_context"] ?? [:],
            ], lookups: scope.lookups)
        templates.decrypt = scope.decrypt
        let notify = Notice.sections(of: execution)
        var surroundings = ActionChainRun.Surroundings(
            parameters: parameters.action, templates: templates, notify: notify.isEmpty ? .null : .object(notify),
            skippedNotify: Set((parameters.runner["skip_notify"]?.array ?? []).compactMap(\.string)),
            showsPublished: parameters.runner["display_published"]?.bool ?? true)
        surroundings.shellSink = shellSink(execution)
        return surroundings
    }
}
