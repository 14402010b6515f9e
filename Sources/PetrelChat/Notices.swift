public import PetrelCore
public import PetrelEngine

/// Says things in channels by way of the outbox.
public struct Notices: ChatNotices {
    /// See ``ChatNotices/adapters``.
    public let adapters: Set<AdapterName>
    private let store: any OutboxStore
    private let events: EventHub
    private let ids: any IDSource

    /// The stage over the outbox of some adapters.
    public init(store: any OutboxStore, adapters: Set<AdapterName>, events: EventHub, ids: any IDSource) {
        self.store = store
        self.adapters = adapters
        self.events = events
        self.ids = ids
    }

    /// See ``ChatNotices/post(_:)``.
    @discardableResult
    public func post(_ notice: ChatNotice) async throws(CoreError) -> DeliveryID {
        guard adapters.contains(notice.adapter) else {
            throw CoreError(
                .invalidInput, "there is no chat adapter \"\(notice.adapter)\"",
                hint: "chat.adapters has: \(adapters.sorted().joined(separator: ", "))")
        }
        let id = notice.id ?? ids.make()
        let address = ReplyAddress(
            conversation: Conversation(adapter: notice.adapter, channel: notice.channel, thread: notice.thread),
            message: MessageKey(adapter: notice.adapter, eventID: "notice:\(id)"), platformID: "",
            person: ChatPerson(adapter: notice.adapter, id: "", name: ""))
        let post = OutboundPost(
            id: id, to: address, kind: .notice, text: notice.text, execution: notice.execution,
            status: notice.status, isFinal: true, allowsMentions: notice.allowsMentions, extra: notice.extra)
        try await store.enqueue([post])
        events.publish(.postsQueued(notice.adapter))
        return id
    }
}
