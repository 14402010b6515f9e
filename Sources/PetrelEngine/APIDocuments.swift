public import PetrelCore

// The shapes in which StackStorm's API, and templates, show the nouns. Source: its REST reference, resource models.

extension Action {
    /// The action as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "ref": .string(ref.description), "uid": .string("action:\(ref.pack):\(ref.name)"),
            "name": .string(ref.name), "pack": .string(ref.pack),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["enabled"] = .bool(isEnabled)
        shown["runner_type"] = .string(runner)
        shown["entry_point"] = .string(entryPoint)
        shown["parameters"] = document["parameters"] ?? [:]
        shown["output_schema"] = document["output_schema"] ?? [:]
        shown["tags"] = document["tags"] ?? []
        shown["notify"] = document["notify"] ?? [:]
        shown["metadata_file"] = .string(metadataFile)
        return shown
    }
}

extension ActionAlias {
    /// The alias as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "ref": .string(ref.description),
            "uid": .string("action_alias:\(ref.pack):\(ref.name)"), "name": .string(ref.name),
            "pack": .string(ref.pack),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["enabled"] = .bool(isEnabled)
        shown["action_ref"] = .string(actionRef)
        for (key, empty) in ["formats": [], "ack": [:], "result": [:], "extra": [:]] as KeyValuePairs<String, Value> {
            shown[key] = document[key] ?? empty
        }
        shown["immutable_parameters"] = .object(immutableParameters)
        shown["metadata_file"] = .string(metadataFile)
        return shown
    }
}

extension RunnerType {
    /// The runner type as the API shows it; its id is made from its name, so that it never changes.
    public func apiDocument(digest: any Digest) -> ValueObject {
        [
            "id": .string(String(digest.sha256(Array("runner_type:\(name)".utf8)).prefix(24))),
            "uid": .string("runner_type:\(name)"), "name": .string(name), "description": .string(summary),
            "enabled": true, "runner_package": .string(package), "runner_module": .string(module),
            "runner_parameters": .object(parameters.mapValues { .object($0.schema) }),
            "output_key": Value(outputKey), "output_schema": .object(outputSchema),
        ]
    }
}

extension Pack {
    /// The pack as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = ["id": .string(id.text), "ref": .string(ref), "uid": .string("pack:\(ref)")]
        let keys = [
            "name", "description", "keywords", "version", "stackstorm_version", "python_versions", "author", "email",
            "contributors", "dependencies", "system",
        ]
        for key in keys { if let value = metadata[key], !value.isNull { shown[key] = value } }
        shown["path"] = .string(path)
        return shown
    }
}

extension Execution {
    /// The execution as the API shows it; keys without a value are left out.
    /// - Parameters:
    ///   - actionDocument: the action's document, secret defaults starred.
    ///   - runnerDocument: the runner's document.
    ///   - shownParameters: the parameters, secret ones starred.
    public func apiDocument(
        action actionDocument: ValueObject, runner runnerDocument: ValueObject, parameters shownParameters: ValueObject
    ) -> ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "action": .object(actionDocument), "runner": .object(runnerDocument),
            "liveaction": [
                "id": .string(id.text), "action": .string(action.description), "action_is_workflow": .bool(isWorkflow),
                "parameters": .object(shownParameters), "callback": [:], "runner_info": [:],
            ],
            "status": .string(status.rawValue), "start_timestamp": .string(startedAt.description),
        ]
        if let endedAt { shown["end_timestamp"] = .string(endedAt.description) }
        if let elapsed { shown["elapsed_seconds"] = .double(elapsed.inSeconds) }
        if !shownParameters.isEmpty { shown["parameters"] = .object(shownParameters) }
        shown["context"] = .object(context)
        if let result {
            shown["result"] = result
            shown["result_size"] = .integer(resultBytes)
        }
        if delay > .zero { shown["delay"] = .integer(Int(delay.wholeMicroseconds / 1000)) }
        if let parent { shown["parent"] = .string(parent.text) }
        for (key, name) in [("rule", "ref"), ("trigger_instance", "trigger")] {
            guard let cause = context[key]?.object else { continue }
            shown[key] = ["id": cause["id"] ?? .null, .init(name): cause["name"] ?? .null]
        }
        shown["log"] = .array(
            log.map { ["status": .string($0.status.rawValue), "timestamp": .string($0.at.description)] })
        return shown
    }
}
