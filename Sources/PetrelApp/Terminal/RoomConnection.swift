import PetrelCore

/// The way to a room: over HTTP for `petrel chat`, in process for the service's own terminal.
protocol RoomConnection: Sendable {
    /// Says something; when it returns, the room has it.
    /// - Returns: the key that answers name in ``RoomPost/inReplyTo``.
    func post(_ text: String) async throws(AppError) -> String
    /// Lines after a sequence number, oldest first: at once when there are some, else those that come within `wait`.
    func posts(after sequence: Int, wait: Duration) async throws(AppError) -> [RoomPost]
    /// The newest lines, oldest first.
    func last(_ count: Int) async throws(AppError) -> [RoomPost]
}
