/// One line of the local room: what a person said or what Petrel answered.
public struct RoomPost: Sendable, Hashable {
    /// Counts up over all rooms, from 1.
    public var sequence: Int
    /// The room's name; one that begins with `#` is a channel, any other a direct conversation.
    public var room: String
    /// Unique: the client's key of a message, or the delivery id of an answer.
    ///
    /// Storing it twice stores it once.
    public var key: String
    /// The key of the message that it answers; nil for what people say.
    public var inReplyTo: String?
    /// The user who said it; `petrel` for an answer.
    public var author: String
    /// Whether the author is the service's owner: at its own terminal, or with the admin token.
    public var isOwner: Bool
    /// What was said; it may have several lines.
    public var text: String
    /// nil for what people say.
    public var kind: PostKind?
    /// The execution that an answer speaks of.
    public var execution: ExecutionID?
    /// That execution's status, on a `result`.
    public var status: ExecutionStatus?
    /// Whether nothing more will follow for the message that it answers.
    public var isFinal: Bool
    /// When it was said for the first time.
    public var at: Instant

    /// A line from its parts; the store gives the sequence.
    public init(
        sequence: Int = 0, room: String, key: String, inReplyTo: String? = nil, author: String,
        isOwner: Bool = false, text: String, kind: PostKind? = nil, execution: ExecutionID? = nil,
        status: ExecutionStatus? = nil, isFinal: Bool = false,
        at: Instant
    ) {
        self.sequence = sequence
        self.room = room
        self.key = key
        self.inReplyTo = inReplyTo
        self.author = author
        self.isOwner = isOwner
        self.text = text
        self.kind = kind
        self.execution = execution
        self.status = status
        self.isFinal = isFinal
        self.at = at
    }

    /// Whether a line says what another one says, by the same person in the same room.
    public func isSaying(_ other: RoomPost) -> Bool {
        room == other.room && author == other.author && text == other.text && kind == nil
    }
}

/// The local room's memory; to Petrel it is what Slack's servers are, so it is a store of its own.
public protocol RoomStore: Sendable {
    /// Has what is said to an adapter, and what is posted to it, made lines of its rooms from now on.
    ///
    /// A message is a line with the transaction that decides on it; one whose key another line has counts as settled. A post
    /// is a line with the transaction that makes it, and sent with that; behind posts of its conversation that are not sent
    /// it waits in the outbox.
    ///
    /// `told` hears of each line that is committed from then on: in the order of the lines, and before whoever committed it
    /// goes on. It must not wait.
    func keepRooms(
        of adapter: AdapterName, said: @escaping @Sendable (InboundMessage) -> RoomPost,
        posted: @escaping @Sendable (OutboundPost) -> RoomPost, told: @escaping @Sendable (RoomPost) -> Void)
    /// Stores the line of a post of the outbox, whose delivery id is its key, or finds it: the post is sent with that.
    /// Written; `invalidInput` if what somebody said has the key.
    func deliver(_ post: RoomPost, of adapter: AdapterName) async throws(CoreError) -> RoomPost
    /// The line with a key, or nil.
    func roomPost(key: String) async throws(CoreError) -> RoomPost?
    /// Lines of a room after a sequence number, oldest first; at most `limit`.
    func roomPosts(room: String, after: Int, limit: Int) async throws(CoreError) -> [RoomPost]
    /// The newest lines of a room, oldest first; at most `limit`.
    func lastRoomPosts(room: String, limit: Int) async throws(CoreError) -> [RoomPost]
}
