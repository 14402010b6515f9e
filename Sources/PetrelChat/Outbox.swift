public import PetrelCore
public import PetrelEngine
import Synchronization

/// Sends what is owed to one adapter, in order within each conversation, until each post is delivered or refused.
///
/// A conversation whose platform takes its time holds up no other.
public final class Outbox: Sendable {
    /// How many posts are being sent at once, each to another conversation.
    private static let maxParallel = 64
    private static let longestPause = Duration.seconds(60)

    private let adapter: any ChatAdapter
    private let store: any OutboxStore
    private let events: EventHub
    private let clock: any PetrelClock
    /// From then on nothing that an earlier service sent is still on its way.
    private let isSettledAt: Instant
    private let sending = Mutex(Sending())

    private struct Sending {
        /// Conversations to which a post is being sent.
        var busy: Set<Conversation> = []
        /// How many read the store now, and the conversations whose post was sent meanwhile: they may have read it as unsent.
        var readers = 0
        var ended: Set<Conversation> = []
    }

    /// The outbox of one adapter.
    /// - Parameter grace: how long a request of an earlier service, which was killed, may take to reach the platform; what
    ///   is in doubt is looked up after that.
    public init(
        adapter: any ChatAdapter, store: any OutboxStore, events: EventHub, clock: any PetrelClock,
        grace: Duration = .zero
    ) {
        isSettledAt = clock.now + grace
        self.adapter = adapter
        self.store = store
        self.events = events
        self.clock = clock
    }

    /// Sends until the task is cancelled.
    public func run() async {
        let name = adapter.name
        let (posts, feed) = AsyncStream<QueuedPost>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await wake(
                    on: self.events, clock: self.clock,
                    where: { if case .postsQueued(name) = $0 { true } else { false } }
                ) {
                    for queued in await self.takeDue() { feed.yield(queued) }
                    return (try? await self.store.nextRetry(adapter: name)) ?? nil
                }
                feed.finish()
            }
            for await queued in posts {
                group.addTask {
                    await self.send(queued)
                    // What waits behind it in its conversation is due now.
                    self.events.publish(.postsQueued(name))
                }
            }
        }
    }

    /// Sends all that is due now, beside what is being sent already.
    public func sendAll() async {
        await withTaskGroup(of: Void.self) { group in
            while !Task.isCancelled {
                for queued in await takeDue() { group.addTask { await self.send(queued) } }
                if await group.next() == nil { return }
            }
        }
    }

    /// The posts that can be sent now; their conversations are busy until they have been.
    private func takeDue() async -> [QueuedPost] {
        let count = sending.withLock { sending in
            sending.readers += 1
            return sending.busy.count
        }
        let due = try? await store.duePosts(
            adapter: adapter.name, at: clock.now, limit: Self.maxParallel + count)
        return sending.withLock { sending in
            defer {
                sending.readers -= 1
                if sending.readers == 0 { sending.ended = [] }
            }
            return (due ?? []).filter { queued in
                let conversation = queued.post.to.conversation
                return sending.busy.count < Self.maxParallel && !sending.ended.contains(conversation)
                    && sending.busy.insert(conversation).inserted
            }
        }
    }

    private func send(_ queued: QueuedPost) async {
        await deliver(queued)
        sending.withLock { sending in
            sending.busy.remove(queued.post.to.conversation)
            if sending.readers > 0 { sending.ended.insert(queued.post.to.conversation) }
        }
    }

    private func deliver(_ queued: QueuedPost) async {
        if queued.isDoubtful, adapter.capabilities.findsDeliveries {
            if clock.now < isSettledAt { try? await clock.sleep(for: isSettledAt - clock.now) }
            switch await adapter.find(queued.post) {
            case .delivered(let id): return await record(queued, .delivered(id: id))
            case .unknown(let reason): return await record(queued, .doubtful(reason: reason))
            case .absent: break
            }
        }
        FaultPoint.outboxBeforeSend.pass()
        let delivery = await adapter.send(queued.post)
        FaultPoint.outboxAfterSend.pass()
        await record(queued, delivery)
    }

    /// Records what came of it.
    ///
    /// If even that fails, the post stays queued and is looked up before it is sent again.
    private func record(_ queued: QueuedPost, _ delivery: Delivery) async {
        let id = queued.post.id
        do throws(CoreError) {
            switch delivery {
            case .delivered(let platformID): try await store.recordSent(id, platformID: platformID, at: clock.now)
            case .retry(let pause, let reason):
                try await store.recordRetry(id, at: clock.now + max(pause, backOff(queued)), reason: reason)
            case .doubtful(let reason):
                try await store.recordRetry(id, at: clock.now + backOff(queued), reason: reason)
            case .refused(let reason): try await store.recordRefused(id, reason: reason, at: clock.now)
            }
        } catch {
            try? await clock.sleep(for: .milliseconds(500))
        }
    }

    /// 0.25 s, doubled with each attempt, a minute at most.
    private func backOff(_ queued: QueuedPost) -> Duration {
        min(.milliseconds(250) * (1 << min(queued.attempts, 10)), Self.longestPause)
    }
}
