import PetrelCore

typealias ReceivedMessage = Result<WebSocketMessage?, SystemError>

/// Code and reason of a close frame.
struct WebSocketCloseFrame: Sendable, Hashable {
    var code: Int
    var reason: String
}

/// How a websocket ended.
enum WebSocketEnding: Sendable {
    /// With close frames, or because we wanted it.
    case closed(WebSocketCloseFrame)
    case broken(SystemError)

    var failure: SystemError? {
        if case .broken(let failure) = self { failure } else { nil }
    }

    /// What a receiver gets.
    var received: ReceivedMessage { failure.map { .failure($0) } ?? .success(nil) }

    /// What the sender of a message gets that had not been written.
    var refusal: SystemError {
        switch self {
        case .closed(let frame): SystemError(.closed, "the websocket is closed (code \(frame.code))")
        case .broken(let failure):
            SystemError(.closed, "the websocket broke before: " + failure.message, isRetryable: true)
        }
    }

    /// What the sender of a message gets that may have been received.
    var doubt: SystemError {
        let reason = failure?.message ?? "the websocket was closed"
        return SystemError(.disconnected, "the websocket ended while a message went out: " + reason, isRetryable: true)
    }
}

/// What a connection wants of the thread that serves it.
struct WebSocketWishes {
    var isOver: Bool
    var addresses: [String]?
    var hasOutgoing: Bool
    var goesOnReading: Bool
    var closing: WebSocketCloseFrame?
}

/// The state behind ``WebSocketLink``'s lock.
struct WebSocketLinkState {
    struct Waiting {
        var opener: CheckedContinuation<SystemError?, Never>?
        var receivers: [CheckedContinuation<ReceivedMessage, Never>] = []
        var senders: [(CheckedContinuation<SystemError?, Never>, wasWritten: Bool)] = []
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    var addresses: [String]?
    var lastHeard = ContinuousClock.now
    var receivers: [(number: Int, continuation: CheckedContinuation<ReceivedMessage, Never>)] = []
    var closers: [CheckedContinuation<Void, Never>] = []
    private(set) var subprotocol: String?

    private var inbox: WebSocketInbox
    private var outbox: WebSocketOutbox
    private var opener: CheckedContinuation<SystemError?, Never>?
    private var senders: [Int: CheckedContinuation<SystemError?, Never>] = [:]
    private var closing: WebSocketCloseFrame?
    private var ending: WebSocketEnding?
    private var lastNumber = 0
    private var isPoked = false
    private var goesOnReading = false

    init(_ request: WebSocketRequest) {
        inbox = WebSocketInbox(maxMessages: request.maxWaitingMessages, maxBytes: request.maxWaitingBytes)
        outbox = WebSocketOutbox(maxBytes: request.maxWaitingBytes)
    }

    var isOver: Bool { ending != nil }

    var closeFrame: WebSocketCloseFrame? {
        if case .closed(let frame) = ending { frame } else { nil }
    }

    mutating func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    mutating func markPoked() -> Bool {
        defer { isPoked = true }
        return !isPoked
    }

    mutating func wishes() -> WebSocketWishes {
        isPoked = false
        defer { goesOnReading = false }
        return WebSocketWishes(
            isOver: isOver, addresses: addresses, hasOutgoing: !outbox.isEmpty, goesOnReading: goesOnReading,
            closing: closing)
    }

    mutating func awaitOpening(_ continuation: CheckedContinuation<SystemError?, Never>) -> Bool {
        opener = continuation
        return true
    }

    mutating func opened(
        subprotocol: String?, at now: ContinuousClock.Instant
    ) -> CheckedContinuation<SystemError?, Never>? {
        self.subprotocol = subprotocol
        lastHeard = now
        defer { opener = nil }
        return opener
    }

    /// What a receiver gets at once, if anything, and whether the thread must be told to go on reading.
    mutating func take() -> (ReceivedMessage?, goesOn: Bool) {
        if let (message, goesOn) = inbox.take() {
            goesOnReading = goesOnReading || goesOn
            return (.success(message), goesOn)
        }
        return (ending?.received, false)
    }

    mutating func removeReceiver(_ number: Int) -> CheckedContinuation<ReceivedMessage, Never>? {
        receivers.firstIndex { $0.number == number }.map { receivers.remove(at: $0).continuation }
    }

    mutating func deliver(
        _ message: WebSocketMessage, at now: ContinuousClock.Instant
    ) -> (CheckedContinuation<ReceivedMessage, Never>?, isFull: Bool) {
        lastHeard = now
        guard receivers.isEmpty else { return (receivers.removeFirst().continuation, false) }
        return (nil, inbox.put(message))
    }

    /// Why a message can't be queued, and whether it is the first in the queue.
    mutating func queue(
        _ message: WebSocketMessage, _ number: Int, _ continuation: CheckedContinuation<SystemError?, Never>
    ) -> (SystemError?, isFirst: Bool) {
        if let ending { return (ending.refusal, false) }
        if let closing { return (WebSocketEnding.closed(closing).refusal, false) }
        let isFirst = outbox.isEmpty
        guard outbox.put(message, number) else {
            let hint = "The other side takes them too slowly"
            return (SystemError(.crowded, "too many messages wait to be sent", hint: hint, isRetryable: true), false)
        }
        senders[number] = continuation
        return (nil, isFirst)
    }

    mutating func nextOutgoing() -> (number: Int, message: WebSocketMessage)? { outbox.take() }

    /// The sender of a message that was written.
    mutating func sent(_ number: Int) -> CheckedContinuation<SystemError?, Never>? {
        senders.removeValue(forKey: number)
    }

    /// Forgets the sender of a message, and the message if it is still in the queue.
    mutating func withdraw(_ number: Int) -> (CheckedContinuation<SystemError?, Never>?, wasWritten: Bool) {
        guard let sender = senders.removeValue(forKey: number) else { return (nil, false) }
        return (sender, !outbox.remove(number))
    }

    mutating func beginClosing(_ frame: WebSocketCloseFrame) {
        if closing == nil { closing = frame }
    }

    mutating func end(_ ending: WebSocketEnding) -> Waiting? {
        guard self.ending == nil else { return nil }
        self.ending = ending
        let unwritten = outbox.numbers
        let waiting = Waiting(
            opener: opener, receivers: receivers.map(\.continuation),
            senders: senders.map { ($0.value, wasWritten: !unwritten.contains($0.key)) }, closers: closers)
        opener = nil
        receivers = []
        senders = [:]
        closers = []
        outbox.removeAll()
        return waiting
    }
}

extension SystemError {
    static var websocketCancelled: SystemError { SystemError(.cancelled, "the wait for a websocket was cancelled") }

    /// For what was certainly not sent.
    static var websocketUnsent: SystemError { SystemError(.closed, "the sending was cancelled before it began") }
}
