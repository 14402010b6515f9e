public import PetrelCore

/// Executions as the API and the stream show them, secret parameters starred.
public struct ExecutionDocuments: Sendable {
    private let runners: RunnerCatalog
    private let digest: any Digest

    /// Documents with the runner types of a catalog.
    public init(runners: RunnerCatalog, digest: any Digest) {
        self.runners = runners
        self.digest = digest
    }

    /// The API's form of an execution.
    public func document(_ execution: Execution, showsSecrets: Bool = false) -> ValueObject {
        let type = runners.type(execution.runner)
        let parameters = showsSecrets ? execution.parameters : starred(execution, type)
        var execution = execution
        if !showsSecrets, execution.runner == InquirerRunner.typeName {
            execution.result = Inquiries.masked(execution.result)
        }
        return execution.apiDocument(runner: type?.apiDocument(digest: digest) ?? [:], parameters: parameters)
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
        if let result = execution.result { shown["result"] = result }
        return shown
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
