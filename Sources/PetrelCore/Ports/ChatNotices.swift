/// Something that Petrel says in a channel although nobody asked.
public struct ChatNotice: Sendable, Hashable {
    /// The name of the `chat.adapters` entry.
    public var adapter: AdapterName
    /// The platform's id of the channel; where the adapter knows names, also `#name`.
    public var channel: String
    /// The platform's id of the thread, if it is to stand in one.
    public var thread: String?
    /// What is said, in the platform's own markup.
    public var text: String
    /// The execution that it speaks of: the thread below it is that execution's.
    public var execution: ExecutionID?
    /// That execution's status, if it has ended.
    public var status: ExecutionStatus?
    /// The id under which it is sent, so that a second notice of that id is not posted; nil for a fresh one.
    public var id: DeliveryID?
    /// Whether mentions in the text call the people they name.
    public var allowsMentions: Bool
    /// What is said for one platform alone, by platform.
    public var extra: ValueObject

    /// A notice from its parts.
    public init(
        adapter: AdapterName, channel: String, thread: String? = nil, text: String, execution: ExecutionID? = nil,
        status: ExecutionStatus? = nil, id: DeliveryID? = nil, allowsMentions: Bool = false, extra: ValueObject = [:]
    ) {
        self.adapter = adapter
        self.channel = channel
        self.thread = thread
        self.text = text
        self.execution = execution
        self.status = status
        self.id = id
        self.allowsMentions = allowsMentions
        self.extra = extra
    }
}

/// Says things in the channels of the chat platforms.
public protocol ChatNotices: Sendable {
    /// The adapters whose channels can be named.
    var adapters: Set<AdapterName> { get }
    /// Puts a notice into the outbox; it is on disk when this returns, and is posted at least once after that.
    /// - Throws: ``CoreError`` `invalidInput` when there is no such adapter, `unavailable` when it can't be stored.
    /// - Returns: the id under which it is sent.
    @discardableResult
    func post(_ notice: ChatNotice) async throws(CoreError) -> DeliveryID
}
