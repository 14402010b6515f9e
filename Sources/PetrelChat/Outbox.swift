public import PetrelCore
public import PetrelEngine
import Synchronization

/// Sends what is owed to one adapter, in order within each conversation, until each post is delivered or refused.
///
/// A conversation whose platform takes its time holds up no other.
public final class Outbox: Sendable {
    private static let longestPause = Duration.seconds(60)
    /// How many unsent posts are looked at to find out whether all are known.
    private static let mostUnsent = 1024

    private let adapter: any ChatAdapter
    private let store: any OutboxStore
    private let events: EventHub
    private let clock: any PetrelClock
    /// From then on nothing that an earlier service sent is still on its way.
    private let isSettledAt: Instant
    private let lanes = Mutex(OutboxLanes())
    private let nextLook = Mutex(Instant(microseconds: 0))

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
        let (sendings, feed) = AsyncStream<Task<Void, Never>>.makeStream()
        store.listen(adapter: name) { posts in
            self.lanes.withLock { $0.arrive(posts) }.map { queued in { self.begin(queued, feed) } }
        }
        defer { store.listen(adapter: name) { _ in [] } }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await wake(
                    on: self.events, clock: self.clock,
                    where: { if case .postsQueued(name) = $0 { self.isBehind } else { false } }
                ) {
                    await self.look { self.begin($0, feed) }
                }
                feed.finish()
            }
            for await sending in sendings {
                group.addTask {
                    await withTaskCancellationHandler {
                        await sending.value
                    } onCancel: {
                        sending.cancel()
                    }
                }
            }
        }
    }

    /// Begins to send, on the thread of the caller as far as that goes without waiting.
    ///
    /// So a post that was just committed is on its way before another thread would have woken up.
    private func begin(_ queued: QueuedPost, _ feed: AsyncStream<Task<Void, Never>>.Continuation) {
        let sending = Task.immediate {
            await self.send(queued)
            // What waits behind it in the store is due now.
            if self.isBehind { self.events.publish(.postsQueued(self.adapter.name)) }
        }
        if case .terminated = feed.yield(sending) { sending.cancel() }
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

    private var isBehind: Bool { lanes.withLock(\.isBehind) }

    /// Looks into the store where that has posts that were not told of, and once a second to be sure.
    /// - Returns: when to look again although nothing happens.
    private func look(_ found: (QueuedPost) -> Void) async -> Instant? {
        let now = clock.now
        guard isBehind || nextLook.withLock(\.self) <= now else { return nil }
        nextLook.withLock { $0 = now + .seconds(1) }
        for queued in await takeDue() { found(queued) }
        await catchUp()
        return isBehind ? (try? await store.nextRetry(adapter: adapter.name)) ?? nil : nil
    }

    /// The posts that can be sent now; their conversations are busy until they have been.
    private func takeDue() async -> [QueuedPost] {
        let count = lanes.withLock { lanes in
            _ = lanes.beginReading()
            return lanes.busyCount
        }
        let due = try? await store.duePosts(
            adapter: adapter.name, at: clock.now, limit: OutboxLanes.maxParallel + count)
        return lanes.withLock { lanes in
            defer { lanes.endReading() }
            return lanes.take(due ?? [])
        }
    }

    private func catchUp() async {
        guard isBehind else { return }
        let began = lanes.withLock { $0.beginReading() }
        let unsent = try? await store.unsentPosts(adapter: adapter.name, limit: Self.mostUnsent)
        lanes.withLock { lanes in
            if let unsent { lanes.catchUp(with: unsent, isWhole: unsent.count < Self.mostUnsent, since: began) }
            lanes.endReading()
        }
    }

    /// Sends a post and what waits behind it in memory, until one fails.
    private func send(_ first: QueuedPost) async {
        var next: QueuedPost? = first
        while let queued = next {
            let isDone = await deliver(queued)
            next = lanes.withLock { lanes in
                guard isDone else {
                    lanes.failed(queued)
                    return nil
                }
                return lanes.done(queued)
            }
        }
    }

    /// - Returns: whether nothing is left to be done for the post.
    private func deliver(_ queued: QueuedPost) async -> Bool {
        if queued.isDoubtful, adapter.capabilities.findsDeliveries {
            if clock.now < isSettledAt { try? await clock.sleep(for: isSettledAt - clock.now) }
            switch await adapter.find(queued.post) {
            case .delivered(let id): return await record(queued, .delivered(id: id))
            case .unknown(let reason): return await record(queued, .doubtful(reason: reason))
            case .absent: break
            }
        }
        var post = queued.post
        if let earlier = post.replaces, earlier.platformID == nil {
            // Unknown where it was never sent; the adapter posts anew then.
            post.replaces?.platformID = (try? await store.platformID(of: earlier.id)) ?? nil
        }
        FaultPoint.outboxBeforeSend.pass()
        let delivery = await adapter.send(post)
        FaultPoint.outboxAfterSend.pass()
        if case .delivered = delivery, adapter.capabilities.recordsDeliveries { return true }
        return await record(queued, delivery)
    }

    /// Records what came of it; false if the post is to be tried again.
    ///
    /// If even that fails, the post stays queued and is looked up before it is sent again.
    private func record(_ queued: QueuedPost, _ delivery: Delivery) async -> Bool {
        let id = queued.post.id
        do throws(CoreError) {
            switch delivery {
            case .delivered(let platformID):
                try await store.recordSent(id, platformID: platformID, at: clock.now)
                return true
            case .retry(let pause, let reason):
                try await store.recordRetry(id, at: clock.now + max(pause, backOff(queued)), reason: reason)
            case .doubtful(let reason):
                try await store.recordRetry(id, at: clock.now + backOff(queued), reason: reason)
            case .refused(let reason):
                try await store.recordRefused(id, reason: reason, at: clock.now)
                return true
            }
        } catch {
            try? await clock.sleep(for: .milliseconds(500))
        }
        return false
    }

    /// 0.25 s, doubled with each attempt, a minute at most.
    private func backOff(_ queued: QueuedPost) -> Duration {
        min(.milliseconds(250) * (1 << min(queued.attempts, 10)), Self.longestPause)
    }
}
