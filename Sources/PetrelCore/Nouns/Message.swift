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

/// How a message was said.
public enum InboundKind: String, Sendable, CaseIterable {
    /// It was written in the conversation.
    case message
    /// It was given to a slash command; nobody else sees it.
    case slashCommand
    /// A choice of a post was taken; the text is the choice's, `platformID` is the post's.
    case choice
    /// A message said earlier was changed; `platformID` is that message's. Adapters leave these out unless told otherwise.
    case edit
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
    /// How it was said.
    public var kind: InboundKind
    /// Whether nobody but its sender and Petrel sees the conversation.
    public var isDirect: Bool
    /// The channel's name, for people and for policies; nil in a direct conversation and where it is not known.
    public var channelName: String?
    /// Where the platform takes answers to this message for a while, such as a response URL; as good as a password.
    public var callback: String?

    /// A decoded message.
    public init(
        key: MessageKey, conversation: Conversation, sender: ChatPerson, text: String, platformID: String,
        isAddressed: Bool, sentAt: Instant, kind: InboundKind = .message, isDirect: Bool = false,
        channelName: String? = nil, callback: String? = nil
    ) {
        self.key = key
        self.conversation = conversation
        self.sender = sender
        self.text = text
        self.platformID = platformID
        self.isAddressed = isAddressed
        self.sentAt = sentAt
        self.kind = kind
        self.isDirect = isDirect
        self.channelName = channelName
        self.callback = callback
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
    /// The message's ``InboundMessage/callback``.
    public var callback: String?

    /// The address for answers to a message.
    public init(to message: InboundMessage) {
        self.init(
            conversation: message.conversation, message: message.key, platformID: message.platformID,
            person: message.sender, callback: message.callback)
    }

    /// An address from its parts.
    public init(
        conversation: Conversation, message: MessageKey, platformID: String, person: ChatPerson,
        callback: String? = nil
    ) {
        self.conversation = conversation
        self.message = message
        self.platformID = platformID
        self.person = person
        self.callback = callback
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
    /// Something that the asker is to say before the command can run: a value, or which command was meant.
    case question
    /// Word from the service: starting again, disk full, away too long.
    case notice
}

/// Where an answer stands, seen from the message that asked.
public enum PostPlacement: String, Sendable, CaseIterable {
    /// Where the message stands: in its thread if it was said in one, else in the channel.
    case inPlace = "in_place"
    /// In the thread below the message, which begins with it if need be.
    case thread
    /// In the channel, also if the message was said in a thread.
    case channel
    /// In the direct conversation with whoever asked.
    case direct
}

/// A post that a later one takes the place of.
public struct EarlierPost: Sendable, Hashable {
    /// The id under which it was sent.
    public var id: DeliveryID
    /// The platform's id of it; the outbox fills it in when it sends, nil when it was not recorded.
    public var platformID: String?

    /// A reference to a post.
    public init(id: DeliveryID, platformID: String? = nil) {
        self.id = id
        self.platformID = platformID
    }
}

/// A file that goes with a post.
public struct PostFile: Sendable, Hashable {
    /// Its name, with an extension.
    public var name: String
    /// What is in it.
    public var bytes: [UInt8]

    /// A file from its parts.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Something that a reader of a post can choose.
public struct PostChoice: Sendable, Hashable {
    /// What the button says.
    public var label: String
    /// What whoever takes it says by it; it comes in as a message of kind ``InboundKind/choice``.
    public var text: String

    /// A choice from its parts.
    public init(label: String, text: String) {
        self.label = label
        self.text = text
    }
}

/// A message that Petrel owes to a conversation.
public struct OutboundPost: Sendable, Hashable {
    /// Sent along to the platform, so that a doubtful send can be looked up.
    public var id: DeliveryID
    /// The conversation it goes to and the message it answers.
    public var to: ReplyAddress
    /// What it is for.
    public var kind: PostKind
    /// What is posted; the adapter splits it or sends it as a file where a message of the platform holds less.
    public var text: String
    /// The execution it speaks of.
    public var execution: ExecutionID?
    /// That execution's status, on a `result`.
    public var status: ExecutionStatus?
    /// Whether nothing more will follow for the message that asked.
    public var isFinal: Bool
    /// Where it stands.
    public var placement: PostPlacement
    /// The post that it takes the place of; where that can't be changed any more, it is posted anew.
    public var replaces: EarlierPost?
    /// Whether only the asker sees it; such a post can't be looked up or changed.
    public var isEphemeral: Bool
    /// A file that goes with it.
    public var file: PostFile?
    /// What a reader can choose.
    public var choices: [PostChoice]
    /// Whether mentions in the text, in the platform's own form, call the people they name.
    public var allowsMentions: Bool
    /// What an alias says for one platform alone, by platform, such as `slack: {attachments: […]}`.
    public var extra: ValueObject

    /// A post to be committed to the outbox.
    public init(
        id: DeliveryID, to: ReplyAddress, kind: PostKind, text: String, execution: ExecutionID? = nil,
        status: ExecutionStatus? = nil, isFinal: Bool, placement: PostPlacement = .inPlace,
        replaces: EarlierPost? = nil, isEphemeral: Bool = false, file: PostFile? = nil, choices: [PostChoice] = [],
        allowsMentions: Bool = false, extra: ValueObject = [:]
    ) {
        self.id = id
        self.to = to
        self.kind = kind
        self.text = text
        self.execution = execution
        self.status = status
        self.isFinal = isFinal
        self.placement = placement
        self.replaces = replaces
        self.isEphemeral = isEphemeral
        self.file = file
        self.choices = choices
        self.allowsMentions = allowsMentions
        self.extra = extra
    }
}
