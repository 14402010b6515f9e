public import PetrelCore

/// An IRC network, by the websocket of one of its servers.
///
/// A server keeps nothing: what is said while the bot is away is lost, and a post whose connection broke before the server
/// answered is sent again.
public final class IRCAdapter: ChatAdapter {
    private let options: IRCOptions
    private let status: ConnectionHealth
    private let socket: IRCSocket
    private let posting: IRCPosting

    /// A connection that `run` opens.
    public init(_ options: IRCOptions, clock: any PetrelClock, random: any RandomSource) {
        self.options = options
        status = ConnectionHealth(clock: clock)
        socket = IRCSocket(options, health: status, clock: clock, random: random)
        posting = IRCPosting(socket: socket, partial: PartialSends())
    }

    /// See ``ChatAdapter/name``.
    public var name: AdapterName { options.name }

    /// Lines alone, in channels and to people.
    public var capabilities: ChatCapabilities {
        ChatCapabilities(
            maxPostCharacters: 3000, findsDeliveries: false, hasThreads: false, canEdit: false, hasHistory: false,
            hasDirectConversations: true)
    }

    /// See ``ChatAdapter/health``.
    public var health: AdapterHealth { status.current }

    /// See ``ChatAdapter/run(receiver:)``.
    public func run(receiver: any InboundReceiver) async { await socket.run(receiver: receiver) }

    /// Sends the lines of a post, a few at a time, and waits for the server after each.
    public func send(_ post: OutboundPost) async -> Delivery {
        let delivery = await posting.send(post)
        if case .retry(_, let reason) = delivery { status.note(error: reason) }
        return delivery
    }

    /// A server can't be asked for what was said.
    public func find(_ id: DeliveryID) async -> DeliveryTrace { .absent }
}
