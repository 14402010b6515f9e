public import PetrelCore

/// Executions as the API and the stream show them, secret parameters starred.
public struct ExecutionDocuments: Sendable {
    private let runners: RunnerCatalog
    /// By name; they stay as long as the service runs.
    private let runnerDocuments: [String: ValueObject]

    /// Documents with the runner types of a catalog.
    public init(runners: RunnerCatalog, digest: any Digest) {
        self.runners = runners
        runnerDocuments = Dictionary(
            runners.types.map { ($0.name, $0.apiDocument(digest: digest)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The API's form of an execution.
    public func document(_ execution: Execution, showsSecrets: Bool = false) -> ValueObject {
        let type = runners.type(execution.runner)
        var execution = execution
        let parameters = showsSecrets ? execution.parameters : starred(execution, type)
        if !showsSecrets {
            if let result = execution.result {
                execution.result = ResultMasking(execution, runner: type).masked(result)
            }
            if execution.runner == InquirerRunner.typeName { execution.result = Inquiries.masked(execution.result) }
        }
        return execution.apiDocument(
            action: showsSecrets ? execution.definition.document : execution.definition.maskedDocument,
            runner: runnerDocuments[execution.runner] ?? [:], parameters: parameters)
    }

    /// The stream's form of what StackStorm keeps beside an execution, under the same id.
    public func liveAction(_ execution: Execution) -> ValueObject {
        var shown: ValueObject = [
            "id": .string(execution.id.text), "status": .string(execution.status.rawValue),
            "start_timestamp": .string(execution.startedAt.description),
            "action": .string(execution.action.description), "action_is_workflow": .bool(execution.isWorkflow),
            "parameters": .object(starred(execution, runners.type(execution.runner))),
            "context": .object(execution.context), "callback": [:], "runner_info": [:],
        ]
        if let endedAt = execution.endedAt { shown["end_timestamp"] = .string(endedAt.description) }
        if let result = execution.result {
            shown["result"] = ResultMasking(execution, runner: runners.type(execution.runner)).masked(result)
        }
        return shown
    }

    /// An execution's result as everybody may see it.
    public func maskedResult(_ execution: Execution) -> Value? {
        execution.result.map { ResultMasking(execution, runner: runners.type(execution.runner)).masked($0) }
    }

    /// What stars the secrets in an execution's output; nil where it has none.
    ///
    /// Give it whole lines: a secret of which a part comes later is not recognised.
    public func outputMasking(_ execution: Execution) -> (@Sendable (String) -> String)? {
        let masking = ResultMasking(execution, runner: runners.type(execution.runner))
        guard masking.hasSecrets else { return nil }
        return { @Sendable text in masking.maskedText(text) }
    }

    private func starred(_ execution: Execution, _ type: RunnerType?) -> ValueObject {
        // By the metadata that was in force then: an action that is gone since keeps its secrets.
        let declared = execution.actionDocument["parameters"]?.object ?? [:]
        var parameters = execution.parameters
        for (name, value) in parameters where !value.isNull {
            let isSecret = declared[name]?["secret"]?.bool ?? false
            if isSecret || type?.parameters[name]?.isSecret == true { parameters[name] = .string(secretMask) }
        }
        return parameters
    }
}
