import GRDB
import PetrelCore
import Synchronization

/// Puts posts into the outbox, or into the rooms that the store keeps, and tells whoever listens of those that were
/// committed.
///
/// What a transaction inserts is kept until its group is committed; all of it happens on the writer's connection.
final class OutgoingPosts: Sendable {
    /// What a transaction has inserted.
    private enum News {
        case post(OutboundPost)
        case line(RoomPost, of: AdapterName)
    }

    /// An adapter whose rooms are tables of this store.
    private struct Keeper {
        var said: @Sendable (InboundMessage) -> RoomPost
        var posted: @Sendable (OutboundPost) -> RoomPost
        var told: @Sendable (RoomPost) -> Void
    }

    private struct State {
        var news: [News] = []
        var listeners: [AdapterName: @Sendable ([OutboundPost]) -> [FollowUp]] = [:]
        /// What listeners want done that nobody has begun.
        var followUps: [FollowUp] = []
        var keepers: [AdapterName: Keeper] = [:]
    }

    private let owner: String
    private let state = Mutex(State())

    /// - Parameter owner: the id of this service instance; posts queued by another one are doubtful.
    init(owner: String) { self.owner = owner }

    func listen(adapter: AdapterName, _ take: @escaping @Sendable ([OutboundPost]) -> [FollowUp]) {
        state.withLock { $0.listeners[adapter] = take }
    }

    func keepRooms(
        of adapter: AdapterName, said: @escaping @Sendable (InboundMessage) -> RoomPost,
        posted: @escaping @Sendable (OutboundPost) -> RoomPost, told: @escaping @Sendable (RoomPost) -> Void
    ) {
        state.withLock { $0.keepers[adapter] = Keeper(said: said, posted: posted, told: told) }
    }

    /// Makes a message a line of the room where it was said, if the store keeps that.
    ///
    /// - Returns: false if a line has its key; nil if the store keeps no such room.
    func hear(_ message: InboundMessage, in database: Database) throws -> Bool? {
        let adapter = message.key.adapter
        guard let keeper = state.withLock({ $0.keepers[adapter] }) else { return nil }
        return try insert(keeper.said(message), of: adapter, in: database)
    }

    /// Whether the store keeps the rooms of an adapter.
    func keepsRooms(of adapter: AdapterName) -> Bool { state.withLock { $0.keepers[adapter] != nil } }

    /// Puts posts into their rooms or into the outbox, in order.
    func insert(_ posts: [OutboundPost], in database: Database) throws {
        for post in posts where try !isDelivered(post, in: database) {
            try database.run(
                """
                INSERT INTO post (
                    id, adapter, channel, thread, kind, reply_to, text, execution, status, is_final, queued_by, document,
                    topic, state, attempts
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'unsent', 0)
                """,
                [
                    post.id.text, post.to.conversation.adapter, post.to.conversation.channel,
                    post.to.conversation.thread, post.kind.rawValue, post.to.document.columnText, post.text,
                    post.execution?.text, post.status?.rawValue, post.isFinal, owner, post.presentation?.columnText,
                    post.to.conversation.thread ?? (post.to.platformID.isEmpty ? nil : post.to.platformID),
                ])
            note(.post(post))
        }
    }

    /// Makes a post a line of the room that it goes to, if the store keeps that; the line is all that there is of it.
    ///
    /// - Returns: false if it goes through the outbox: to another platform, behind others that do, or under a key that a line
    ///   has already, which the adapter looks into.
    private func isDelivered(_ post: OutboundPost, in database: Database) throws -> Bool {
        let conversation = post.to.conversation
        guard let keeper = state.withLock({ $0.keepers[conversation.adapter] }),
            try !database.hasRow(
                "SELECT 1 FROM post WHERE state = 'unsent' AND adapter = ? AND channel = ? AND thread IS ? LIMIT 1",
                [conversation.adapter, conversation.channel, conversation.thread])
        else { return false }
        return try insert(keeper.posted(post), of: conversation.adapter, in: database)
    }

    /// Adds a line to a room; false if there is one with its key.
    func insert(_ line: RoomPost, of adapter: AdapterName, in database: Database) throws -> Bool {
        let isNew = try database.changes(
            """
            INSERT OR IGNORE INTO room_post (room, key, in_reply_to, author, is_owner, text, kind, execution, status,
                is_final, at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                line.room, line.key, line.inReplyTo, line.author, line.isOwner, line.text,
                line.kind?.rawValue, line.execution?.text, line.status?.rawValue, line.isFinal,
                line.at.microseconds,
            ])
        guard isNew else { return false }
        var line = line
        line.sequence = Int(database.lastInsertedRowID)
        note(.line(line, of: adapter))
        return true
    }

    private func note(_ news: News) { state.withLock { $0.news.append(news) } }

    /// How many things the open group has inserted.
    var count: Int { state.withLock(\.news.count) }

    /// Forgets what transactions inserted that were rolled back.
    func forget(from count: Int = 0) { state.withLock { $0.news.removeSubrange(min(count, $0.news.count)...) } }

    /// Tells of what a group has inserted that is committed.
    func tell() {
        let (news, listeners, keepers) = state.withLock { state in
            defer { state.news = [] }
            return (state.news, state.listeners, state.keepers)
        }
        var posts: [AdapterName: [OutboundPost]] = [:]
        for news in news {
            switch news {
            case .post(let post): posts[post.to.conversation.adapter, default: []].append(post)
            case .line(let line, let adapter): keepers[adapter]?.told(line)
            }
        }
        let followUps = posts.flatMap { adapter, posts in listeners[adapter]?(posts) ?? [] }
        if !followUps.isEmpty { state.withLock { $0.followUps += followUps } }
    }

    /// Does what listeners want done after they were told.
    ///
    /// All who have committed call it, when no commit waits for it; but what commits while it does some leaves the others to
    /// it, however many there are.
    func followUp() {
        guard !Self.isFollowingUp, state.withLock({ !$0.followUps.isEmpty }) else { return }
        Self.$isFollowingUp.withValue(true) {
            while let next = state.withLock({ $0.followUps.isEmpty ? nil : $0.followUps.removeFirst() }) { next() }
        }
    }

    /// Within what a listener wanted done, and in the tasks that it began.
    @TaskLocal private static var isFollowingUp = false
}
