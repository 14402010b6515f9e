public import PetrelCore
import Synchronization

/// Takes messages in and keeps them; refuses as a test tells it to.
public final class RecordingReceiver: InboundReceiver {
    private struct State {
        var received: [InboundMessage] = []
        var refusals = 0
        var holds: [CheckedContinuation<Void, Never>] = []
        var isHolding = false
        var lastAt: Instant?
    }
    private let state = Mutex(State())
    private let clock: any PetrelClock

    /// A receiver that has stored nothing before.
    public init(clock: any PetrelClock, lastMessageAt: Instant? = nil) {
        self.clock = clock
        state.withLock { $0.lastAt = lastMessageAt }
    }

    /// Everything that was handed on, each time that it was.
    public var received: [InboundMessage] { state.withLock(\.received) }

    /// What was handed on, each message once, in the order of its first time.
    public var messages: [InboundMessage] {
        var keys: Set<MessageKey> = []
        return received.filter { keys.insert($0.key).inserted }
    }

    /// The texts of ``messages``.
    public var texts: [String] { messages.map(\.text) }

    /// Refuses the next messages.
    public func refuse(_ count: Int) { state.withLock { $0.refusals = count } }

    /// Keeps whoever hands a message on waiting until ``letGo()``.
    public func hold() { state.withLock { $0.isHolding = true } }

    /// Lets all go on that ``hold()`` kept waiting.
    public func letGo() {
        let held = state.withLock { state in
            state.isHolding = false
            defer { state.holds = [] }
            return state.holds
        }
        for continuation in held { continuation.resume() }
    }

    /// How many wait for ``letGo()``.
    public var heldCount: Int { state.withLock(\.holds.count) }

    /// Keeps the message, unless it is to be refused.
    public func receive(_ message: InboundMessage) async throws(CoreError) {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                guard state.isHolding else { return true }
                state.holds.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
        let now = clock.now
        let isRefused = state.withLock { state in
            if state.refusals > 0 {
                state.refusals -= 1
                return true
            }
            state.received.append(message)
            state.lastAt = now
            return false
        }
        if isRefused { throw CoreError(.unavailable, "the test refuses this message") }
    }

    /// When a message was last kept, or what the test said.
    public func lastMessageAt(adapter: AdapterName) async -> Instant? { state.withLock(\.lastAt) }

    /// Waits until a text has been handed on.
    /// - Returns: its message; nil if it has not come in time.
    public func message(_ text: String, within limit: Duration = .seconds(20)) async -> InboundMessage? {
        _ = await comesToHold(within: limit) { messages.contains { $0.text == text } }
        return messages.first { $0.text == text }
    }
}
