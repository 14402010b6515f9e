public import PetrelCore
public import PetrelSystem

/// A Mattermost server: its websocket in, its REST API out, and its calls to us for slash commands and buttons.
public final class MattermostAdapter: CallbackAdapter {
    private let options: MattermostOptions
    private let status: ConnectionHealth
    private let socket: MattermostSocket
    private let posting: MattermostPosting
    private let callbacks: MattermostCallbacks
    private let choices: MattermostChoices
    private let doubts = DoubtfulPosts()

    /// A connection that `run` opens.
    public init(_ options: MattermostOptions, http: HTTPClient, clock: any PetrelClock, random: any RandomSource) {
        self.options = options
        status = ConnectionHealth(clock: clock)
        let client = MattermostClient(
            options: options, http: http, pacing: SendPacing(isPaced: options.isPaced, clock: clock),
            denials: DenialMemory(clock: clock))
        let directory = MattermostDirectory(client: client)
        choices = MattermostChoices(options: options)
        posting = MattermostPosting(
            client: client, directory: directory, partial: PartialSends(), choices: choices)
        callbacks = MattermostCallbacks(options: options, choices: choices, clock: clock)
        socket = MattermostSocket(
            options: options, client: client, directory: directory, health: status, clock: clock, seed: random.seed())
    }

    /// See ``ChatAdapter/name``.
    public var name: AdapterName { options.name }

    /// Everything, buttons only where the server can call Petrel; a long text is split, and sent as a file above 48,000
    /// characters.
    public var capabilities: ChatCapabilities {
        ChatCapabilities(
            maxPostCharacters: 250_000, findsDeliveries: true, hasThreads: true, canEdit: true, hasHistory: true,
            canPostEphemeral: true, takesFiles: true, hasButtons: choices.areButtons, hasDirectConversations: true)
    }

    /// See ``ChatAdapter/health``.
    public var health: AdapterHealth { status.current }

    /// See ``ChatAdapter/run(receiver:)``.
    public func run(receiver: any InboundReceiver) async { await socket.run(receiver: receiver) }

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

    /// Reads the conversation back; the properties of our posts hold their delivery ids.
    public func find(_ post: OutboundPost) async -> DeliveryTrace { await posting.find(post) }

    /// Takes a slash command or a pressed button.
    ///
    /// The answer itself is posted like any other; what is returned here only says that it was taken.
    public func answer(_ callback: PlatformCallback, receiver: any InboundReceiver) async -> PlatformCallbackAnswer {
        switch callbacks.reading(callback) {
        case .refused(let status, let reason):
            return PlatformCallbackAnswer(status: status, body: ["error": .string(reason)])
        case .message(let message):
            do throws(CoreError) {
                try await receiver.receive(message)
                return PlatformCallbackAnswer(status: 200, body: [:])
            } catch {
                let text = MattermostText.escaped("I could not take that: \(error.message). Please say it again.")
                let key = message.kind == .choice ? "ephemeral_text" : "text"
                return PlatformCallbackAnswer(
                    status: 200,
                    body: [key: .string(text), "response_type": "ephemeral", "skip_slack_parsing": true])
            }
        }
    }
}
