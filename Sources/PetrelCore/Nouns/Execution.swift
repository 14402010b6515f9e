/// Where a request came from; children of an execution inherit it.
///
/// It decides whether values are trusted in shells.
public enum Origin: String, Sendable, CaseIterable {
    case chat, webhook, sensor, api, cli, timer

    /// Whether words of people or of other systems come with it, which no shell may read as its own.
    public var isForeign: Bool { self == .chat || self == .webhook || self == .sensor }
}

/// One status that an execution had, and since when.
public struct StatusChange: Sendable, Hashable {
    /// The status that began.
    public var status: ExecutionStatus
    /// When it began.
    public var at: Instant

    /// A change that has happened.
    public init(_ status: ExecutionStatus, at: Instant) {
        self.status = status
        self.at = at
    }
}

/// Who works on an execution: the service instance, on which boot of which machine, and until when it may be believed.
public struct Claim: Sendable, Hashable {
    /// The id of the service instance, new with each start.
    public var owner: String
    /// The machine's boot id: with another one, no child of the attempt can be alive.
    public var boot: String
    /// When the claim ends unless it is renewed.
    public var leaseUntil: Instant

    /// A claim to be stored.
    public init(owner: String, boot: String, leaseUntil: Instant) {
        self.owner = owner
        self.boot = boot
        self.leaseUntil = leaseUntil
    }
}

/// One attempt at an execution; the key under which a runner keeps its traces.
public struct AttemptKey: Sendable, Hashable, CustomStringConvertible {
    /// The execution that is tried.
    public var execution: ExecutionID
    /// Counted from 1.
    public var number: Int

    /// The attempt of that number.
    public init(execution: ExecutionID, number: Int) {
        self.execution = execution
        self.number = number
    }

    /// `execution.number`, the form under which runners keep traces.
    public var description: String { "\(execution).\(number)" }
}

/// A run of an action: what was asked, by whom, how it stands and what came of it.
public struct Execution: Sendable {
    /// Made at the request, so that ids sort by the time of asking.
    public var id: ExecutionID
    /// The action's name; the action itself may have changed since, or be gone.
    public var action: ContentRef
    /// The action as it was when the execution was requested.
    public var definition: ActionDefinition
    /// The name of the runner type that carries it out.
    public var runner: String
    /// Where it stands; the last entry of ``log``.
    public var status: ExecutionStatus
    /// The parameters as they were given and cast; defaults are not stored.
    public var parameters: ValueObject
    /// StackStorm's context, such as `user`, `pack`, `action_alias_ref`, `api_user` and `source_channel`.
    public var context: ValueObject
    /// Where the request came from; a child has its parent's.
    public var origin: Origin
    /// The execution that started it; nil for one that somebody asked for.
    public var parent: ExecutionID?
    /// When it was requested, not when its runner began.
    public var startedAt: Instant
    /// When it was completed; nil until then.
    public var endedAt: Instant?
    /// The outcome; nil until completed, and in listings that leave it out.
    public var result: Value?
    /// The size of the result's JSON text.
    public var resultBytes: Int
    /// Every status that it had, oldest first.
    public var log: [StatusChange]
    /// Attempts so far.
    public var attempt: Int
    /// Who works on it; nil unless its status is a claimed one.
    public var claim: Claim?
    /// Where the result is owed; nil when nobody in a chat asked.
    public var replyTo: ReplyAddress?
    /// How long after the request it may start at the earliest.
    public var delay: Duration

    /// An execution from its parts.
    public init(
        id: ExecutionID, action: ContentRef, definition: ActionDefinition, runner: String, status: ExecutionStatus,
        parameters: ValueObject, context: ValueObject, origin: Origin, parent: ExecutionID? = nil, startedAt: Instant,
        endedAt: Instant? = nil, result: Value? = nil, resultBytes: Int = 0, log: [StatusChange], attempt: Int = 0,
        claim: Claim? = nil, replyTo: ReplyAddress? = nil, delay: Duration = .zero
    ) {
        self.id = id
        self.action = action
        self.definition = definition
        self.runner = runner
        self.status = status
        self.parameters = parameters
        self.context = context
        self.origin = origin
        self.parent = parent
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.result = result
        self.resultBytes = resultBytes
        self.log = log
        self.attempt = attempt
        self.claim = claim
        self.replyTo = replyTo
        self.delay = delay
    }

    /// The document of its ``definition``.
    public var actionDocument: ValueObject { definition.document }

    /// The user it runs for.
    public var user: String { context["user"]?.string ?? "" }

    /// Whether it starts executions of its own, one for each task.
    public var isWorkflow: Bool { RunnerType.isWorkflow(runner) }

    /// The task execution in a workflow that it carries out; nil for one that none does.
    public var task: String? { context["orquesta"]?["task_execution_id"]?.string }

    /// The item of that task that it is for.
    public var item: Int? { context["orquesta"]?["item_id"]?.integer }

    /// Time from request to end; nil while it has none.
    public var elapsed: Duration? { endedAt.map { $0 - startedAt } }
}

extension Execution {
    /// The next attempt, claimed.
    public mutating func begin(_ claim: Claim, at: Instant) {
        self.claim = claim
        attempt += 1
        change(to: .scheduled, at: at)
        change(to: .running, at: at)
    }

    /// The end.
    ///
    /// What was asked to stop is canceled, however its runner ended.
    public mutating func end(_ outcome: RunOutcome, at: Instant) {
        change(to: status == .canceling ? .canceled : outcome.status, at: at)
        endedAt = status.isCompleted ? at : nil
        result = outcome.result
    }

    /// Whether it is a workflow at work or standing still.
    public var hasBegunAsWorkflow: Bool {
        isWorkflow && [.running, .pausing, .paused, .resuming].contains(status)
    }

    /// Another status, noted in the log.
    public mutating func change(to status: ExecutionStatus, at: Instant) {
        self.status = status
        log.append(StatusChange(status, at: at))
    }
}

/// What a runner says when an attempt is over.
public struct RunOutcome: Sendable, Hashable {
    /// One of the completed statuses; or `pending`, when what comes next is a person's answer.
    public var status: ExecutionStatus
    /// What the runner has to show; its keys depend on the runner type.
    public var result: Value

    /// An outcome; `status` must be a completed one, or `pending`.
    public init(status: ExecutionStatus, result: Value) {
        self.status = status
        self.result = result
    }
}
