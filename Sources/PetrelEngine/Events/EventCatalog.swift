public import PetrelCore
import PetrelExpressions

/// All that decides on events as it is at one moment: trigger types, triggers, rules and sensors.
public struct EventCatalog: Sendable {
    /// What content declares.
    public struct Content: Sendable {
        /// Trigger types beside the built-in ones.
        public var triggerTypes: [TriggerType]
        /// Triggers that somebody made without a rule: type, parameters, name and description as written.
        public var triggers: [ValueObject]
        /// Rules, disabled ones too.
        public var rules: [Rule]
        /// Sensors, disabled ones too.
        public var sensors: [SensorType]

        /// Content by what was loaded.
        public init(
            triggerTypes: [TriggerType] = [], triggers: [ValueObject] = [], rules: [Rule] = [],
            sensors: [SensorType] = []
        ) {
            self.triggerTypes = triggerTypes
            self.triggers = triggers
            self.rules = rules
            self.sensors = sensors
        }
    }

    /// What it was made from.
    public let content: Content
    /// All trigger types by reference.
    public let triggerTypes: [TriggerType]
    /// All rules by reference.
    public let rules: [Rule]
    /// All sensors by reference.
    public let sensors: [SensorType]
    /// All triggers by type and name.
    public let triggers: [Trigger]
    /// Rules that never fire, and why.
    public let problems: [(rule: ContentRef, reason: String)]
    private let typesByRef: [ContentRef: TriggerType]
    private let rulesByRef: [ContentRef: Rule]
    private let triggersByRef: [ContentRef: Trigger]
    private let triggerOfRule: [ContentRef: Trigger]
    private let bundles: [ContentRef: RuleBundle]
    private let payloadSchemas: [ContentRef: JSONSchema]
    private let webhooks: [String: [Trigger]]
    private let awaitedByType: [ContentRef: [Trigger]]

    /// A catalog of content; rules whose trigger type is missing are listed and never fire.
    public init(_ content: Content = Content(), digest: any Digest) {
        self.content = content
        let known = BuiltInTriggerTypes.all(digest: digest)
        let names = Set(known.map(\.ref))
        triggerTypes = (known + content.triggerTypes.filter { !names.contains($0.ref) }).sorted { $0.ref < $1.ref }
        typesByRef = Dictionary(triggerTypes.map { ($0.ref, $0) }, uniquingKeysWith: { first, _ in first })
        rules = content.rules.sorted { $0.ref < $1.ref }
        rulesByRef = Dictionary(rules.map { ($0.ref, $0) }, uniquingKeysWith: { first, _ in first })
        sensors = content.sensors.sorted { $0.ref < $1.ref }
        var builder = TriggerSet(types: typesByRef, digest: digest)
        for type in triggerTypes where type.hasShadowTrigger { builder.addShadow(of: type) }
        for document in content.triggers { builder.add(document) }
        for rule in rules { builder.add(rule) }
        triggersByRef = builder.byRef
        triggerOfRule = builder.byRule
        problems = builder.problems
        triggers = builder.byRef.values.sorted { ($0.type, $0.ref) < ($1.type, $1.ref) }
        var bundles: [ContentRef: RuleBundle] = [:]
        for rule in rules where rule.isEnabled {
            if let trigger = builder.byRule[rule.ref] { bundles[trigger.ref, default: RuleBundle()].add(rule) }
        }
        self.bundles = bundles
        payloadSchemas = typesByRef.compactMapValues { type in
            type.payloadSchema.isEmpty ? nil : try? JSONSchema(.object(type.payloadSchema))
        }
        awaitedByType = Dictionary(grouping: triggers.filter { bundles[$0.ref] != nil }, by: \.type)
        webhooks = Dictionary(
            grouping: triggers.filter { $0.type == BuiltInTriggerTypes.webhook },
            by: { Self.webhookName($0.parameters["url"]?.string ?? "") })
    }

    /// The trigger type with a reference or an id.
    public func triggerType(_ refOrID: String) -> TriggerType? {
        if let ref = ContentRef(refOrID) { return typesByRef[ref] }
        return triggerTypes.first { $0.id.text == refOrID }
    }

    /// The rule with a reference or an id.
    public func rule(_ refOrID: String) -> Rule? {
        if let ref = ContentRef(refOrID) { return rulesByRef[ref] }
        return rules.first { $0.id.text == refOrID }
    }

    /// The sensor with a reference or an id.
    public func sensor(_ refOrID: String) -> SensorType? {
        if let ref = ContentRef(refOrID) { return sensors.first { $0.ref == ref } }
        return sensors.first { $0.id.text == refOrID }
    }

    /// The trigger with a reference or an id.
    public func trigger(_ refOrID: String) -> Trigger? {
        if let ref = ContentRef(refOrID) { return triggersByRef[ref] }
        return triggers.first { $0.id == refOrID }
    }

    /// The trigger that a rule waits for; nil when its type is missing.
    public func trigger(of rule: Rule) -> Trigger? { triggerOfRule[rule.ref] }

    /// The triggers of a webhook's URL.
    public func webhook(_ url: String) -> [Trigger] { webhooks[Self.webhookName(url)] ?? [] }

    /// The triggers of timers.
    public var timers: [Trigger] { triggers.filter { BuiltInTriggerTypes.timers.contains($0.type) } }

    /// The enabled rules of a trigger, made ready; nil when there are none.
    func bundle(of trigger: ContentRef) -> RuleBundle? { bundles[trigger] }

    /// Whether any rule waits for this trigger.
    public func hasRules(for trigger: ContentRef) -> Bool { bundles[trigger] != nil }

    /// The trigger of a type without parameters, if a rule waits for it.
    func awaited(_ type: ContentRef) -> Trigger? {
        bundles[type] == nil ? nil : triggersByRef[type]
    }

    /// The triggers of a type for which rules wait.
    func awaitedTriggers(of type: ContentRef) -> [Trigger] { awaitedByType[type] ?? [] }

    /// What is wrong with a payload for a type; nil when it fits.
    func violation(of payload: Value, for type: ContentRef) -> String? {
        payloadSchemas[type]?.mostRelevantViolation(payload)?.description
    }

    /// A URL without the slashes around it.
    public static func webhookName(_ url: String) -> String {
        var name = Substring(url)
        while name.hasPrefix("/") { name.removeFirst() }
        while name.hasSuffix("/") { name.removeLast() }
        return String(name)
    }
}

/// Makes triggers from types and rules; two rules with equal parameters share one.
private struct TriggerSet {
    let types: [ContentRef: TriggerType]
    let digest: any Digest
    private(set) var byRef: [ContentRef: Trigger] = [:]
    private(set) var byRule: [ContentRef: Trigger] = [:]
    private(set) var problems: [(rule: ContentRef, reason: String)] = []

    init(types: [ContentRef: TriggerType], digest: any Digest) {
        self.types = types
        self.digest = digest
    }

    mutating func addShadow(of type: TriggerType) {
        let trigger = Trigger(type, [:], name: type.ref.name, digest: digest)
        byRef[trigger.ref] = trigger
    }

    /// A trigger that was made through the API.
    mutating func add(_ document: ValueObject) {
        guard let type = document["type"]?.string.flatMap(ContentRef.init).flatMap({ types[$0] }) else { return }
        var trigger = Trigger(
            type, document["parameters"]?.object ?? [:], name: document["name"]?.string, digest: digest)
        trigger.summary = document["description"]?.string
        byRef[trigger.ref] = byRef[trigger.ref] ?? trigger
    }

    mutating func add(_ rule: Rule) {
        guard let type = types[rule.triggerType] else {
            problems.append((rule.ref, "trigger type \(rule.triggerType) does not exist"))
            return
        }
        let isShadow = type.hasShadowTrigger && rule.triggerParameters.isEmpty
        let trigger = Trigger(
            type, rule.triggerParameters, name: isShadow ? type.ref.name : nil, misfire: rule.misfire, digest: digest)
        if let problem = type.problem(with: rule.triggerParameters) {
            problems.append((rule.ref, problem))
            return
        }
        byRef[trigger.ref] = byRef[trigger.ref] ?? trigger
        byRule[rule.ref] = byRef[trigger.ref]
    }
}

extension Trigger {
    /// The trigger of a type with parameters; without a name it is called by a digest of them.
    init(
        _ type: TriggerType, _ parameters: ValueObject, name: String?, misfire: Misfire? = nil, digest: any Digest
    ) {
        let identity = "\(type.ref)\n\(JSONWriter.text(Value.object(parameters).ordered))\n\(misfire?.rawValue ?? "")"
        let hash = digest.sha256(Array(identity.utf8))
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
            String(hash.dropFirst(range.lowerBound).prefix(range.count))
        }
        self.init(
            id: String(hash.suffix(24)),
            ref: ContentRef(pack: type.ref.pack, name: name ?? parts.joined(separator: "-")), type: type.ref,
            parameters: parameters, summary: name == type.ref.name ? type.summary : nil, misfire: misfire,
            parametersHash: String(hash.prefix(32)))
    }
}

extension TriggerType {
    /// What is wrong with the parameters that a rule gives; nil when they fit.
    func problem(with parameters: ValueObject) -> String? {
        if !parametersSchema.isEmpty, let schema = try? JSONSchema(.object(parametersSchema)),
            let violation = schema.mostRelevantViolation(.object(parameters))
        {
            return violation.description
        }
        guard BuiltInTriggerTypes.timers.contains(ref) else { return nil }
        do throws(ExpressionError) {
            _ = try Schedule(
                trigger: ref.description, parameters: parameters, start: Instant(microseconds: 0), localZone: "UTC")
            return nil
        } catch { return error.message }
    }
}

extension Value {
    /// The value with the keys of all its objects in order, so that equal ones have equal texts.
    fileprivate var ordered: Value {
        switch self {
        case .array(let items): .array(items.map(\.ordered))
        case .object(let members):
            .object(
                ValueObject(
                    members.sorted { $0.key < $1.key }.map { ($0.key, $0.value.ordered) },
                    uniquingKeysWith: { _, last in last }))
        default: self
        }
    }
}
