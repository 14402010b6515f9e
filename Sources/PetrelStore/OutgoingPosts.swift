import GRDB
import PetrelCore
import Synchronization

/// Puts posts into the outbox and tells whoever listens of those that were committed.
///
/// What a transaction inserts is kept until its group is committed; all of it happens on the writer's connection.
final class OutgoingPosts: Sendable {
    private struct State {
        var inserted: [OutboundPost] = []
        var listeners: [AdapterName: @Sendable ([OutboundPost]) -> Void] = [:]
    }

    private let owner: String
    private let state = Mutex(State())

    /// - Parameter owner: the id of this service instance; posts queued by another one are doubtful.
    init(owner: String) { self.owner = owner }

    func listen(adapter: AdapterName, _ take: @escaping @Sendable ([OutboundPost]) -> Void) {
        state.withLock { $0.listeners[adapter] = take }
    }

    /// Puts posts into the outbox, in order.
    func insert(_ posts: [OutboundPost], in database: Database) throws {
        for post in posts {
            try database.run(
                """
                INSERT INTO post (
                    id, adapter, channel, thread, kind, reply_to, text, execution, status, is_final, queued_by, document, topic
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    post.id.text, post.to.conversation.adapter, post.to.conversation.channel,
                    post.to.conversation.thread, post.kind.rawValue, post.to.document.columnText, post.text,
                    post.execution?.text, post.status?.rawValue, post.isFinal, owner, post.presentation?.columnText,
                    post.to.conversation.thread ?? (post.to.platformID.isEmpty ? nil : post.to.platformID),
                ])
        }
        if !posts.isEmpty { state.withLock { $0.inserted += posts } }
    }

    /// How many posts the open group has inserted.
    var count: Int { state.withLock(\.inserted.count) }

    /// Forgets the posts of transactions that were rolled back.
    func forget(from count: Int = 0) { state.withLock { $0.inserted.removeSubrange(min(count, $0.inserted.count)...) } }

    /// Tells of the posts of a group that is committed.
    func tell() {
        let (posts, listeners) = state.withLock { state in
            defer { state.inserted = [] }
            return (state.inserted, state.listeners)
        }
        for (adapter, posts) in Dictionary(grouping: posts, by: \.to.conversation.adapter) {
            listeners[adapter]?(posts)
        }
    }
}
