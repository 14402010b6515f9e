import PetrelCore
import Synchronization

/// Posts that may have arrived, so that they can be looked for by their id alone.
final class DoubtfulPosts: Sendable {
    private let posts = Mutex(RecentMap<DeliveryID, OutboundPost>(capacity: 64))

    init() {}

    /// Remembers the post if its delivery is in doubt.
    func note(_ post: OutboundPost, _ delivery: Delivery) {
        guard case .doubtful = delivery else { return }
        posts.withLock { $0.set(post.id, post) }
    }

    func post(_ id: DeliveryID) -> OutboundPost? { posts.withLock { $0[id] } }
}
