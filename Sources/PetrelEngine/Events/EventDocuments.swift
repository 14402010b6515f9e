public import PetrelCore

// The shapes in which StackStorm's API shows triggers, rules and what became of them.

extension TriggerType {
    /// The trigger type as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "ref": .string(ref.description),
            "uid": .string("trigger_type:\(ref.pack):\(ref.name)"), "name": .string(ref.name),
            "pack": .string(ref.pack),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["payload_schema"] = .object(payloadSchema)
        shown["parameters_schema"] = .object(parametersSchema)
        shown["tags"] = document["tags"] ?? []
        if !metadataFile.isEmpty { shown["metadata_file"] = .string(metadataFile) }
        return shown
    }
}

extension Trigger {
    /// The trigger, timer or webhook as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id), "ref": .string(ref.description),
            "uid": .string("trigger:\(ref.pack):\(ref.name):\(parametersHash)"), "name": .string(ref.name),
            "pack": .string(ref.pack), "type": .string(type.description), "parameters": .object(parameters),
        ]
        if let summary { shown["description"] = .string(summary) }
        return shown
    }
}

extension TriggerInstance {
    /// The instance as the API shows it.
    public var apiDocument: ValueObject {
        [
            "id": .string(id.text), "trigger": .string(trigger.description), "payload": payload,
            "occurrence_time": .string(occurredAt.description), "status": .string(status.rawValue),
        ]
    }
}

extension Rule {
    /// The rule as the API shows it.
    /// - Parameters:
    ///   - trigger: the trigger that it waits for; nil when its type is missing.
    ///   - views: the descriptions of trigger and action, as views show them; nil for the plain form.
    public func apiDocument(trigger: Trigger?, views: (trigger: String?, action: String?)? = nil) -> ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "ref": .string(ref.description), "uid": .string("rule:\(ref.pack):\(ref.name)"),
            "name": .string(ref.name), "pack": .string(ref.pack),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["enabled"] = .bool(isEnabled)
        shown["type"] = ["ref": .string(kind.rawValue), "parameters": document["type"]?["parameters"] ?? [:]]
        if let trigger {
            var part: ValueObject = [
                "type": .string(triggerType.description), "ref": .string(trigger.ref.description),
                "parameters": .object(triggerParameters),
            ]
            if let views { part["description"] = Value(views.trigger) }
            if let misfire { part["misfire"] = .string(misfire.rawValue) }
            shown["trigger"] = .object(part)
        } else {
            shown["trigger"] = .string(triggerType.description)
        }
        shown["criteria"] = .object(criteria)
        var action: ValueObject = ["ref": .string(actionRef), "parameters": .object(actionParameters)]
        if let views { action["description"] = Value(views.action) }
        shown["action"] = .object(action)
        shown["tags"] = document["tags"] ?? []
        if !notify.isEmpty { shown["notify"] = .object(notify) }
        shown["context"] = .object(context)
        if !metadataFile.isEmpty { shown["metadata_file"] = .string(metadataFile) }
        return shown
    }
}

extension RuleEnforcement {
    /// The enforcement as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id),
            "rule": [
                "ref": .string(rule.description), "id": .string(ruleID.text),
                "uid": .string("rule:\(rule.pack):\(rule.name)"),
            ],
            "trigger_instance_id": .string(instance.text),
        ]
        if let execution { shown["execution_id"] = .string(execution.text) }
        if let failureReason { shown["failure_reason"] = .string(failureReason) }
        shown["enforced_at"] = .string(at.description)
        shown["status"] = .string(status.rawValue)
        return shown
    }
}

extension SensorType {
    /// The sensor as the API shows it.
    public var apiDocument: ValueObject {
        var shown: ValueObject = [
            "id": .string(id.text), "ref": .string(ref.description),
            "uid": .string("sensor_type:\(ref.pack):\(ref.name)"), "name": .string(ref.name),
            "pack": .string(ref.pack),
        ]
        if let summary { shown["description"] = .string(summary) }
        shown["artifact_uri"] = .string(builtInName == nil ? "file://\(packPath)/sensors/\(entryPoint)" : entryPoint)
        shown["entry_point"] = .string(entryPoint)
        shown["enabled"] = .bool(isEnabled)
        shown["trigger_types"] = .array(triggerTypes.map { .string($0.ref.description) })
        if let pollInterval {
            shown["poll_interval"] =
                pollInterval == pollInterval.rounded() ? .integer(Int(pollInterval)) : .double(pollInterval)
        }
        shown["metadata_file"] = .string(metadataFile)
        return shown
    }
}

extension Trace {
    /// The trace as the API shows it.
    public var apiDocument: ValueObject {
        [
            "id": .string(tag.id), "uid": .string("trace:\(tag.id)"), "trace_tag": .string(tag.tag),
            "start_timestamp": .string(startedAt.description), "trigger_instances": .array(instances.map(\.apiValue)),
            "rules": .array(rules.map(\.apiValue)), "action_executions": .array(executions.map(\.apiValue)),
        ]
    }
}

extension Trace.Component {
    fileprivate var apiValue: Value {
        var cause: ValueObject = [:]
        if let causeType, let causeID { cause = ["id": .string(causeID), "type": .string(causeType)] }
        return [
            "object_id": .string(id), "ref": .string(ref), "updated_at": .string(at.description),
            "caused_by": .object(cause),
        ]
    }
}
