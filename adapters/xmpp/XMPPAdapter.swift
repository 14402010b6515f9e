public import PetrelCore

/// An XMPP server, by its websocket (RFC 7395): rooms and direct conversations.
public final class XMPPAdapter: ChatAdapter {
    private let options: XMPPOptions
    private let status: ConnectionHealth
    private let socket: XMPPSocket
    private let posting: XMPPPosting
    private let doubts = DoubtfulPosts()

    /// A connection that `run` opens.
    public init(_ options: XMPPOptions, clock: any PetrelClock, random: any RandomSource) {
        self.options = options
        status = ConnectionHealth(clock: clock)
        socket = XMPPSocket(options, health: status, clock: clock, random: random)
        posting = XMPPPosting(options: options, socket: socket, partial: PartialSends())
    }

    /// See ``ChatAdapter/name``.
    public var name: AdapterName { options.name }

    /// Plain text; what was missed and what is in doubt is read from the server's archive, where it keeps one.
    public var capabilities: ChatCapabilities {
        ChatCapabilities(
            maxPostCharacters: 30_000, findsDeliveries: true, hasThreads: false, canEdit: false, hasHistory: true,
            hasDirectConversations: true)
    }

    /// See ``ChatAdapter/health``.
    public var health: AdapterHealth { status.current }

    /// See ``ChatAdapter/run(receiver:)``.
    public func run(receiver: any InboundReceiver) async { await socket.run(receiver: receiver) }

    /// Sends a message and waits until the room has passed it on, or the server has dealt with it.
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

    /// Looks for the message in the archive of the room, or in the bot's own.
    public func find(_ post: OutboundPost) async -> DeliveryTrace { await posting.find(post) }
}
