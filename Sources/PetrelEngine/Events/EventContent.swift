public import PetrelCore
import PetrelExpressions

/// Changes rules, trigger types, triggers and sensors through the API.
///
/// What was made here lives in the store alone. A change of what a pack's file declares holds until the file is edited.
public struct EventContent: Sendable {
    private let store: any ContentStore
    private let catalog: LiveEventCatalog
    private let events: EventHub
    private let clock: any PetrelClock
    private let ids: any IDSource

    /// The changes of a catalog's content.
    public init(
        store: any ContentStore, catalog: LiveEventCatalog, events: EventHub, clock: any PetrelClock, ids: any IDSource
    ) {
        self.store = store
        self.catalog = catalog
        self.events = events
        self.clock = clock
        self.ids = ids
    }

    /// The content in force.
    public var current: EventCatalog { catalog.current }

    // MARK: Rules

    /// The rule that a document would make, checked against trigger types and criteria.
    public func checkedRule(_ document: ValueObject, id: ContentID? = nil, file: String = "") throws(EngineError)
        -> Rule
    {
        let rule: Rule
        do throws(ContentFault) {
            let pack = document["pack"]?.string ?? "default"
            rule = try Rule(id: id ?? ids.make(), pack: pack, metadataFile: file, document: document)
        } catch { throw EngineError(error) }
        do throws(ExpressionError) { try RuleCriteria.validate(rule.criteria) } catch {
            throw EngineError(.invalidParameter, error.message, hint: error.hint)
        }
        guard let type = current.triggerType(rule.triggerType.description) else {
            throw EngineError(
                .invalidParameter,
                "Trigger \"\(rule.triggerType)\" defined in the rule does not exist in system "
                    + "or it's missing required \"parameters\" attribute",
                hint: "petrel trigger list shows the trigger types")
        }
        if let problem = type.problem(with: rule.triggerParameters) {
            throw EngineError(.invalidParameter, problem, hint: "petrel trigger get \(type.ref) shows its parameters")
        }
        return rule
    }

    /// Makes a rule that ``checkedRule(_:id:file:)`` gave, in place of one of its name.
    public func add(_ rule: Rule, by user: String) async throws(EngineError) {
        try await put(.rule, rule.ref, id: rule.id, rule.document, by: user, "created")
        catalog.edit {
            $0.rules.removeAll { $0.ref == rule.ref }
            $0.rules.append(rule)
        }
        events.publish(.contentChanged)
    }

    /// Replaces a rule.
    public func change(_ old: Rule, to rule: Rule, by user: String) async throws(EngineError) {
        if old.ref != rule.ref { try await remove(.rule, old.ref, by: user) }
        try await put(.rule, rule.ref, id: rule.id, rule.document, by: user, "changed")
        catalog.edit {
            $0.rules.removeAll { $0.ref == old.ref || $0.ref == rule.ref }
            $0.rules.append(rule)
        }
        events.publish(.contentChanged)
    }

    /// Deletes a rule; one of a pack's file comes back when the file is edited.
    public func remove(_ rule: Rule, by user: String) async throws(EngineError) {
        try await remove(.rule, rule.ref, by: user)
        catalog.edit { $0.rules.removeAll { $0.ref == rule.ref } }
        events.publish(.contentChanged)
    }

    // MARK: Trigger types

    /// Makes or replaces a trigger type.
    public func put(
        triggerType document: ValueObject, id: ContentID?, by user: String
    ) async throws(EngineError) -> TriggerType {
        let type: TriggerType
        do throws(ContentFault) {
            let pack = document["pack"]?.string ?? "default"
            type = try TriggerType(id: id ?? ids.make(), pack: pack, document: document)
        } catch { throw EngineError(error) }
        for schema in [type.parametersSchema, type.payloadSchema] where !schema.isEmpty {
            do throws(ExpressionError) { _ = try JSONSchema(.object(schema)) } catch {
                throw EngineError(.invalidParameter, "a schema of trigger type \(type.ref) is none: \(error.message)")
            }
        }
        try await put(.triggerType, type.ref, id: type.id, type.document, by: user, id == nil ? "created" : "changed")
        catalog.edit {
            $0.triggerTypes.removeAll { $0.ref == type.ref }
            $0.triggerTypes.append(type)
        }
        return type
    }

    /// Deletes a trigger type, and with it the trigger of its name.
    public func remove(_ type: TriggerType, by user: String) async throws(EngineError) {
        try await remove(.triggerType, type.ref, by: user)
        catalog.edit { $0.triggerTypes.removeAll { $0.ref == type.ref } }
    }

    // MARK: Triggers and sensors

    /// Makes a trigger that stays although no rule waits for it.
    public func add(trigger document: ValueObject, by user: String) async throws(EngineError) -> Trigger {
        guard let name = document["type"]?.string, let type = current.triggerType(name) else {
            throw EngineError(.invalidParameter, "Trigger type \"\(document["type"]?.string ?? "")\" does not exist")
        }
        let parameters = document["parameters"]?.object ?? [:]
        if let problem = type.problem(with: parameters) { throw EngineError(.invalidParameter, problem) }
        let before = Set(current.triggers)
        let kept: ValueObject = [
            "type": .string(type.ref.description), "parameters": .object(parameters),
            "name": .string(document["name"]?.string ?? "trigger-\(ids.next())"),
            "description": Value(document["description"]?.string),
        ]
        let ref = ContentRef(pack: type.ref.pack, name: kept["name"]?.string ?? "")
        guard current.trigger(ref.description) == nil else {
            throw EngineError(.duplicateMessage, "Trigger \"\(ref)\" exists")
        }
        try await put(.trigger, ref, id: ids.make(), kept, by: user, "created")
        catalog.edit { $0.triggers.append(kept) }
        guard let made = current.triggers.first(where: { !before.contains($0) }) else {
            throw EngineError(.unavailable, "the trigger \(ref) was removed at once")
        }
        return made
    }

    /// Deletes a trigger that was made without a rule.
    /// - Returns: false for one that a type or a rule needs.
    public func remove(_ trigger: Trigger, by user: String) async throws(EngineError) -> Bool {
        let name = trigger.ref.name
        guard current.content.triggers.contains(where: { $0["name"]?.string == name }) else { return false }
        try await remove(.trigger, trigger.ref, by: user)
        catalog.edit { $0.triggers.removeAll { $0["name"]?.string == name } }
        return true
    }

    /// Switches a sensor on or off.
    public func turn(_ sensor: SensorType, isOn: Bool, by user: String) async throws(EngineError) -> SensorType {
        var changed = sensor
        changed.isEnabled = isOn
        changed.document["enabled"] = .bool(isOn)
        try await put(
            .sensor, sensor.ref, id: sensor.id, changed.document, by: user, isOn ? "enabled" : "disabled")
        catalog.edit { [changed] content in
            content.sensors.removeAll { $0.ref == changed.ref }
            content.sensors.append(changed)
        }
        events.publish(.contentChanged)
        return changed
    }

    // MARK: The store

    private func put(
        _ kind: ContentRecord.Kind, _ ref: ContentRef, id: ContentID, _ document: ValueObject, by user: String,
        _ decision: String
    ) async throws(EngineError) {
        catalog.beginEdit()
        do throws(CoreError) {
            var record =
                try await store.contentRecord(kind, ref.description)
                ?? ContentRecord(
                    id: id, kind: kind, ref: ref.description, packPath: "", file: "", hash: "", document: [:])
            record.document = document
            try await store.changeContent(put: [record], remove: [], audit: [audit(kind, ref, user, decision)])
        } catch { throw EngineError(error) }
    }

    private func remove(_ kind: ContentRecord.Kind, _ ref: ContentRef, by user: String) async throws(EngineError) {
        catalog.beginEdit()
        do throws(CoreError) {
            guard var record = try await store.contentRecord(kind, ref.description) else { return }
            let row = audit(kind, ref, user, "deleted")
            guard !record.file.isEmpty else {
                return try await store.changeContent(put: [], remove: [record], audit: [row])
            }
            // The file is still there: an empty document says that it is not wanted as it stands.
            record.document = [:]
            try await store.changeContent(put: [record], remove: [], audit: [row])
        } catch { throw EngineError(error) }
    }

    private func audit(_ kind: ContentRecord.Kind, _ ref: ContentRef, _ user: String, _ decision: String) -> AuditRecord
    {
        AuditRecord(
            at: clock.now, kind: .content, user: user, subject: "\(kind.rawValue) \(ref)", decision: decision)
    }
}

extension EngineError {
    init(_ fault: ContentFault) {
        let place = fault.path.isEmpty ? "" : fault.path.joined(separator: ".") + ": "
        self.init(.invalidParameter, place + fault.message, hint: fault.hint)
    }
}
