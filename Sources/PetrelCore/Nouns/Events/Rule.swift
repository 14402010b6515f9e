/// A rule: when a trigger happens and the criteria hold, an action is run.
public struct Rule: Sendable, Hashable {
    /// When a rule is looked at.
    public enum Kind: String, Sendable, CaseIterable {
        /// For every instance of its trigger.
        case standard
        /// Only when no standard rule of the trigger fits.
        case backstop
    }

    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// Its name, unique among rules.
    public var ref: ContentRef
    /// The metadata's `description`.
    public var summary: String?
    /// Whether it is looked at; a rule that doesn't say so is not.
    public var isEnabled: Bool
    /// When it is looked at.
    public var kind: Kind
    /// The reference of the trigger's type.
    public var triggerType: ContentRef
    /// What tells its trigger from others of the type.
    public var triggerParameters: ValueObject
    /// What its timer does about missed times; nil for what the settings say.
    public var misfire: Misfire?
    /// What must hold, as written.
    public var criteria: ValueObject
    /// `pack.name` of the action; it need not exist when the rule is loaded.
    public var actionRef: String
    /// The action's parameters; texts may be templates.
    public var actionParameters: ValueObject
    /// Where the ends of what it runs are told; empty for nowhere.
    public var notify: ValueObject
    /// Who made it, where that is known: `{user: …}`.
    public var context: ValueObject
    /// The last two parts of the metadata file's path; empty for one that was made through the API.
    public var metadataFile: String
    /// The metadata as written.
    public var document: ValueObject

    private static let keys = [
        "name", "ref", "pack", "uid", "id", "description", "enabled", "type", "trigger", "criteria", "action", "tags",
        "metadata_file", "context", "notify",
    ]

    /// The rule that a document declares, in a file of a pack or through the API.
    /// - Throws: ``ContentFault``; criteria are not looked into.
    public init(id: ContentID, pack: String, metadataFile: String = "", document: ValueObject) throws(ContentFault) {
        let keys = DocumentKeys(members: document)
        for key in document.keys where !Self.keys.contains(key) {
            throw ContentFault(
                [key], "Additional properties are not allowed ('\(key)' was unexpected)",
                hint: "Known here: \(Self.keys.joined(separator: ", "))")
        }
        self.id = id
        ref = ContentRef(pack: pack, name: try keys.text("name"))
        summary = try keys.optionalText("description")
        isEnabled = try keys.truth("enabled", default: false)
        kind = try Self.kind(document["type"])
        let trigger = DocumentKeys(members: try keys.object("trigger"))
        triggerType = try Self.reference(trigger.text("type", at: ["trigger"]), ["trigger", "type"])
        triggerParameters = try trigger.object("parameters", at: ["trigger"])
        misfire = try Self.misfire(trigger.optionalText("misfire", at: ["trigger"]))
        criteria = try keys.object("criteria")
        let action = DocumentKeys(members: try keys.object("action"))
        actionRef = try action.text("ref", at: ["action"])
        actionParameters = try action.object("parameters", at: ["action"])
        notify = try keys.object("notify")
        context = try keys.object("context")
        self.metadataFile = metadataFile
        self.document = document
    }

    private static func kind(_ type: Value?) throws(ContentFault) -> Kind {
        guard let name = type?["ref"]?.string else {
            guard type?.isNull ?? true else {
                throw ContentFault(["type"], "'type' must name a rule type", hint: "Write  type: {ref: standard}")
            }
            return .standard
        }
        guard let kind = Kind(rawValue: name) else {
            throw ContentFault(["type", "ref"], "there is no rule type '\(name)'", hint: "Use standard or backstop")
        }
        return kind
    }

    private static func reference(_ text: String, _ path: [String]) throws(ContentFault) -> ContentRef {
        guard let ref = ContentRef(text) else {
            throw ContentFault(path, "'\(text)' is no reference", hint: "Write PACK.NAME")
        }
        return ref
    }

    private static func misfire(_ text: String?) throws(ContentFault) -> Misfire? {
        guard let text else { return nil }
        guard let misfire = Misfire(rawValue: text) else {
            throw ContentFault(["trigger", "misfire"], "'\(text)' is no misfire rule", hint: "Use skip, once or all")
        }
        return misfire
    }
}

/// What came of one rule for one trigger instance.
public struct RuleEnforcement: Sendable, Hashable {
    /// Whether its action was requested.
    public enum Status: String, Sendable, CaseIterable { case succeeded, failed }

    /// The id by which the API knows it.
    public var id: String
    /// The rule's name.
    public var rule: ContentRef
    /// The rule's id.
    public var ruleID: ContentID
    /// The instance for which it was carried out.
    public var instance: TriggerInstanceID
    /// What it started; nil when it could not.
    public var execution: ExecutionID?
    /// When that was decided.
    public var at: Instant
    /// Whether its action was requested.
    public var status: Status
    /// Why not; nil when it was.
    public var failureReason: String?

    /// An enforcement from its parts.
    public init(
        id: String, rule: ContentRef, ruleID: ContentID, instance: TriggerInstanceID, execution: ExecutionID?,
        at: Instant, status: Status, failureReason: String? = nil
    ) {
        self.id = id
        self.rule = rule
        self.ruleID = ruleID
        self.instance = instance
        self.execution = execution
        self.at = at
        self.status = status
        self.failureReason = failureReason
    }
}
