public import PetrelCore

/// The local room as the API and the terminal use it: what is said goes straight into the inbox.
public struct RoomDoor: ChatRoom {
    private let room: LocalRoom
    private let receiver: any InboundReceiver

    /// The door of a room whose messages go to a receiver.
    public init(room: LocalRoom, receiver: any InboundReceiver) {
        self.room = room
        self.receiver = receiver
    }

    /// The name of the room as a platform; it may be one that no setting names.
    public var name: AdapterName { room.name }

    /// Keeps the room's time until the task is cancelled.
    public func run() async { await room.run(receiver: receiver) }

    /// Takes the author for the chat person's id and name.
    public func say(_ text: String, room name: String, key: String, author: String, isOwner: Bool)
        async throws(CoreError) -> RoomPost
    {
        let person = ChatPerson(adapter: room.name, id: author, name: author, isOwner: isOwner)
        return try await room.say(text, room: name, key: key, person: person, receiver: receiver)
    }

    /// See ``ChatRoom/posts(room:after:limit:wait:)``.
    public func posts(room name: String, after: Int, limit: Int, wait: Duration) async throws(CoreError) -> [RoomPost] {
        try await room.posts(room: name, after: after, limit: limit, wait: wait)
    }
}
