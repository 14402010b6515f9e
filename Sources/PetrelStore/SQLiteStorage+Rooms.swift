import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``RoomStore/hear(_:as:)``.
    public func hear(
        _ post: RoomPost, as message: @escaping @Sendable (RoomPost) -> InboundMessage
    ) async throws(CoreError) -> (line: RoomPost, receipt: InboxReceipt) {
        FaultPoint.inboxBeforeCommit.pass()
        let outgoing = outgoing
        let heard: (line: RoomPost, receipt: InboxReceipt) = try await queue.commit(.written) { database in
            let line = try stored(post, of: message(post).key.adapter, by: outgoing, in: database)
            guard line.room == post.room, line.author == post.author, line.text == post.text, line.kind == nil else {
                throw CoreError(
                    .invalidInput, "the key \(post.key) belongs to another message", hint: "Use a fresh key")
            }
            return (line, try PetrelStore.accept(message(line), at: post.at, in: database))
        }
        FaultPoint.inboxAfterCommit.pass()
        return heard
    }

    /// See ``RoomStore/keepRooms(of:as:told:)``.
    public func keepRooms(
        of adapter: AdapterName, as line: @escaping @Sendable (OutboundPost) -> RoomPost,
        told: @escaping @Sendable (RoomPost) -> Void
    ) {
        outgoing.keepRooms(of: adapter, as: line, told: told)
    }

    /// See ``RoomStore/deliver(_:of:)``.
    public func deliver(_ post: RoomPost, of adapter: AdapterName) async throws(CoreError) -> RoomPost {
        let outgoing = outgoing
        let line: RoomPost = try await queue.commit(.written) { database in
            let line = try stored(post, of: adapter, by: outgoing, in: database)
            guard line.room == post.room, line.kind != nil else {
                throw CoreError(.invalidInput, "line \(line.sequence), said by somebody, has the post's id as its key")
            }
            try markSent(DeliveryID(stored: post.key), platformID: String(line.sequence), at: post.at, in: database)
            return line
        }
        FaultPoint.outboxAfterRecord.pass()
        return line
    }

    /// See ``RoomStore/roomPost(key:)``.
    public func roomPost(key: String) async throws(CoreError) -> RoomPost? {
        try lookUp { try storedRoomPost(key: key, in: $0) }
    }

    /// See ``RoomStore/roomPosts(room:after:limit:)``.
    public func roomPosts(room: String, after: Int, limit: Int) async throws(CoreError) -> [RoomPost] {
        try lookUp { database in
            try database.each(
                "SELECT * FROM room_post WHERE room = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                [room, after, limit]
            ) { RoomPost(row: $0) }
        }
    }

    /// See ``RoomStore/lastRoomPosts(room:limit:)``.
    public func lastRoomPosts(room: String, limit: Int) async throws(CoreError) -> [RoomPost] {
        try await read { database in
            try database.each(
                "SELECT * FROM room_post WHERE room = ? ORDER BY sequence DESC LIMIT ?", [room, limit]
            ) { RoomPost(row: $0) }.reversed()
        }
    }
}

/// A line, which is added to its room unless it is there.
private func stored(
    _ post: RoomPost, of adapter: AdapterName, by outgoing: OutgoingPosts, in database: Database
) throws -> RoomPost {
    try outgoing.insert(post, of: adapter, in: database) ?? storedRoomPost(key: post.key, in: database) ?? post
}

private func storedRoomPost(key: String, in database: Database) throws -> RoomPost? {
    try database.first("SELECT * FROM room_post WHERE key = ?", [key]) { RoomPost(row: $0) }
}
