public import PetrelCore
public import PetrelEngine

/// Posts notices whose route names a channel, `ADAPTER:CHANNEL`, through the outbox.
public struct ChannelPosts: ChannelNotices {
    private let adapters: Set<AdapterName>
    private let store: any OutboxStore
    private let digest: any Digest
    private let events: EventHub

    /// Posts to the channels of these adapters.
    public init(adapters: Set<AdapterName>, store: any OutboxStore, digest: any Digest, events: EventHub) {
        self.adapters = adapters
        self.store = store
        self.digest = digest
        self.events = events
    }

    /// The delivery's id is made from execution and route: the outbox refuses a second post of that id.
    public func post(_ notice: Notice) async throws(CoreError) -> Bool {
        let parts = notice.route.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, adapters.contains(parts[0]) else { return false }
        let key = "notice \(notice.execution) \(notice.route) \(notice.message)"
        let id = DeliveryID(stored: String(digest.sha256(Array(key.utf8)).prefix(24)))
        let address = ReplyAddress(
            conversation: Conversation(adapter: parts[0], channel: parts[1]),
            message: MessageKey(adapter: parts[0], eventID: "notice-\(id)"), platformID: "",
            person: ChatPerson(adapter: parts[0], id: "", name: ""))
        let post = OutboundPost(
            id: id, to: address, kind: .notice, text: notice.message, execution: notice.execution,
            status: notice.status, isFinal: true)
        do { try await store.enqueue([post]) } catch  where !error.isRetryable {
            // It is there already, from before a crash.
        }
        events.publish(.postsQueued(parts[0]))
        return true
    }
}
