public import PetrelCore
public import PetrelEngine
import Synchronization

/// Sends what is owed to one adapter, in order within each conversation, until each post is delivered or refused.
public final class Outbox: Sendable {
    /// How many posts are being sent at once, each to another conversation.
    private static let maxParallel = 64
    private static let longestPause = Duration.seconds(60)

    private let adapter: any ChatAdapter
    private let store: any OutboxStore
    private let events: EventHub
    private let clock: any PetrelClock

    /// The outbox of one adapter.
    public init(adapter: any ChatAdapter, store: any OutboxStore, events: EventHub, clock: any PetrelClock) {
        self.adapter = adapter
        self.store = store
        self.events = events
        self.clock = clock
    }

    /// Sends until the task is cancelled.
    public func run() async {
        let name = adapter.name
        await wake(on: events, clock: clock, where: { if case .postsQueued(name) = $0 { true } else { false } }) {
            await self.sendAll()
            return (try? await self.store.nextRetry(adapter: name)) ?? nil
        }
    }

    /// Sends all that is due now.
    public func sendAll() async {
        while !Task.isCancelled {
            let due = try? await store.duePosts(adapter: adapter.name, at: clock.now, limit: Self.maxParallel)
            guard let due, !due.isEmpty else { return }
            await withDiscardingTaskGroup { group in
                for queued in due { group.addTask { await self.send(queued) } }
            }
        }
    }

    private func send(_ queued: QueuedPost) async {
        if queued.isDoubtful, adapter.capabilities.findsDeliveries {
            switch await adapter.find(queued.post.id) {
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
