/// The names under which one chat platform connection is known: the `name` of a `chat.adapters` entry.
public typealias AdapterName = String

/// Where a message stands and where its answers go.
public struct Conversation: Sendable, Hashable {
    /// The adapter that carries it.
    public var adapter: AdapterName
    /// The platform's stable id of the channel or direct conversation.
    public var channel: String
    /// The platform's id of the thread; nil for the channel itself.
    public var thread: String?

    /// A place on a platform.
    public init(adapter: AdapterName, channel: String, thread: String? = nil) {
        self.adapter = adapter
        self.channel = channel
        self.thread = thread
    }
}

/// The key that says whether two deliveries are one message: adapter and the platform's event id.
public struct MessageKey: Sendable, Hashable {
    /// The adapter that delivered it.
    public var adapter: AdapterName
    /// The platform's id of the event, the same each time that it is delivered.
    public var eventID: String

    /// A key from its two parts.
    public init(adapter: AdapterName, eventID: String) {
        self.adapter = adapter
        self.eventID = eventID
    }
}

/// A message as an adapter decoded it, before anybody decided what it means.
public struct InboundMessage: Sendable, Hashable {
    /// The key under which it is stored, and decided on, once.
    public var key: MessageKey
    /// Where it was said; answers go there too.
    public var conversation: Conversation
    /// Who wrote it, by the platform's stable id.
    public var sender: ChatPerson
    /// The text after the adapter took the platform's markup away.
    public var text: String
    /// The platform's own id of the message, for replies and threads.
    public var platformID: String
    /// Whether the bot was addressed without a prefix: a direct message or a mention.
    public var isAddressed: Bool
    /// When the platform says it was written.
    public var sentAt: Instant

    /// A decoded message.
    public init(
        key: MessageKey, conversation: Conversation, sender: ChatPerson, text: String, platformID: String,
        isAddressed: Bool, sentAt: Instant
    ) {
        self.key = key
        self.conversation = conversation
        self.sender = sender
        self.text = text
        self.platformID = platformID
        self.isAddressed = isAddressed
        self.sentAt = sentAt
    }
}

/// Where the answers to a message go, kept with an execution until its result is posted.
public struct ReplyAddress: Sendable, Hashable {
    /// Where answers are posted.
    public var conversation: Conversation
    /// The message that asked.
    public var message: MessageKey
    /// The platform's id of that message.
    public var platformID: String
    /// Who asked.
    public var person: ChatPerson

    /// The address for answers to a message.
    public init(to message: InboundMessage) {
        self.init(
            conversation: message.conversation, message: message.key, platformID: message.platformID,
            person: message.sender)
    }

    /// An address from its parts.
    public init(conversation: Conversation, message: MessageKey, platformID: String, person: ChatPerson) {
        self.conversation = conversation
        self.message = message
        self.platformID = platformID
        self.person = person
    }
}

/// What an outgoing post is for; clients colour by it and `petrel chat` takes its exit code from it.
public enum PostKind: String, Sendable, CaseIterable {
    /// An execution was started.
    case ack
    /// An execution ended; the post's `status` says how.
    case result
    /// An answer of the bot itself: help, cancel, claim, explain.
    case answer
    /// The asker may not do this.
    case refused
    /// Nothing fits the text.
    case unmatched
    /// The command fits but can't be run: ambiguous, a bad parameter, a missing action.
    case invalid
    /// Word from the service: starting again, disk full, away too long.
    case notice
}

/// A message that Petrel owes to a conversation.
public struct OutboundPost: Sendable, Hashable {
    /// Sent along to the platform, so that a doubtful send can be looked up.
    public var id: DeliveryID
    /// The conversation it goes to and the message it answers.
    public var to: ReplyAddress
    /// What it is for.
    public var kind: PostKind
    /// What is posted; a result is cut to the platform's size before it gets here.
    public var text: String
    /// The execution it speaks of.
    public var execution: ExecutionID?
    /// That execution's status, on a `result`.
    public var status: ExecutionStatus?
    /// Whether nothing more will follow for the message that asked.
    public var isFinal: Bool

    /// A post to be committed to the outbox.
    public init(
        id: DeliveryID, to: ReplyAddress, kind: PostKind, text: String, execution: ExecutionID? = nil,
        status: ExecutionStatus? = nil, isFinal: Bool
    ) {
        self.id = id
        self.to = to
        self.kind = kind
        self.text = text
        self.execution = execution
        self.status = status
        self.isFinal = isFinal
    }
}
