/// The id of a ``TriggerInstance``.
public typealias TriggerInstanceID = Identifier<TriggerInstance>

/// One event that happened: a trigger and what it carried.
public struct TriggerInstance: Sendable, Hashable {
    /// How far its handling has come.
    public enum Status: String, Sendable, CaseIterable {
        /// Stored; its rules are still to be looked at.
        case pending
        /// Somebody looks at its rules. Petrel does that in one transaction, so that nobody ever sees it.
        case processing
        /// Every rule of its trigger was looked at.
        case processed
        /// It can't be handled: its trigger is gone, or something in it breaks the handling.
        case failed = "processing_failed"
    }

    /// Made when it came in, so that ids sort by time.
    public var id: TriggerInstanceID
    /// The trigger's reference.
    public var trigger: ContentRef
    /// The reference of the trigger's type.
    public var type: ContentRef
    /// What happened, as the type's payload schema describes it.
    public var payload: Value
    /// When it came in.
    public var occurredAt: Instant
    /// How far its handling has come.
    public var status: Status
    /// Where it came from; what rules start inherits it.
    public var origin: Origin
    /// The trace that it belongs to.
    public var trace: TraceTag
    /// The execution that led to it, by its end or by what it did; nil where none is known.
    public var cause: ExecutionID?
    /// How many events led to it, one through the other; 0 for one from outside.
    public var depth: Int

    /// An instance from its parts.
    public init(
        id: TriggerInstanceID, trigger: ContentRef, type: ContentRef, payload: Value, occurredAt: Instant,
        status: Status = .pending, origin: Origin, trace: TraceTag, cause: ExecutionID? = nil, depth: Int = 0
    ) {
        self.depth = depth
        self.id = id
        self.trigger = trigger
        self.type = type
        self.payload = payload
        self.occurredAt = occurredAt
        self.status = status
        self.origin = origin
        self.trace = trace
        self.cause = cause
    }
}

/// The id of a trace and the words by which people find it.
public struct TraceTag: Sendable, Hashable {
    /// The trace's id.
    public var id: String
    /// What its beginner called it.
    public var tag: String

    /// A trace's id and tag.
    public init(id: String, tag: String) {
        self.id = id
        self.tag = tag
    }
}

/// What belongs together because one thing led to the other: instances, the rules that they met, what those started.
public struct Trace: Sendable, Hashable {
    /// One thing in a trace.
    public struct Component: Sendable, Hashable {
        /// Its id.
        public var id: String
        /// Its reference: of the trigger, the rule or the action.
        public var ref: String
        /// When it came to be.
        public var at: Instant
        /// The kind of thing that led to it, such as `rule`; nil for a beginning.
        public var causeType: String?
        /// The id of what led to it.
        public var causeID: String?

        /// A component from its parts.
        public init(id: String, ref: String, at: Instant, causeType: String? = nil, causeID: String? = nil) {
            self.id = id
            self.ref = ref
            self.at = at
            self.causeType = causeType
            self.causeID = causeID
        }
    }

    /// Id and tag.
    public var tag: TraceTag
    /// When it began.
    public var startedAt: Instant
    /// The events in it, oldest first.
    public var instances: [Component]
    /// The rules that were carried out for them.
    public var rules: [Component]
    /// What those, and their children, ran.
    public var executions: [Component]

    /// A trace from its parts.
    public init(
        tag: TraceTag, startedAt: Instant, instances: [Component], rules: [Component], executions: [Component]
    ) {
        self.tag = tag
        self.startedAt = startedAt
        self.instances = instances
        self.rules = rules
        self.executions = executions
    }
}
