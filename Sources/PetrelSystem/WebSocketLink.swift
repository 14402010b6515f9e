import PetrelCore
import Synchronization

/// What the tasks that use a websocket and the thread that serves it share: everything behind one lock.
final class WebSocketLink: Sendable {
    let request: WebSocketRequest
    let target: WebSocketTarget
    let lookUp: HostLookup.LookUp
    private let state: Mutex<WebSocketLinkState>

    init(_ request: WebSocketRequest, _ target: WebSocketTarget, _ lookUp: @escaping HostLookup.LookUp) {
        self.request = request
        self.target = target
        self.lookUp = lookUp
        state = Mutex(WebSocketLinkState(request))
    }

    var closeFrame: WebSocketCloseFrame? { state.withLock(\.closeFrame) }
    var subprotocol: String? { state.withLock(\.subprotocol) }

    var lastFrameAt: Instant {
        let quiet = ContinuousClock.now - state.withLock(\.lastHeard)
        return SystemClock().now - quiet
    }

    /// Tells the thread that there is something to do, unless it knows.
    private func poke() {
        guard let failure = WebSocketLoop.shared.poke(self) else { return }
        end(.broken(failure))
    }
}

// What the tasks do.
extension WebSocketLink {
    func open() async throws(SystemError) {
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<SystemError?, Never>) in
                let isWanted = state.withLock { state in
                    state.isOver || Task.isCancelled ? false : state.awaitOpening(continuation)
                }
                if isWanted { poke() } else { continuation.resume(returning: .websocketCancelled) }
            }
        } onCancel: {
            end(.broken(.websocketCancelled))
            poke()
        }
        if let failure { throw failure }
    }

    func receive() async throws(SystemError) -> WebSocketMessage? {
        let (ready, goesOn) = state.withLock { $0.take() }
        if goesOn { poke() }
        if let ready { return try ready.get() }
        let number = state.withLock { $0.nextNumber() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ReceivedMessage, Never>) in
                let (ready, goesOn) = state.withLock { state in
                    let (ready, goesOn) = state.take()
                    if ready != nil { return (ready, goesOn) }
                    if Task.isCancelled { return (.failure(.websocketCancelled), false) }
                    state.receivers.append((number, continuation))
                    return (nil, false)
                }
                if goesOn { poke() }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            state.withLock { $0.removeReceiver(number) }?.resume(returning: .failure(.websocketCancelled))
        }
        return try result.get()
    }

    func send(_ message: WebSocketMessage) async throws(SystemError) {
        let number = state.withLock { $0.nextNumber() }
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<SystemError?, Never>) in
                let (failure, isFirst) = state.withLock { state in
                    Task.isCancelled ? (.websocketUnsent, false) : state.queue(message, number, continuation)
                }
                if let failure { continuation.resume(returning: failure) } else if isFirst { poke() }
            }
        } onCancel: {
            let (continuation, wasWritten) = state.withLock { $0.withdraw(number) }
            continuation?.resume(returning: wasWritten ? .websocketCancelled : .websocketUnsent)
        }
        if let failure { throw failure }
    }

    func close(code: Int, reason: String) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isWaiting = state.withLock { state in
                guard !state.isOver else { return false }
                state.beginClosing(WebSocketCloseFrame(code: code, reason: reason))
                state.closers.append(continuation)
                return true
            }
            if isWaiting { poke() } else { continuation.resume() }
        }
    }

    /// Nobody holds the connection any more.
    func abandon() {
        let isOpen = state.withLock { state in
            guard !state.isOver else { return false }
            state.beginClosing(WebSocketCloseFrame(code: 1001, reason: ""))
            return true
        }
        if isOpen { poke() }
    }
}

// What the thread does.
extension WebSocketLink {
    /// What the connection has to see to; asking answers its poke.
    func wishes() -> WebSocketWishes { state.withLock { $0.wishes() } }

    /// Sets the poke; false when it was set already.
    func markPoked() -> Bool { state.withLock { $0.markPoked() } }

    func found(_ addresses: Result<[String], SystemError>) {
        switch addresses {
        case .failure(let failure): end(.broken(failure))
        case .success(let list): state.withLock { $0.addresses = list }
        }
        poke()
    }

    func opened(subprotocol: String?, at now: ContinuousClock.Instant) {
        state.withLock { $0.opened(subprotocol: subprotocol, at: now) }?.resume(returning: nil)
    }

    func heard(at now: ContinuousClock.Instant) { state.withLock { $0.lastHeard = max($0.lastHeard, now) } }

    /// Hands a message to whoever waits for it or keeps it; true when reading is to stop.
    func deliver(_ message: WebSocketMessage, at now: ContinuousClock.Instant) -> Bool {
        let (receiver, isFull) = state.withLock { $0.deliver(message, at: now) }
        receiver?.resume(returning: .success(message))
        return isFull
    }

    /// The next message to be written.
    func nextOutgoing() -> (number: Int, message: WebSocketMessage)? { state.withLock { $0.nextOutgoing() } }

    /// Tells the senders that the system has taken their messages over.
    func sent(_ numbers: [Int]) {
        let senders = state.withLock { state in numbers.map { state.sent($0) } }
        for sender in senders { sender?.resume(returning: nil) }
    }

    /// Ends it for all who wait; the first end counts.
    func end(_ ending: WebSocketEnding) {
        guard let waiting = state.withLock({ $0.end(ending) }) else { return }
        waiting.opener?.resume(returning: ending.failure ?? .websocketCancelled)
        for receiver in waiting.receivers { receiver.resume(returning: ending.received) }
        for (sender, wasWritten) in waiting.senders {
            sender.resume(returning: wasWritten ? ending.doubt : ending.refusal)
        }
        for closer in waiting.closers { closer.resume() }
    }
}
