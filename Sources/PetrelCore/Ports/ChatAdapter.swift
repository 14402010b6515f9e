/// What a chat platform can do; Petrel adapts what it sends.
public struct ChatCapabilities: Sendable, Hashable {
    /// Most characters of the text of one post; the adapter splits it or sends it as a file where one message of the
    /// platform holds less.
    public var maxPostCharacters: Int
    /// Whether posts can be looked up by delivery id, so that a doubtful send is not repeated.
    public var findsDeliveries: Bool
    /// Whether sending a post records that it is delivered, in one step with it.
    public var recordsDeliveries: Bool
    /// Whether answers can stand in a thread below the message that asked.
    public var hasThreads: Bool
    /// Whether a post can be changed later.
    public var canEdit: Bool
    /// Whether messages missed while away can be fetched.
    public var hasHistory: Bool
    /// Whether a post can be shown to the asker alone, in the conversation; if not, it goes to them directly.
    public var canPostEphemeral: Bool
    /// Whether a file can be sent; if not, its text is, as far as one post holds it.
    public var takesFiles: Bool
    /// Whether choices are buttons; if not, they are written as what to say.
    public var hasButtons: Bool
    /// Whether a person can be written to directly.
    public var hasDirectConversations: Bool

    /// Capabilities of a platform.
    public init(
        maxPostCharacters: Int, findsDeliveries: Bool, hasThreads: Bool, canEdit: Bool, hasHistory: Bool,
        canPostEphemeral: Bool = false, takesFiles: Bool = false, hasButtons: Bool = false,
        hasDirectConversations: Bool = false, recordsDeliveries: Bool = false
    ) {
        self.maxPostCharacters = maxPostCharacters
        self.findsDeliveries = findsDeliveries
        self.hasThreads = hasThreads
        self.canEdit = canEdit
        self.hasHistory = hasHistory
        self.canPostEphemeral = canPostEphemeral
        self.takesFiles = takesFiles
        self.hasButtons = hasButtons
        self.hasDirectConversations = hasDirectConversations
        self.recordsDeliveries = recordsDeliveries
    }
}

/// What came of sending a post.
public enum Delivery: Sendable, Hashable {
    /// It is on the platform under this id.
    case delivered(id: String)
    /// It was not taken; the same post may be taken after a while.
    case retry(after: Duration, reason: String)
    /// It may or may not have arrived: look it up before sending again.
    case doubtful(reason: String)
    /// The platform will never take it.
    case refused(reason: String)
}

/// What a platform says about an earlier send.
public enum DeliveryTrace: Sendable, Hashable {
    case delivered(id: String)
    /// It is not there, or not all of it: sending it again adds what is missing.
    case absent
    /// The platform can't tell now.
    case unknown(reason: String)
}

/// How a connection to a chat platform is doing, for `/readyz` and the web page.
public struct AdapterHealth: Sendable, Hashable {
    /// What the connection is at.
    public enum State: String, Sendable, CaseIterable {
        /// `run` has not begun or has ended.
        case stopped
        /// A connection is being opened, or waits its turn after one that failed.
        case connecting
        /// Messages can come in.
        case connected
        /// The platform won't have it: a bad token, a missing scope, switched off. It is tried again once a minute.
        case refused
    }

    /// What the connection is at.
    public var state: State
    /// When that began.
    public var since: Instant?
    /// When something last came from the platform.
    public var lastEventAt: Instant?
    /// What went wrong last, in words for an operator; it stays after things have gone well again.
    public var lastError: String?
    /// When that was.
    public var lastErrorAt: Instant?
    /// How often the connection has been opened.
    public var connections: Int
    /// How many frames and events could not be read and were left out.
    public var skipped: Int

    /// The health of a connection.
    public init(
        state: State, since: Instant? = nil, lastEventAt: Instant? = nil, lastError: String? = nil,
        lastErrorAt: Instant? = nil, connections: Int = 0, skipped: Int = 0
    ) {
        self.state = state
        self.since = since
        self.lastEventAt = lastEventAt
        self.lastError = lastError
        self.lastErrorAt = lastErrorAt
        self.connections = connections
        self.skipped = skipped
    }
}

/// Takes the messages that adapters decode.
public protocol InboundReceiver: Sendable {
    /// Stores the message and decides on it.
    ///
    /// When this returns, message and decision are on disk and the adapter may acknowledge to the platform; when it throws,
    /// it must not.
    func receive(_ message: InboundMessage) async throws(CoreError)
    /// When a message of this adapter was last stored; nil if none ever was.
    ///
    /// From a little before then the adapter fetches what was said while nobody listened.
    func lastMessageAt(adapter: AdapterName) async -> Instant?
}

extension InboundReceiver {
    /// Never: nothing is fetched.
    public func lastMessageAt(adapter: AdapterName) async -> Instant? { nil }
}

/// A connection to one chat platform.
///
/// Inbound: a message is handed on with a key that is the same each time the platform delivers it, in whatever form, also
/// when it is fetched from the history; it is acknowledged after `receive` returned and not when it threw. Messages of one
/// channel are handed on one after the other. The bot's own messages, those of other bots and, unless the adapter is told
/// otherwise, edits are left out. The platform's markup is decoded, quotes and blanks are left as they are.
///
/// Outbound: nothing in a text mentions anybody unless the post allows it; control characters, terminal colours and marks
/// that turn the direction of text are taken out; a text that is too long for one message of the platform comes as several,
/// with code fences closed and opened again, and above a threshold as a file. Order within a conversation is the caller's:
/// it sends the next post when the last one is answered.
///
/// Checked by `AdapterConformance`.
public protocol ChatAdapter: Sendable {
    /// The name of its `chat.adapters` entry.
    var name: AdapterName { get }
    var capabilities: ChatCapabilities { get }
    /// How the connection is doing now.
    var health: AdapterHealth { get }
    /// Connects and hands messages on until the task is cancelled; reconnects by itself, and after each gap hands on what
    /// was said meanwhile. It is called once.
    func run(receiver: any InboundReceiver) async
    /// Sends one post. The post's id goes with it, so that it can be found again. Sent again after `retry`, `doubtful` or
    /// an `absent` trace it goes on where it stopped.
    func send(_ post: OutboundPost) async -> Delivery
    /// Looks for an earlier send by its id.
    func find(_ id: DeliveryID) async -> DeliveryTrace
    /// Looks for an earlier send of this post, in the conversation it went to.
    func find(_ post: OutboundPost) async -> DeliveryTrace
}

extension ChatAdapter {
    /// A connection that is always there.
    public var health: AdapterHealth { AdapterHealth(state: .connected) }
    /// Looks for it by its id alone.
    public func find(_ post: OutboundPost) async -> DeliveryTrace { await find(post.id) }
}

/// A request that a chat platform makes to Petrel: a slash command or a pressed button of a platform that sends those by
/// HTTP.
public struct PlatformCallback: Sendable {
    /// Names in lower case.
    public var headers: [String: String]
    /// The body as it came; the caller bounds its size.
    public var body: [UInt8]

    /// A request from its parts.
    public init(headers: [String: String], body: [UInt8]) {
        self.headers = headers
        self.body = body
    }
}

/// The answer to a ``PlatformCallback``.
public struct PlatformCallbackAnswer: Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// JSON.
    public var body: Value

    /// An answer from its parts.
    public init(status: Int, body: Value) {
        self.status = status
        self.body = body
    }
}

/// An adapter whose platform calls Petrel.
///
/// A route of the service hands the requests on; who may call is checked here, by the platform's token.
public protocol CallbackAdapter: ChatAdapter {
    /// Checks the request, hands the message in it on and says what the platform is answered; in a few seconds at most.
    func answer(_ callback: PlatformCallback, receiver: any InboundReceiver) async -> PlatformCallbackAnswer
}
