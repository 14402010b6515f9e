public import PetrelCore
import Synchronization

/// A chat platform in memory: it keeps what was sent, and fails as a test tells it to.
public final class FakeAdapter: ChatAdapter {
    private struct State {
        var sent: [OutboundPost] = []
        var plan: [Delivery] = []
        var sends = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var heldChannel: String?
        var held: [CheckedContinuation<Void, Never>] = []
        var heldWaiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())
    /// The name that the test gave.
    public let name: AdapterName
    /// 4,000 characters and threads, no history; the test chose about finding deliveries and editing.
    public let capabilities: ChatCapabilities

    /// A platform under a name.
    public init(name: AdapterName = "fake", findsDeliveries: Bool = true, canEdit: Bool = false) {
        self.name = name
        capabilities = ChatCapabilities(
            maxPostCharacters: 4000, findsDeliveries: findsDeliveries, hasThreads: true, canEdit: canEdit,
            hasHistory: false)
    }

    /// Answers the next sends with these, in order; a `doubtful` one arrives all the same.
    public func plan(_ deliveries: [Delivery]) { state.withLock { $0.plan += deliveries } }

    /// What stands on the platform, in order.
    public var sent: [OutboundPost] { state.withLock(\.sent) }

    /// How often `send` was called.
    public var sendCount: Int { state.withLock(\.sends) }

    /// Waits until so many posts stand on the platform.
    public func waitForPosts(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.sent.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    /// Keeps whoever sends to a channel waiting until ``letGo()``.
    public func hold(channel: String) { state.withLock { $0.heldChannel = channel } }

    /// Lets all go on that ``hold(channel:)`` kept waiting.
    public func letGo() {
        let held = state.withLock { state in
            state.heldChannel = nil
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Waits until so many are kept waiting.
    public func waitForHeld(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.held.count >= count { return true }
                state.heldWaiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    private func pass(_ channel: String) async {
        await withCheckedContinuation { continuation in
            let ready: [CheckedContinuation<Void, Never>] = state.withLock { state in
                guard state.heldChannel == channel else { return [continuation] }
                state.held.append(continuation)
                let count = state.held.count
                defer { state.heldWaiters.removeAll { $0.count <= count } }
                return state.heldWaiters.filter { $0.count <= count }.map(\.continuation)
            }
            for continuation in ready { continuation.resume() }
        }
    }

    /// Returns at once: nobody speaks here, tests call the receiver themselves.
    public func run(receiver: any InboundReceiver) async {}

    /// Answers as planned, else that the post was delivered.
    public func send(_ post: OutboundPost) async -> Delivery {
        await pass(post.to.conversation.channel)
        let (answer, ready) = state.withLock { state in
            state.sends += 1
            let planned = state.plan.isEmpty ? nil : state.plan.removeFirst()
            let answer = planned ?? .delivered(id: "p\(state.sends)")
            switch answer {
            case .delivered, .doubtful: state.sent.append(post)
            case .retry, .refused: break
            }
            let count = state.sent.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return (answer, ready)
        }
        for waiter in ready { waiter.continuation.resume() }
        return answer
    }

    /// Finds whatever arrived, also what was answered as doubtful.
    public func find(_ id: DeliveryID) async -> DeliveryTrace {
        state.withLock { $0.sent.contains { $0.id == id } ? .delivered(id: "found") : .absent }
    }
}
