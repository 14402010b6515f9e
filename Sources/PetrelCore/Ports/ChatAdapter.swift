/// What a chat platform can do; Petrel adapts what it sends.
public struct ChatCapabilities: Sendable, Hashable {
    /// Most characters of one post.
    public var maxPostCharacters: Int
    /// Whether posts can be looked up by delivery id, so that a doubtful send is not repeated.
    public var findsDeliveries: Bool
    /// Whether answers can stand in a thread below the message that asked.
    public var hasThreads: Bool
    /// Whether a post can be changed later.
    public var canEdit: Bool
    /// Whether messages missed while away can be fetched.
    public var hasHistory: Bool

    /// Capabilities of a platform.
    public init(maxPostCharacters: Int, findsDeliveries: Bool, hasThreads: Bool, canEdit: Bool, hasHistory: Bool) {
        self.maxPostCharacters = maxPostCharacters
        self.findsDeliveries = findsDeliveries
        self.hasThreads = hasThreads
        self.canEdit = canEdit
        self.hasHistory = hasHistory
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
    case absent
    /// The platform can't tell now.
    case unknown(reason: String)
}

/// Takes the messages that adapters decode.
public protocol InboundReceiver: Sendable {
    /// Stores the message and decides on it. When this returns, message and decision are on disk and the adapter may
    /// acknowledge to the platform; when it throws, it must not.
    func receive(_ message: InboundMessage) async throws(CoreError)
}

/// A connection to one chat platform.
///
/// Checked by `AdapterConformance`.
public protocol ChatAdapter: Sendable {
    /// The name of its `chat.adapters` entry.
    var name: AdapterName { get }
    var capabilities: ChatCapabilities { get }
    /// Connects and hands messages on until the task is cancelled; reconnects by itself.
    func run(receiver: any InboundReceiver) async
    /// Sends one post. The post's id goes with it, so that it can be found again.
    func send(_ post: OutboundPost) async -> Delivery
    /// Looks for an earlier send by its id.
    func find(_ id: DeliveryID) async -> DeliveryTrace
}
