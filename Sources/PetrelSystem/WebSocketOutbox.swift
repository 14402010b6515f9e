/// Messages that wait to be written, in order.
struct WebSocketOutbox {
    private let maxBytes: Int
    private var entries: [(number: Int, message: WebSocketMessage?)] = []
    private var next = 0
    private var bytes = 0

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    var isEmpty: Bool { next == entries.count }

    /// False when there is no room; the first message has room whatever its size.
    mutating func put(_ message: WebSocketMessage, _ number: Int) -> Bool {
        guard isEmpty || bytes + message.byteCount <= maxBytes, entries.count - next < 10_000 else { return false }
        entries.append((number, message))
        bytes += message.byteCount
        return true
    }

    mutating func take() -> (number: Int, message: WebSocketMessage)? {
        while next < entries.count {
            let (number, message) = entries[next]
            entries[next].message = nil
            next += 1
            bytes -= message?.byteCount ?? 0
            shrink()
            if let message { return (number, message) }
        }
        return nil
    }

    /// The numbers of all that wait.
    var numbers: Set<Int> { Set(entries[next...].lazy.filter { $0.message != nil }.map(\.number)) }

    /// Takes a message out; false when it is not there any more.
    mutating func remove(_ number: Int) -> Bool {
        guard let index = entries[next...].firstIndex(where: { $0.number == number && $0.message != nil }) else {
            return false
        }
        bytes -= entries[index].message?.byteCount ?? 0
        entries[index].message = nil
        return true
    }

    mutating func removeAll() {
        entries = []
        next = 0
        bytes = 0
    }

    private mutating func shrink() {
        if next == entries.count {
            entries.removeAll(keepingCapacity: entries.count <= 64)
            next = 0
        } else if next >= 64, next * 2 > entries.count {
            entries.removeFirst(next)
            next = 0
        }
    }
}
