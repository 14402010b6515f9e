public import PetrelCore
import Synchronization

/// A chat platform in memory: it keeps what was sent, and fails as a test tells it to.
public final class FakeAdapter: ChatAdapter {
    private struct State {
        var sent: [OutboundPost] = []
        var plan: [Delivery] = []
        var sends = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())
    /// The name that the test gave.
    public let name: AdapterName
    /// 4,000 characters and threads, no editing and no history; the test chose about finding deliveries.
    public let capabilities: ChatCapabilities

    /// A platform under a name.
    public init(name: AdapterName = "fake", findsDeliveries: Bool = true) {
        self.name = name
        capabilities = ChatCapabilities(
            maxPostCharacters: 4000, findsDeliveries: findsDeliveries, hasThreads: true, canEdit: false,
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

    /// Returns at once: nobody speaks here, tests call the receiver themselves.
    public func run(receiver: any InboundReceiver) async {}

    /// Answers as planned, else that the post was delivered.
    public func send(_ post: OutboundPost) async -> Delivery {
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
