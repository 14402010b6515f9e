public import PetrelCore

/// The local room: a chat platform inside the service, for its own terminal and for `petrel chat`.
///
/// A room whose name begins with `#` is a channel, where Petrel is addressed by prefix or name; any other room is a direct
/// conversation with it.
public struct LocalRoom: ChatAdapter {
    /// The room that is open where nothing else is said.
    public static let defaultName = "room"
    /// Longest message that is taken.
    public static let maxMessageBytes = 16 << 10

    /// See ``ChatAdapter/name``.
    public let name: AdapterName
    private let store: any RoomStore
    private let clock: any PetrelClock
    private let waiters: RoomWaiters

    /// A room over its store, to which posts go from now on with the transactions that make them.
    public init(name: AdapterName, store: any RoomStore, clock: any PetrelClock) {
        self.name = name
        self.store = store
        self.clock = clock
        let waiters = RoomWaiters()
        self.waiters = waiters
        store.keepRooms(of: name, said: Self.line, posted: { Self.line($0, at: clock.now) }, told: waiters.add)
    }

    /// Lines alone; a post is found again by its delivery id, which is its line's key.
    public var capabilities: ChatCapabilities {
        ChatCapabilities(
            maxPostCharacters: 60_000, findsDeliveries: true, hasThreads: false, canEdit: false, hasHistory: false,
            recordsDeliveries: true)
    }

    /// Ends the waits whose time is over; what is said comes by ``say(_:room:key:person:receiver:)``, and is in the inbox
    /// with that.
    public func run(receiver: any InboundReceiver) async {
        while !Task.isCancelled {
            try? await clock.sleep(for: .seconds(1))
            waiters.endWaits(at: clock.now)
        }
    }

    /// Says something in a room as a person.
    ///
    /// The key makes it safe to say it again when an answer was lost.
    /// - Returns: the line as it stands in the room, when message and decision are on disk.
    public func say(_ text: String, room: String, key: String, person: ChatPerson, receiver: any InboundReceiver)
        async throws(CoreError) -> RoomPost
    {
        guard text.utf8.count <= Self.maxMessageBytes else {
            throw CoreError(
                .invalidInput, "the message has \(text.utf8.count) bytes; \(Self.maxMessageBytes) are allowed")
        }
        let message = message(text, room: room, key: key, person: person)
        try await receiver.receive(message)
        let said = Self.line(message)
        let line = try await store.roomPost(key: key) ?? said
        guard line.isSaying(said) else {
            throw CoreError(.invalidInput, "the key \(key) belongs to another message", hint: "Use a fresh key")
        }
        return line
    }

    /// Lines after a sequence number; waits for one if there is none, so long and less than a second longer.
    public func posts(room: String, after: Int, limit: Int, wait: Duration) async throws(CoreError) -> [RoomPost] {
        guard after >= 0 else { return try await store.lastRoomPosts(room: room, limit: min(-after, limit)) }
        guard wait > .zero else { return try await store.roomPosts(room: room, after: after, limit: limit) }
        let end = clock.now + wait
        let next = waiters.begin(room: room, after: after)
        defer { waiters.end(next) }
        let posts = try await store.roomPosts(room: room, after: after, limit: limit)
        return posts.isEmpty ? await waiters.line(next, until: end).map { [$0] } ?? [] : posts
    }

    /// Adds a post that the outbox has kept to the room as a line, and records that with it; sending it again finds that line.
    public func send(_ post: OutboundPost) async -> Delivery {
        do throws(CoreError) {
            let stored = try await store.deliver(Self.line(post, at: clock.now), of: name)
            return .delivered(id: String(stored.sequence))
        } catch {
            return error.code == .invalidInput
                ? .refused(reason: error.message) : .retry(after: .seconds(1), reason: error.message)
        }
    }

    /// Looks for the line whose key is the delivery id.
    public func find(_ id: DeliveryID) async -> DeliveryTrace {
        do throws(CoreError) {
            guard let post = try await store.roomPost(key: id.text), post.kind != nil else { return .absent }
            return .delivered(id: String(post.sequence))
        } catch {
            return .unknown(reason: error.message)
        }
    }

    private func message(_ text: String, room: String, key: String, person: ChatPerson) -> InboundMessage {
        InboundMessage(
            key: MessageKey(adapter: name, eventID: key), conversation: Conversation(adapter: name, channel: room),
            sender: person, text: text, platformID: key, isAddressed: !room.hasPrefix("#"), sentAt: clock.now,
            isDirect: !room.hasPrefix("#"), channelName: room.hasPrefix("#") ? String(room.dropFirst()) : nil)
    }

    @Sendable private static func line(_ message: InboundMessage) -> RoomPost {
        RoomPost(
            room: message.conversation.channel, key: message.key.eventID, author: message.sender.id,
            isOwner: message.sender.isOwner, text: message.text, at: message.sentAt)
    }

    private static func line(_ post: OutboundPost, at: Instant) -> RoomPost {
        RoomPost(
            room: post.to.conversation.channel, key: post.id.text, inReplyTo: post.to.message.eventID,
            author: "petrel", text: post.text, kind: post.kind, execution: post.execution, status: post.status,
            isFinal: post.isFinal, at: at)
    }
}
