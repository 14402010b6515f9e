/// What an accepted instance owes its being to; recorded with it, so that each cause gives one instance.
public enum EventSource: Sendable, Hashable {
    /// Something outside: nothing is recorded beside it.
    case outside
    /// A timer: its state must still be the one that was read.
    case timer(TimerState, firedAt: Instant)
    /// The end of an execution, which is not owed any more afterwards.
    case end(ExecutionID)
    /// An inquiry, which is not owed to rules any more afterwards.
    case inquiry(ExecutionID)
    /// Something with a name of its own, such as a signed request: the name must not have been given before.
    case once(String, at: Instant)
    /// A sensor of Petrel's own: what it remembers under a name must still be as it was read.
    case watch(String, from: Value?, to: Value)
}

/// What was decided on one instance: the rules that fit, and what they start.
public struct InstanceHandling: Sendable {
    /// The instance.
    public var instance: TriggerInstanceID
    /// `processed`, or `failed` when it can't be handled.
    public var status: TriggerInstance.Status
    /// One for each rule that fits, and for each that could not be looked at.
    public var enforcements: [RuleEnforcement]
    /// What the rules start.
    public var executions: [SubmittedExecution]

    /// A handling from its parts.
    public init(
        instance: TriggerInstanceID, status: TriggerInstance.Status, enforcements: [RuleEnforcement],
        executions: [SubmittedExecution]
    ) {
        self.instance = instance
        self.status = status
        self.enforcements = enforcements
        self.executions = executions
    }
}

/// What is remembered of a timer over restarts.
public struct TimerState: Sendable, Hashable {
    /// The reference of its trigger.
    public var trigger: String
    /// When it was first seen: intervals count from there.
    public var startedAt: Instant
    /// The time up to which it has fired.
    public var firedAt: Instant

    /// A state from its parts.
    public init(trigger: String, startedAt: Instant, firedAt: Instant) {
        self.trigger = trigger
        self.startedAt = startedAt
        self.firedAt = firedAt
    }
}

/// Which trigger instances, enforcements or traces a listing wants; what doesn't apply is left nil.
public struct EventQuery: Sendable {
    /// Only these ids; empty for any.
    public var ids: [String] = []
    /// Only instances of this trigger.
    public var trigger: String?
    /// Only instances of triggers of this type.
    public var triggerType: String?
    /// Only instances of this status.
    public var status: String?
    /// Only enforcements of this rule, traces with it.
    public var rule: String?
    /// Only enforcements of the rule with this id.
    public var ruleID: String?
    /// Only what belongs to this instance.
    public var instance: String?
    /// Only what belongs to this execution.
    public var execution: String?
    /// Only traces with this tag.
    public var traceTag: String?
    /// Only later ones.
    public var after: Instant?
    /// Only earlier ones.
    public var before: Instant?
    /// Whether the oldest come first.
    public var isAscending = false
    /// -1 for all.
    public var limit = 100
    /// How many to leave out at the beginning.
    public var offset = 0

    /// The newest hundred.
    public init() {}
}

/// Trigger instances, what rules made of them, traces, and the timers' memory.
///
/// Checked by `StoreConformance`.
public protocol EventStore: Sendable {
    /// Stores instances, as pending or with their handling, and begins their traces. Flushed.
    /// - Returns: false, and nothing is stored, if the source has given its instances before.
    func accept(
        _ instances: [TriggerInstance], from source: EventSource, handlings: [InstanceHandling]
    ) async throws(CoreError) -> Bool
    /// Stores what was decided on a pending instance: enforcements, executions and its status. Flushed.
    /// - Returns: false, and nothing is stored, if it was handled before.
    func handle(_ handling: InstanceHandling) async throws(CoreError) -> Bool
    /// Instances that wait to be handled, oldest first; at most `limit`.
    func pendingInstances(limit: Int) async throws(CoreError) -> [TriggerInstance]
    /// The instance with an id, or nil.
    func triggerInstance(_ id: TriggerInstanceID) async throws(CoreError) -> TriggerInstance?
    /// A page of instances, newest first unless the query says otherwise, and how many there are.
    func triggerInstances(_ query: EventQuery) async throws(CoreError) -> (items: [TriggerInstance], total: Int)
    /// A page of enforcements, newest first unless the query says otherwise, and how many there are.
    func enforcements(_ query: EventQuery) async throws(CoreError) -> (items: [RuleEnforcement], total: Int)
    /// A page of traces with their components, newest first unless the query says otherwise, and how many there are.
    func traces(_ query: EventQuery) async throws(CoreError) -> (items: [Trace], total: Int)
    /// What is remembered of all timers.
    func timerStates() async throws(CoreError) -> [TimerState]
    /// Remembers timers that are not known yet and forgets others. Written.
    func changeTimers(start: [TimerState], forget: [String]) async throws(CoreError)
    /// Says whether ends of executions are owed to rules from now on; ends that carry a notice always are. Written.
    func watchEnds(_ isWanted: Bool) async throws(CoreError)
    /// Ended executions that are owed to rules or to a notice, oldest first, with their results.
    func owedEnds(limit: Int) async throws(CoreError) -> [Execution]
    /// Marks ends as not owed any more: nobody waits for them. Written.
    func dropEnds(_ ids: [ExecutionID]) async throws(CoreError)
    /// Inquiries that rules have not been told of yet, oldest first, with what they ask as their results.
    func owedInquiries(limit: Int) async throws(CoreError) -> [Execution]
    /// Marks inquiries as told: nobody waits for them. Written.
    func dropInquiries(_ ids: [ExecutionID]) async throws(CoreError)
    /// What a sensor of Petrel's own remembers under a name; nil for nothing.
    func watchState(_ name: String) async throws(CoreError) -> Value?
    /// Forgets what is remembered under all names that begin so but those. Written.
    func forgetWatchStates(prefix: String, except: Set<String>) async throws(CoreError)
    /// Forgets names that were given before then, see ``EventSource/once(_:at:)``. Written.
    func forgetNames(before: Instant) async throws(CoreError)
    /// Forgets handled instances that are older, with enforcements and traces; at most `limit`. Written.
    /// - Returns: how many were forgotten.
    func forgetEvents(before: Instant, limit: Int) async throws(CoreError) -> Int
}
