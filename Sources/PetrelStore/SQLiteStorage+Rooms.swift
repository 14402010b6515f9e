import GRDB
public import PetrelCore

extension SQLiteStorage {
    /// See ``RoomStore/keepRooms(of:said:posted:told:)``.
    public func keepRooms(
        of adapter: AdapterName, said: @escaping @Sendable (InboundMessage) -> RoomPost,
        posted: @escaping @Sendable (OutboundPost) -> RoomPost, told: @escaping @Sendable (RoomPost) -> Void
    ) {
        outgoing.keepRooms(of: adapter, said: said, posted: posted, told: told)
    }

    /// See ``RoomStore/deliver(_:of:)``.
    public func deliver(_ post: RoomPost, of adapter: AdapterName) async throws(CoreError) -> RoomPost {
        let outgoing = outgoing
        let line: RoomPost = try await queue.commit(.written) { database in
            _ = try outgoing.insert(post, of: adapter, in: database)
            let line = try PetrelStore.roomPost(key: post.key, in: database) ?? post
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
        try lookUp { try PetrelStore.roomPost(key: key, in: $0) }
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

/// The line with a key.
func roomPost(key: String, in database: Database) throws -> RoomPost? {
    try database.first("SELECT * FROM room_post WHERE key = ?", [key]) { RoomPost(row: $0) }
}
