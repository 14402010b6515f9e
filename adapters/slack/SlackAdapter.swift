public import PetrelCore
public import PetrelSystem

/// A Slack workspace: Socket Mode in, Web API out.
public final class SlackAdapter: ChatAdapter {
    private let options: SlackOptions
    private let status: ConnectionHealth
    private let connection: SlackConnection
    private let posting: SlackPosting
    private let doubts = DoubtfulPosts()

    /// A connection that `run` opens.
    public init(_ options: SlackOptions, http: HTTPClient, clock: any PetrelClock, random: any RandomSource) {
        self.options = options
        status = ConnectionHealth(clock: clock)
        let pacing = SendPacing(isPaced: options.isPaced, clock: clock)
        let client = SlackClient(
            options: options, http: http, pacing: pacing, denials: DenialMemory(clock: clock))
        let directory = SlackDirectory(client: client, clock: clock)
        let me = SlackIdentityBox()
        let history = SlackHistory(client: client, me: me)
        posting = SlackPosting(client: client, directory: directory, history: history, partial: PartialSends())
        connection = SlackConnection(
            options: options, client: client, directory: directory, history: history, me: me, health: status,
            clock: clock, seed: random.seed())
    }

    /// See ``ChatAdapter/name``.
    public var name: AdapterName { options.name }

    /// Everything; a long text is split, and sent as a file above 12,000 characters.
    public var capabilities: ChatCapabilities {
        ChatCapabilities(
            maxPostCharacters: 250_000, findsDeliveries: true, hasThreads: true, canEdit: true, hasHistory: true,
            canPostEphemeral: true, takesFiles: true, hasButtons: true, hasDirectConversations: true)
    }

    /// See ``ChatAdapter/health``.
    public var health: AdapterHealth { status.current }

    /// See ``ChatAdapter/run(receiver:)``.
    public func run(receiver: any InboundReceiver) async { await connection.run(receiver: receiver) }

    /// Posts, changes an earlier post, or uploads, as the post asks for.
    public func send(_ post: OutboundPost) async -> Delivery {
        let delivery = await posting.send(post)
        doubts.note(post, delivery)
        if case .retry(_, let reason) = delivery { status.note(error: reason) }
        return delivery
    }

    /// Only what this process sent and was left in doubt about can be found by its id alone.
    public func find(_ id: DeliveryID) async -> DeliveryTrace {
        guard let post = doubts.post(id) else { return .absent }
        return await find(post)
    }

    /// Reads the conversation back; the metadata of our messages holds their delivery ids.
    public func find(_ post: OutboundPost) async -> DeliveryTrace { await posting.find(post) }
}
