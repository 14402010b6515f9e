// The storage ports: each method is one transaction. What a method calls *written* survives a kill of the process at once
// and a loss of power after the next *flushed* transaction of any port; what it calls *flushed* survives both when the
// call returns. (docs/adr/0004) Methods throw ``CoreError`` `unavailable` when the store can't be written: disk full, I/O
// error; nothing of the transaction is then kept. The suite `StoreConformance` checks every sentence here.

/// What became of a message that was handed to the inbox.
public enum InboxReceipt: Sendable, Hashable {
    /// Stored for the first time.
    case new
    /// Known, not decided yet.
    case unfinished
    /// Known and decided: nothing is to be done.
    case settled
}

/// Messages that came in and what was decided on them.
public protocol InboxStore: Sendable {
    /// Takes a message in under its key. It survives a kill of the process from then on, a loss of power with its decision.
    func accept(_ message: InboundMessage, at: Instant) async throws(CoreError) -> InboxReceipt
    /// Stores a message that starts no execution as settled, with the posts that answer it. Flushed.
    /// - Returns: false, and nothing is stored, if the message was settled before.
    func settle(_ message: InboundMessage, posts: [OutboundPost], audit: [AuditRecord], at: Instant)
        async throws(CoreError) -> Bool
    /// Messages that an earlier process took in and did not decide on, oldest first; at most `limit`.
    func unsettled(limit: Int) async throws(CoreError) -> [InboundMessage]
    /// Counts that a message which an earlier process left undecided is begun again. Written.
    /// - Returns: how often it has been begun, this time included.
    func beginAgain(_ key: MessageKey) async throws(CoreError) -> Int
    /// When a message of this adapter was last stored: from there missed ones are fetched.
    func lastMessageAt(adapter: AdapterName) async throws(CoreError) -> Instant?
    /// Forgets settled messages that are older; duplicates of them are not recognised afterwards. Written.
    func forgetMessages(before: Instant) async throws(CoreError)
}

/// A request for an execution, with all that is committed beside it.
public struct SubmittedExecution: Sendable {
    /// The execution: `requested`, or `running` with a claim and attempt 1 when a slot is free.
    public var execution: Execution
    /// The message that asked for it, stored as settled with it; it must not be settled yet.
    public var message: InboundMessage?
    /// The ack.
    public var posts: [OutboundPost]
    /// The rows about the decision, stored in the same transaction.
    public var audit: [AuditRecord]
    /// Whether policies decide when it may run: only ``PolicyStore/claimGated(_:limit:at:gates:)`` claims it then.
    public var isGated: Bool

    /// A submission from its parts.
    public init(
        execution: Execution, message: InboundMessage? = nil, posts: [OutboundPost] = [], audit: [AuditRecord] = [],
        isGated: Bool = false
    ) {
        self.execution = execution
        self.message = message
        self.posts = posts
        self.audit = audit
        self.isGated = isGated
    }
}

/// The end of an attempt, to be stored if the attempt is still the claimed one.
public struct CompletedAttempt: Sendable {
    /// The attempt that is over.
    public var attempt: AttemptKey
    /// The owner that holds the claim.
    public var owner: String
    /// How it ended; its status gives way to `canceled` when that was asked for.
    public var outcome: RunOutcome
    /// When it ended.
    public var at: Instant
    /// The execution as it was claimed: what is stored needs not be read again where its status is still the same.
    public var execution: Execution?
    /// The posts that tell the conversation of it, stored with the end unless that gave way to `canceled`; nil where they are
    /// to be written later.
    public var reply: [OutboundPost]?
    /// Whether a reply is owed, whose own commit will flush this one.
    public var owesReply: Bool
    /// Whether a workflow has to hear of it, whose next step will flush this one.
    public var owesStep = false
    /// Rows about the end, stored only if the end is.
    public var audit: [AuditRecord]
    /// What is requested in the same transaction, unless the end gave way to `canceled`: a retry.
    public var followUp: SubmittedExecution?

    /// A completion from its parts.
    public init(
        attempt: AttemptKey, owner: String, outcome: RunOutcome, at: Instant, owesReply: Bool = false,
        audit: [AuditRecord] = [], followUp: SubmittedExecution? = nil
    ) {
        self.followUp = followUp
        self.attempt = attempt
        self.owner = owner
        self.outcome = outcome
        self.at = at
        self.owesReply = owesReply
        self.audit = audit
    }
}

/// What became of a request to cancel.
public enum CancelAnswer: Sendable {
    /// It was not running: it is `canceled` now and its result is owed.
    case canceled(Execution)
    /// It runs: it is `canceling` now and its runner must be told.
    case canceling(Execution)
    /// It was `canceling` already.
    case alreadyCanceling(Execution)
    /// Its status doesn't allow it.
    case notCancelable(Execution)
    /// There is no such execution.
    case unknown
}

/// Which executions a listing wants.
public struct ExecutionQuery: Sendable {
    /// Only those of this action, `pack.name`; nil for any.
    public var action: String?
    /// Only those in one of these; empty for any.
    public var statuses: [ExecutionStatus] = []
    /// Only those that run for this user; nil for any.
    public var user: String?
    /// nil: any; `.some(nil)`: only those without a parent.
    public var parent: ExecutionID??
    /// Only these; empty for any.
    public var ids: [ExecutionID] = []
    /// Only those requested later than this; nil for any.
    public var startedAfter: Instant?
    /// Only those requested earlier than this; nil for any.
    public var startedBefore: Instant?
    /// Only those that this runner type carries out; nil for any.
    public var runner: String?
    /// Only those requested at these times or between them; nil for any.
    public var started: ClosedRange<Instant>?
    /// Whether the oldest come first.
    public var isAscending = false
    /// What the order goes by before the time of the request.
    public var order: [(key: Key, isAscending: Bool)] = []

    /// What a listing can be ordered by.
    public enum Key: String, Sendable {
        case action, status, user, runner, parent, id, startedAt
    }
    /// -1 for all.
    public var limit = 100
    /// How many to leave out at the beginning.
    public var offset = 0
    /// Whether results are read; a large one costs reading a file.
    public var withResults = true

    /// The newest hundred.
    public init() {}
}

/// A page of executions and how many there are in all.
public struct ExecutionPage: Sendable {
    /// Those of this page, in the order of the query.
    public var executions: [Execution]
    /// How many fit the query, on all pages together.
    public var total: Int

    /// A page from its parts.
    public init(executions: [Execution], total: Int) {
        self.executions = executions
        self.total = total
    }
}

/// The different values that executions have, for the filters of a page.
public struct ExecutionFacets: Sendable, Hashable {
    /// References of actions.
    public var actions: [String]
    /// Statuses.
    public var statuses: [String]
    /// Runner types.
    public var runners: [String]
    /// Users.
    public var users: [String]

    /// Facets from their parts.
    public init(actions: [String], statuses: [String], runners: [String], users: [String]) {
        self.actions = actions
        self.statuses = statuses
        self.runners = runners
        self.users = users
    }
}

/// Executions and their claims.
///
/// Every change names the status, attempt and owner that it expects.
public protocol ExecutionStore: Sendable {
    /// Stores execution, ack and audit, and settles the message. Flushed.
    /// - Returns: false, and nothing is stored, if the message was settled before.
    func submit(_ submission: SubmittedExecution) async throws(CoreError) -> Bool
    /// Stores an execution with the end of its first attempt, which was known at once (see ``complete(_:)``). Flushed.
    /// - Returns: the execution as stored; nil, and nothing is stored, if the message was settled before.
    func submit(_ submission: SubmittedExecution, endedBy completion: CompletedAttempt) async throws(CoreError)
        -> Execution?
    /// Claims the oldest requested executions that are no workflows, at most `limit`: they are `running` with their
    /// attempt raised. Flushed.
    func claim(_ claim: Claim, limit: Int, at: Instant) async throws(CoreError) -> [Execution]
    /// Prolongs all claims of an owner. Written.
    func renewClaims(of owner: String, until: Instant) async throws(CoreError)
    /// Executions whose owner can't be alive: another owner's whose lease has ended or, in a store that one process
    /// holds alone, any other owner's.
    func orphans(notOf owner: String, at: Instant) async throws(CoreError) -> [Execution]
    /// Hands the claim of an attempt to a new owner, the attempt unchanged. Flushed.
    /// - Returns: false if the attempt is not claimed by `oldOwner` any more.
    func adopt(_ attempt: AttemptKey, from oldOwner: String, claim: Claim) async throws(CoreError) -> Bool
    /// Gives an attempt that never started back to the queue. Flushed.
    /// - Returns: false if the attempt is not claimed by that owner any more.
    func requeue(_ attempt: AttemptKey, owner: String, at: Instant) async throws(CoreError) -> Bool
    /// Stores the end of an attempt: written when a reply or a workflow's next step is owed (whose own commit flushes
    /// it), else flushed. An execution that is `canceling` becomes `canceled` whatever the outcome's status says; one
    /// whose outcome is `pending` gives its claim back and goes on as an inquiry.
    /// - Returns: the execution as stored, or nil if the attempt was not the claimed one: nothing has changed then.
    func complete(_ completion: CompletedAttempt) async throws(CoreError) -> Execution?
    /// Records the wish to cancel. Flushed.
    func requestCancel(_ id: ExecutionID, by user: String, at: Instant, audit: [AuditRecord]) async throws(CoreError)
        -> CancelAnswer
    /// The execution with its result, or nil.
    func execution(_ id: ExecutionID) async throws(CoreError) -> Execution?
    /// The same with its documents unread; nil as well where its result is too large to be kept as a text.
    func executionTexts(_ id: ExecutionID) async throws(CoreError) -> ExecutionTexts?
    /// A page of executions, newest first unless the query says otherwise.
    func executions(_ query: ExecutionQuery) async throws(CoreError) -> ExecutionPage
    /// The children of an execution, theirs too down to `depth` levels (-1: all), by the time of the request.
    func children(of id: ExecutionID, depth: Int, limit: Int) async throws(CoreError) -> [Execution]
    /// The different actions, statuses, runners and users that executions have.
    func executionFacets() async throws(CoreError) -> ExecutionFacets
    /// Forgets completed executions that ended before then, with their results and posts; at most `limit`. Written.
    /// What a workflow started stays until the workflow has ended: its results may still be asked for.
    /// - Returns: how many were forgotten.
    func forgetExecutions(endedBefore: Instant, limit: Int) async throws(CoreError) -> Int
    /// How many are in each status that is not completed.
    func openCounts() async throws(CoreError) -> [ExecutionStatus: Int]
}

/// A post in the outbox and how often its sending was tried.
public struct QueuedPost: Sendable {
    /// What is to be sent.
    public var post: OutboundPost
    /// Tries so far that were recorded; each doubles the pause before the next.
    public var attempts: Int
    /// Whether it may have been sent already without a record of it: tried before, or queued by an earlier process.
    public var isDoubtful: Bool

    /// A queued post from its parts.
    public init(post: OutboundPost, attempts: Int, isDoubtful: Bool) {
        self.post = post
        self.attempts = attempts
        self.isDoubtful = isDoubtful
    }
}

/// A post that is to be sent, by its names alone.
public struct UnsentPost: Sendable, Hashable {
    /// Which post it is.
    public var id: DeliveryID
    /// Where it goes.
    public var conversation: Conversation

    /// An unsent post from its parts.
    public init(id: DeliveryID, conversation: Conversation) {
        self.id = id
        self.conversation = conversation
    }
}

/// What is to be done about posts that were told of.
public typealias FollowUp = @Sendable () -> Void

/// Replies that are owed and posts that are to be sent.
public protocol OutboxStore: Sendable {
    /// Completed executions whose reply is not in the outbox yet, oldest first, with their results.
    func owedReplies(limit: Int) async throws(CoreError) -> [Execution]
    /// Stores the reply of an execution and marks it as not owed any more. Flushed.
    /// - Returns: false, and nothing is stored, if it was not owed.
    func settleReply(_ id: ExecutionID, posts: [OutboundPost]) async throws(CoreError) -> Bool
    /// Stores posts that answer no open message; one whose id is there already is left as it is. Flushed.
    func enqueue(_ posts: [OutboundPost]) async throws(CoreError)
    /// Has posts to an adapter told as this process commits them from now on, in the order of their commits and before
    /// whoever committed them goes on. Only the last listener of an adapter is told.
    ///
    /// Other commits wait while it listens. What it returns is done after that, maybe on other threads.
    /// A hint like all news: what was committed before, or elsewhere, is found by ``duePosts(adapter:at:limit:)``.
    func listen(adapter: AdapterName, _ take: @escaping @Sendable ([OutboundPost]) -> [FollowUp])
    /// Posts of an adapter whose time has come: of each conversation only the oldest that is unsent, so order holds.
    ///
    /// Where a post takes the place of one that was sent, the platform's id of that one is filled in. Once a post is sent or
    /// refused, the callback of its address is forgotten; an execution's is when its reply is settled, a message's when it is.
    func duePosts(adapter: AdapterName, at: Instant, limit: Int) async throws(CoreError) -> [QueuedPost]
    /// The unsent posts of an adapter, in their order; at most `limit`.
    func unsentPosts(adapter: AdapterName, limit: Int) async throws(CoreError) -> [UnsentPost]
    /// The platform's id of a post; nil when it was not recorded.
    func platformID(of id: DeliveryID) async throws(CoreError) -> String?
    /// When the next post that waits for a retry is due; nil when none waits.
    func nextRetry(adapter: AdapterName) async throws(CoreError) -> Instant?
    /// Records that a post is on the platform under an id. Written.
    func recordSent(_ id: DeliveryID, platformID: String, at: Instant) async throws(CoreError)
    /// Records that sending failed and when it is to be tried again. Written.
    func recordRetry(_ id: DeliveryID, at: Instant, reason: String) async throws(CoreError)
    /// Records that the platform will never take it: it is kept for the operator and holds nobody up. Flushed.
    func recordRefused(_ id: DeliveryID, reason: String, at: Instant) async throws(CoreError)
    /// Forgets posts that were sent or refused before then, and lines of local rooms from before then. Written.
    func forgetPosts(before: Instant) async throws(CoreError)
    /// How many posts are unsent and how many were refused.
    func outboxCounts() async throws(CoreError) -> (unsent: Int, refused: Int)
    /// The execution that a thread is about: the newest of those whose command or whose posts it hangs below, or that were
    /// asked for in it. Known as soon as a post speaks of the execution; nil for a conversation that is no thread.
    func execution(ofThread thread: Conversation) async throws(CoreError) -> ExecutionID?
}

/// Questions that Petrel has asked people, whose next words complete a command.
public protocol QuestionStore: Sendable {
    /// Stores a question; it takes the place of an earlier one to the same person in the same channel. Written.
    func ask(_ question: Question, at: Instant) async throws(CoreError)
    /// The question that a message answers, which is closed by it: the one in its channel to its sender, asked since then,
    /// that no other message has answered. Asked again for the same message, it is the same question. Written.
    ///
    /// A question that was asked in a thread is answered in that thread, in a direct conversation also outside it; a choice
    /// that is taken answers wherever the platform says that it stands.
    func takeQuestion(answeredBy message: InboundMessage, askedSince: Instant) async throws(CoreError) -> Question?
    /// Forgets questions that were asked before then. Written.
    func forgetQuestions(before: Instant) async throws(CoreError)
}

/// The audit trail.
///
/// Most rows are stored inside the transactions of the other ports.
public protocol AuditStore: Sendable {
    /// Stores rows that belong to no other transaction. Written.
    func record(_ records: [AuditRecord]) async throws(CoreError)
    /// The newest rows first; at most `limit`.
    func auditRecords(limit: Int, offset: Int) async throws(CoreError) -> [AuditRecord]
    /// Walks the whole chain: whether every row is as it was written, none is missing and none was added.
    func auditVerdict() async throws(CoreError) -> AuditVerdict
    /// Forgets rows that are older; the chain then begins at the row after them. Written.
    func forgetAudit(before: Instant) async throws(CoreError)
}

/// What a walk along the audit trail's chain found.
public struct AuditVerdict: Sendable, Hashable {
    /// How many rows were looked at.
    public var rows: Int
    /// What is wrong first, in a sentence; nil when the chain is whole.
    public var problem: String?

    /// A verdict from its parts.
    public init(rows: Int, problem: String?) {
        self.rows = rows
        self.problem = problem
    }
}

/// One content file that was read without error.
public struct ContentRecord: Sendable, Hashable {
    /// What a content file declares.
    public enum Kind: String, Sendable, CaseIterable {
        case pack, action, alias, policy
        /// The file that an action's `entry_point` names; its ref is the action's, its document holds the `text`.
        case workflow
        case rule, trigger, sensor
        case triggerType = "trigger_type"
    }
    /// The id by which the API knows it; it stays when the file changes.
    public var id: ContentID
    /// What the file declares; with ``ref`` it is the record's key.
    public var kind: Kind
    /// `pack.name`, or the pack's ref for a pack.
    public var ref: String
    /// The pack's folder.
    public var packPath: String
    /// The file, relative to the pack.
    public var file: String
    /// SHA-256 of the file: an unchanged file is not read again.
    public var hash: String
    /// The metadata as written.
    public var document: ValueObject

    /// A record from its parts.
    public init(
        id: ContentID, kind: Kind, ref: String, packPath: String, file: String, hash: String, document: ValueObject
    ) {
        self.id = id
        self.kind = kind
        self.ref = ref
        self.packPath = packPath
        self.file = file
        self.hash = hash
        self.document = document
    }
}

/// The last good version of every content file, so that a broken edit takes nothing away, not even over a restart.
public protocol ContentStore: Sendable {
    /// All records, in order of kind and ref.
    func content() async throws(CoreError) -> [ContentRecord]
    /// The record of a kind and reference, or nil.
    func contentRecord(_ kind: ContentRecord.Kind, _ ref: String) async throws(CoreError) -> ContentRecord?
    /// Stores changed records (matched by kind and ref; the id of a known one is kept) and removes others. Flushed.
    func changeContent(put: [ContentRecord], remove: [ContentRecord], audit: [AuditRecord]) async throws(CoreError)
}

/// Who chat people are.
public protocol IdentityStore: Sendable {
    /// The mapping of a person, or nil.
    func mapping(adapter: AdapterName, personID: String) async throws(CoreError) -> IdentityMapping?
    /// Whether some person of the adapter is an administrator.
    func hasAdministrator(adapter: AdapterName) async throws(CoreError) -> Bool
    /// Makes a person the administrator of an adapter that has none. Flushed.
    /// - Returns: false, and nothing is stored, if it has one.
    func claimAdministrator(_ mapping: IdentityMapping, audit: [AuditRecord]) async throws(CoreError) -> Bool
}

/// All ports of one store.
public protocol Storage: InboxStore, ExecutionStore, OutboxStore, AuditStore, ContentStore, IdentityStore, RoomStore,
    CredentialStore, QuestionStore, WorkflowStore, InquiryStore, KeyStore,
    PolicyStore, EventStore, LeaseStore
{
    /// Whether the store can be written now, and if not, why: for `/readyz`.
    func writability() async -> StoreHealth
}

/// Whether a store can be written.
public enum StoreHealth: Sendable, Hashable {
    case writable
    case unwritable(reason: String)
}
