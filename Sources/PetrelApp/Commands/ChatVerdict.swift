import PetrelCore

/// What the answers to one message come to.
struct ChatVerdict {
    /// The message's key.
    let key: String
    /// Whether nothing more will follow.
    private(set) var isOver = false
    /// 0 succeeded or answered, 1 failed or refused, 3 nothing matched.
    private(set) var exitCode: Int32 = 0

    /// A verdict on a message that nothing has answered yet.
    init(key: String) { self.key = key }

    /// Takes a line of the room.
    /// - Returns: whether it answers the message and is to be printed.
    mutating func take(_ post: RoomPost) -> Bool {
        guard post.inReplyTo == key, !isOver else { return false }
        isOver = post.isFinal
        exitCode = Self.worse(exitCode, code(of: post))
        return true
    }

    /// The code that says more of what went wrong.
    static func worse(_ left: Int32, _ right: Int32) -> Int32 {
        left == 1 || right == 1 ? 1 : max(left, right)
    }

    private func code(of post: RoomPost) -> Int32 {
        switch post.kind {
        case .result: post.status == .succeeded ? 0 : 1
        case .refused, .invalid, .question: 1
        case .unmatched: 3
        // A notice at the end: the command was not run.
        case .notice: post.isFinal ? 1 : 0
        case .ack, .answer, nil: 0
        }
    }
}
