/// A rule about how often an action may run at once, or what is done when it fails.
public struct Policy: Sendable, Hashable {
    /// The id by which the API knows it; edits don't change it.
    public var id: ContentID
    /// Its name, unique among policies.
    public var ref: ContentRef
    /// The metadata's `description`.
    public var summary: String?
    /// Whether it is in force.
    public var isEnabled: Bool
    /// The action that it is about, `pack.name`.
    public var resourceRef: String
    /// The kind of policy, such as `action.concurrency`.
    public var type: String
    /// What the kind asks for.
    public var parameters: ValueObject
    /// The file's path relative to the pack; nil for one that was made through the API.
    public var metadataFile: String?

    /// A policy as it was read.
    public init(
        id: ContentID, ref: ContentRef, summary: String?, isEnabled: Bool, resourceRef: String, type: String,
        parameters: ValueObject, metadataFile: String?
    ) {
        self.id = id
        self.ref = ref
        self.summary = summary
        self.isEnabled = isEnabled
        self.resourceRef = resourceRef
        self.type = type
        self.parameters = parameters
        self.metadataFile = metadataFile
    }
}

/// How many executions of an action may run at once, as far as a claim must know it.
public struct ConcurrencyGate: Sendable, Hashable {
    /// The policy that says so.
    public var policy: ContentRef
    /// Most that may run at once.
    public var threshold: Int
    /// Whether one that finds no place is canceled; else it waits.
    public var cancels: Bool
    /// Parameters whose values must be equal for two executions to count together; empty: all count.
    public var attributes: [String]

    /// A gate from its parts.
    public init(policy: ContentRef, threshold: Int, cancels: Bool, attributes: [String]) {
        self.policy = policy
        self.threshold = threshold
        self.cancels = cancels
        self.attributes = attributes
    }
}
