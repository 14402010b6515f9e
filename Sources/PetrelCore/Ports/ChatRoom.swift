/// The local room, as the API and the terminal use it.
public protocol ChatRoom: Sendable {
    /// Says something in a room. The key makes it safe to say it again when an answer was lost.
    /// - Returns: the line, when the message and the decision on it are on disk.
    func say(_ text: String, room: String, key: String, author: String, isOwner: Bool) async throws(CoreError)
        -> RoomPost
    /// Lines after a sequence number (the last n for -n); waits for one if there is none, so long and less
    /// than a second longer.
    func posts(room: String, after: Int, limit: Int, wait: Duration) async throws(CoreError) -> [RoomPost]
}
