/// Received messages that wait to be taken, in order, with a bound beyond which reading stops.
struct WebSocketInbox {
    private let maxMessages: Int
    private let maxBytes: Int
    private var messages: [WebSocketMessage?] = []
    private var next = 0
    private var bytes = 0
    /// Whether reading was stopped for want of room.
    private(set) var isPaused = false

    init(maxMessages: Int, maxBytes: Int) {
        self.maxMessages = max(1, maxMessages)
        self.maxBytes = max(1, maxBytes)
    }

    var count: Int { messages.count - next }

    /// Keeps a message; true when reading is to stop after it.
    mutating func put(_ message: WebSocketMessage) -> Bool {
        messages.append(message)
        bytes += message.byteCount
        isPaused = count >= maxMessages || bytes >= maxBytes
        return isPaused
    }

    /// The oldest message, and whether reading is to go on now: from half of the bound on, so as not to flutter.
    mutating func take() -> (message: WebSocketMessage, goesOn: Bool)? {
        guard next < messages.count, let message = messages[next] else { return nil }
        messages[next] = nil
        next += 1
        bytes -= message.byteCount
        if next == messages.count {
            messages.removeAll(keepingCapacity: messages.count <= 64)
            next = 0
        } else if next >= 64, next * 2 > messages.count {
            messages.removeFirst(next)
            next = 0
        }
        let goesOn = isPaused && count * 2 <= maxMessages && bytes * 2 <= maxBytes
        if goesOn { isPaused = false }
        return (message, goesOn)
    }
}
