import PetrelCore

/// Which posts of an adapter are being sent and which wait for that in memory, a lane for each conversation.
///
/// Posts are told as they are committed and go into the lanes in that order. What the lanes don't know lies in the store: all
/// that was there at the start, and the posts of a conversation after one of them has failed. Of such a conversation nothing
/// new is taken until the store has given all up.
struct OutboxLanes {
    /// How many posts are being sent at once, each to another conversation.
    static let maxParallel = 64
    /// How many posts wait in memory; the store keeps the others.
    static let maxWaiting = 1024

    /// The posts behind the one that is being sent, by conversation.
    private var waiting: [Conversation: [QueuedPost]] = [:]
    private var waitingCount = 0
    /// What is being sent or waits.
    private var known: Set<DeliveryID> = []
    /// What was tried and not recorded as done: it may stand on the platform although the store does not know.
    private var tried: Set<DeliveryID> = []
    /// The conversations of which the store has posts that are not known; nil when that is not known either.
    private var behind: Set<Conversation>?
    /// How many read the store now, and what has been sent meanwhile: they may have read it as unsent.
    private var readers = 0
    private var doneMeanwhile: Set<DeliveryID> = []
    /// Counts what makes the answer of a read old.
    private var changes = 0

    /// Whether the store has posts that only a look into it brings to light.
    var isBehind: Bool { behind?.isEmpty != true }

    /// How many conversations are being sent to.
    var busyCount: Int { waiting.count }

    /// Takes posts that were committed just now.
    /// - Returns: those that are to be sent at once.
    mutating func arrive(_ posts: [OutboundPost]) -> [QueuedPost] {
        changes += 1
        return posts.compactMap { post in
            let conversation = post.to.conversation
            // A read can find a post between its commit and its being told.
            guard let behind, !behind.contains(conversation), !known.contains(post.id) else { return nil }
            let queued = QueuedPost(post: post, attempts: 0, isDoubtful: false)
            if waiting[conversation] != nil, waitingCount < Self.maxWaiting {
                waiting[conversation]?.append(queued)
                waitingCount += 1
            } else if waiting[conversation] == nil, busyCount < Self.maxParallel {
                open(queued)
                return queued
            } else {
                self.behind?.insert(conversation)
                return nil
            }
            known.insert(post.id)
            return nil
        }
    }

    /// Begins a read of the store.
    /// - Returns: what ``catchUp(with:isWhole:since:)`` wants to be told.
    mutating func beginReading() -> Int {
        readers += 1
        return changes
    }

    /// Ends a read of the store.
    mutating func endReading() {
        readers -= 1
        if readers == 0 { doneMeanwhile = [] }
    }

    /// Takes posts that a read has found, each the oldest of its conversation.
    /// - Returns: those that are to be sent at once.
    mutating func take(_ due: [QueuedPost]) -> [QueuedPost] {
        due.compactMap { queued in
            let conversation = queued.post.to.conversation
            guard waiting[conversation] == nil, busyCount < Self.maxParallel, !doneMeanwhile.contains(queued.post.id)
            else { return nil }
            // The store may have more of it.
            behind?.insert(conversation)
            open(queued)
            var queued = queued
            queued.isDoubtful = queued.isDoubtful || tried.contains(queued.post.id)
            return queued
        }
    }

    /// Learns from a read which conversations have posts that are not known, unless something has changed since.
    mutating func catchUp(with unsent: [UnsentPost], isWhole: Bool, since changes: Int) {
        guard isWhole, changes == self.changes else { return }
        behind = Set(
            unsent.filter { !known.contains($0.id) && !doneMeanwhile.contains($0.id) }.map(\.conversation))
    }

    /// Notes that a post is sent or refused.
    /// - Returns: the next of its conversation, which is to be sent now.
    mutating func done(_ queued: QueuedPost) -> QueuedPost? {
        leave(queued)
        tried.remove(queued.post.id)
        let conversation = queued.post.to.conversation
        guard let next = waiting[conversation]?.first else {
            waiting[conversation] = nil
            return nil
        }
        waiting[conversation]?.removeFirst()
        waitingCount -= 1
        return next
    }

    /// Notes that a post is to be tried again later; what waits behind it is left to the store.
    mutating func failed(_ queued: QueuedPost) {
        leave(queued)
        tried.insert(queued.post.id)
        changes += 1
        let conversation = queued.post.to.conversation
        let others = waiting.removeValue(forKey: conversation) ?? []
        waitingCount -= others.count
        known.subtract(others.map(\.post.id))
        behind?.insert(conversation)
    }

    private mutating func open(_ queued: QueuedPost) {
        waiting[queued.post.to.conversation] = []
        known.insert(queued.post.id)
    }

    private mutating func leave(_ queued: QueuedPost) {
        known.remove(queued.post.id)
        if readers > 0 { doneMeanwhile.insert(queued.post.id) }
    }
}
