public import PetrelCore

/// Executions as the API and the stream show them, secret parameters starred.
public struct ExecutionDocuments: Sendable {
    private let runners: RunnerCatalog
    /// The runner types by name, as they are and as JSON; they stay as long as the service runs.
    ///
    /// With the names of the parameters that are secret, in quotes.
    let shownRunners: [String: (document: ValueObject, text: String, secrets: [String])]

    /// Documents with the runner types of a catalog.
    public init(runners: RunnerCatalog, digest: any Digest) {
        self.runners = runners
        shownRunners = Dictionary(
            runners.types.map { type in
                let document = type.apiDocument(digest: digest)
                let secrets = type.parameters.filter(\.value.isSecret).map { "\"\($0.key)\"" }
                return (type.name, (document, JSONWriter.text(.object(document)), secrets))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The API's form of an execution.
    public func document(_ execution: Execution, showsSecrets: Bool = false) -> ValueObject {
        let type = runners.type(execution.runner)
        var execution = execution
        let parameters = showsSecrets ? execution.parameters : starred(execution, type)
        if !showsSecrets {
            execution.result = maskedResult(execution)
        }
        return execution.apiDocument(
            action: showsSecrets ? execution.definition.document : execution.definition.maskedDocument,
            runner: shownRunners[execution.runner]?.document ?? [:], parameters: parameters)
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
        if let result = maskedResult(execution) { shown["result"] = result }
        return shown
    }

    /// An execution's result as everybody may see it.
    public func maskedResult(_ execution: Execution) -> Value? {
        let masking = ResultMasking(execution, runner: runners.type(execution.runner))
        let result = execution.result.map(masking.masked)
        return execution.runner == InquirerRunner.typeName ? Inquiries.masked(result) : result
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
