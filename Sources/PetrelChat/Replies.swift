public import PetrelCore
public import PetrelEngine

/// Writes the results of finished executions into the outbox.
///
/// Most are committed together with the end (``posts(on:)``). For the others it asks the store which are owed; the events only
/// shorten the wait.
public struct Replies: Sendable {
    private static let batch = 64

    private let store: any OutboxStore
    private let catalog: LiveCatalog
    private let capabilities: [AdapterName: ChatCapabilities]
    private let events: EventHub
    private let clock: any PetrelClock
    private let ids: any IDSource
    private let text: AnswerText

    /// The stage over the adapters' capabilities.
    public init(
        store: any OutboxStore, catalog: LiveCatalog, prefix: String, capabilities: [AdapterName: ChatCapabilities],
        documents: ExecutionDocuments, events: EventHub, clock: any PetrelClock, ids: any IDSource
    ) {
        self.store = store
        self.catalog = catalog
        self.capabilities = capabilities
        self.events = events
        self.clock = clock
        self.ids = ids
        text = AnswerText(prefix: prefix, documents: documents)
    }

    /// Settles what is owed until the task is cancelled.
    public func run() async {
        await wake(on: events, clock: clock, where: { if case .replyOwed = $0 { true } else { false } }) {
            await settleAll()
            return nil
        }
    }

    /// Settles everything that is owed now.
    func settleAll() async {
        while !Task.isCancelled {
            guard let owed = try? await store.owedReplies(limit: Self.batch), !owed.isEmpty else { return }
            let settled = await withTaskGroup(of: Bool.self) { group in
                // Together, so that their commits share a flush.
                for execution in owed { group.addTask { await self.settle(execution) } }
                return await group.reduce(false) { $0 || $1 }
            }
            for adapter in Set(owed.compactMap { $0.replyTo?.conversation.adapter }) {
                events.publish(.postsQueued(adapter))
            }
            if !settled || owed.count < Self.batch { return }
        }
    }

    private func settle(_ execution: Execution) async -> Bool {
        guard execution.replyTo != nil else { return false }
        return (try? await store.settleReply(execution.id, posts: posts(on: execution))) ?? false
    }

    /// The posts that tell the conversation which asked of an end; none where the alias wants none.
    @Sendable public func posts(on execution: Execution) -> [OutboundPost] {
        let alias = alias(of: execution)
        guard let address = execution.replyTo, alias?.result.isEnabled ?? true else { return [] }
        return posts(execution, alias, address)
    }

    /// The result; where the alias asks for it in place of the ack, or in a line whose details stand in the thread.
    private func posts(_ execution: Execution, _ alias: ActionAlias?, _ address: ReplyAddress) -> [OutboundPost] {
        let can = capabilities[address.conversation.adapter]
        let limit = can?.maxPostCharacters ?? 4000
        var post = OutboundPost(
            id: ids.make(), to: address, kind: .result, text: text.result(execution, alias, maxCharacters: limit),
            execution: execution.id, status: execution.status, isFinal: true)
        guard let alias else { return [post] }
        let style = alias.result
        post.isEphemeral = style.isWhispered
        post.allowsMentions = style.allowsMentions
        post.extra = text.resultExtra(execution, alias)
        if style.replacesAck, can?.canEdit == true, !style.isWhispered, !alias.ack.isWhispered {
            let ack = execution.context["chat"]?["ack"]?.string
            post.replaces = ack.map { EarlierPost(id: DeliveryID(stored: $0)) }
        }
        guard style.hasDetailsInThread, can?.hasThreads == true, !style.isWhispered,
            address.conversation.thread == nil, !address.platformID.isEmpty
        else { return [post] }
        var details = post
        details.id = ids.make()
        details.text = text.result(execution, nil, maxCharacters: limit)
        (details.placement, details.replaces, details.extra, details.allowsMentions) = (.thread, nil, [:], false)
        post.text = text.summary(execution, alias)
        post.isFinal = false
        return [post, details]
    }

    private func alias(of execution: Execution) -> ActionAlias? {
        execution.context["action_alias_ref"]?["id"]?.string.flatMap { catalog.current.alias($0) }
    }
}
