public import PetrelCore

/// The name of one resource for access, such as `action:core:local`, with what its rights are inherited from.
///
/// Content inherits from its pack. An execution inherits from its action, an inquiry from the workflow that asks, an
/// enforcement from its rule and an alias from the action that it runs, and each of these from its pack.
public struct ResourceUID: Sendable, Hashable, CustomStringConvertible {
    /// Another resource whose rights reach this one.
    struct Source: Sendable, Hashable {
        var uid: String
        /// The uid of its pack.
        var pack: String
    }

    /// What it is.
    public let type: ResourceType
    /// The uid as role files and the API show it.
    public let description: String
    /// The uid of the pack that it belongs to.
    private(set) var pack: String?
    private(set) var source: Source?
    /// The only user, beside administrators, who may touch it: set for keys of the user scope.
    private(set) var holder: String?

    init(_ type: ResourceType, _ name: String) {
        self.type = type
        description = "\(type.rawValue):\(name)"
    }

    private init(_ type: ResourceType, _ ref: ContentRef) {
        self.init(type, "\(ref.pack):\(ref.name)")
        if type.isPackContent { pack = "pack:\(ref.pack)" }
    }

    private func inheriting(from type: ResourceType, _ ref: ContentRef?) -> Self {
        var uid = self
        uid.source = ref.map {
            Source(uid: "\(type.rawValue):\($0.pack):\($0.name)", pack: "pack:\($0.pack)")
        }
        return uid
    }
}

extension ResourceUID {
    /// A pack.
    public static func pack(_ ref: String) -> Self { Self(.pack, ref) }
    /// An action.
    public static func action(_ ref: ContentRef) -> Self { Self(.action, ref) }
    /// A rule.
    public static func rule(_ ref: ContentRef) -> Self { Self(.rule, ref) }
    /// A policy.
    public static func policy(_ ref: ContentRef) -> Self { Self(.policy, ref) }
    /// A sensor.
    public static func sensor(_ ref: ContentRef) -> Self { Self(.sensor, ref) }
    /// A trigger type.
    public static func triggerType(_ ref: ContentRef) -> Self { Self(.triggerType, ref) }
    /// A timer.
    public static func timer(_ ref: ContentRef) -> Self { Self(.timer, ref) }
    /// A runner type.
    public static func runner(_ name: String) -> Self { Self(.runner, name) }
    /// A policy type, such as `action` and `concurrency`.
    public static func policyType(resource: String, name: String) -> Self { Self(.policyType, "\(resource):\(name)") }
    /// An API key, by its id.
    public static func apiKey(_ id: String) -> Self { Self(.apiKey, id) }
    /// A trace.
    public static func trace(_ id: String) -> Self { Self(.trace, id) }
    /// A key of the system scope.
    public static func systemKey(_ name: String) -> Self { Self(.key, "\(ResourceUID.systemScope):\(name)") }

    /// An alias; whoever may run its action may run it.
    public static func alias(_ ref: ContentRef, runs action: ContentRef? = nil) -> Self {
        Self(.alias, ref).inheriting(from: .action, action)
    }

    /// A trigger, its hash left out where it has no parameters; its instances go by it.
    public static func trigger(_ ref: ContentRef, hash: String? = nil) -> Self {
        Self(.trigger, "\(ref.pack):\(ref.name)" + (hash.map { ":" + $0 } ?? ""))
    }

    /// A webhook by its url, slashes at the ends left out.
    public static func webhook(_ url: String) -> Self {
        let end = url.lastIndex { $0 != "/" }
        return Self(.webhook, String(end.map { url[...$0] }?.drop { $0 == "/" } ?? ""))
    }

    /// An execution, by the action that it runs.
    public static func execution(_ id: ExecutionID, of action: ContentRef) -> Self {
        Self(.execution, id.text).inheriting(from: .action, action)
    }

    /// An inquiry, by its execution's id and the workflow in which it is asked.
    public static func inquiry(_ id: ExecutionID, in workflow: ContentRef? = nil) -> Self {
        Self(.inquiry, id.text).inheriting(from: .action, workflow)
    }

    /// A rule enforcement, by its rule.
    public static func enforcement(_ id: String, of rule: ContentRef) -> Self {
        Self(.enforcement, id).inheriting(from: .rule, rule)
    }

    /// A key of a user's own scope; nobody but that user and administrators may touch it.
    public static func userKey(_ name: String, of user: String) -> Self {
        var uid = Self(.key, "\(userScope):\(user):\(name)")
        uid.holder = user
        return uid
    }

    static let systemScope = "st2kv.system"
    static let userScope = "st2kv.user"
}

extension ResourceUID {
    /// A resource as a role file names it.
    /// - Throws: `invalidInput` if no resource can have that uid, so that a grant on it would be a mistake.
    public init(_ text: String) throws(CoreError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let type = ResourceType(rawValue: parts[0]), Self.forms[type] != nil else {
            throw Self.problem(text, "\"\(parts[0])\" is no type of resource")
        }
        guard text.utf8.count <= 512, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Self.problem(text, "it may hold 512 letters, digits and signs of ASCII, no blanks")
        }
        // A wildcard would never match, and its author would believe that it does.
        guard !text.utf8.contains(where: { "*?[]{}".utf8.contains($0) }) else {
            throw CoreError(
                .invalidInput, "'\(text)' has a wildcard; a grant names one resource",
                hint: "Grant it on the pack to reach all that the pack holds")
        }
        // The only inquiries that can be named are all.
        guard parts.count == 2 || type == .inquiry else { throw Self.problem(text, "the name is missing") }
        try self.init(type, parts.count == 2 ? parts[1] : "", of: text)
    }

    private init(_ type: ResourceType, _ name: String, of text: String) throws(CoreError) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let isComplete = !parts.contains("")
        switch type {
        case .inquiry where text == "inquiry": self.init(wholeType: type)
        case .pack where isComplete && parts.count == 1 && Self.isPackRef(name): self.init(type, name)
        case .sensor, .action, .alias, .rule, .policy:
            guard isComplete, parts.count == 2, Self.isPackRef(parts[0]) else { throw Self.problem(text, nil) }
            self.init(type, ContentRef(pack: parts[0], name: parts[1]))
        case .trigger where isComplete && (2...3).contains(parts.count): self.init(type, name)
        case .triggerType, .timer, .policyType:
            guard isComplete, parts.count == 2 else { throw Self.problem(text, nil) }
            self.init(type, name)
        case .key:
            guard parts.count >= 2, parts[0] == Self.systemScope, isComplete else {
                throw Self.problem(text, parts[0] == Self.userScope ? "a user's keys are theirs alone" : nil)
            }
            self.init(type, name)
        case .runner, .webhook, .apiKey, .trace, .execution, .enforcement:
            guard isComplete, type == .webhook || parts.count == 1 else { throw Self.problem(text, nil) }
            self.init(type, name)
        default: throw Self.problem(text, nil)
        }
    }

    private init(wholeType type: ResourceType) {
        self.type = type
        description = type.rawValue
    }

    private static func isPackRef(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            }
    }

    private static func problem(_ text: String, _ reason: String?) -> CoreError {
        let form = ResourceType(rawValue: String(text.prefix { $0 != ":" })).flatMap { forms[$0] }
        return CoreError(
            .invalidInput, "'\(text)' names no resource" + (reason.map { ": " + $0 } ?? ""),
            hint: "Write " + (form ?? "TYPE:NAME, such as action:PACK:NAME or pack:PACK"))
    }

    /// How the uids of each type look; a type without a form can't be named.
    private static let forms: [ResourceType: String] = [
        .runner: "runner_type:NAME", .pack: "pack:PACK, in lower-case letters, digits and _",
        .sensor: "sensor_type:PACK:NAME", .action: "action:PACK:NAME", .alias: "action_alias:PACK:NAME",
        .rule: "rule:PACK:NAME", .enforcement: "rule_enforcement:ID", .policyType: "policy_type:RESOURCE_TYPE:NAME",
        .policy: "policy:PACK:NAME", .execution: "execution:ID", .key: "key_value_pair:st2kv.system:NAME",
        .webhook: "webhook:URL", .timer: "timer:PACK:NAME", .apiKey: "api_key:ID", .trace: "trace:ID",
        .trigger: "trigger:PACK:NAME:HASH", .inquiry: "inquiry, for all of them",
        .triggerType: "trigger_type:PACK:NAME",
    ]
}
