/// How a websocket finds its proxy.
public typealias WebSocketProxy = ProxyChoice

/// Where a websocket leads, and what may come over it.
public struct WebSocketRequest: Sendable {
    /// An absolute URL, ws or wss, without user and password.
    public var url: String
    /// Headers of the handshake beside the protocol's own.
    public var headers: [(name: String, value: String)]
    /// The subprotocols offered, in order of preference.
    public var subprotocols: [String]
    /// A PEM file of the authorities to trust instead of the system's.
    public var caFile: String?
    /// The proxy; only http:// ones carry websockets.
    public var proxy: WebSocketProxy
    /// How long it may take from the look-up of the name to the end of the handshake.
    public var connectTimeout: Duration
    /// After how long without any frame a ping is sent.
    public var pingInterval: Duration
    /// After how long without a sign of life the connection counts as broken.
    public var silenceLimit: Duration
    /// How large one message may be, all its fragments together.
    public var maxMessageBytes: Int
    /// How many received messages may wait to be taken; with more, nothing is read any more.
    public var maxWaitingMessages: Int
    /// How many bytes of received messages, and how many to be sent, may wait.
    public var maxWaitingBytes: Int
    /// How long ``WebSocketConnection/close(code:reason:)`` waits for the other side, which may leave TCP open.
    public var closeTimeout: Duration

    /// A request from its parts.
    public init(
        url: String, headers: [(name: String, value: String)] = [], subprotocols: [String] = [], caFile: String? = nil,
        proxy: WebSocketProxy = .fromEnvironment, connectTimeout: Duration = .seconds(15),
        pingInterval: Duration = .seconds(10), silenceLimit: Duration = .seconds(25), maxMessageBytes: Int = 16 << 20,
        maxWaitingMessages: Int = 256, maxWaitingBytes: Int = 4 << 20, closeTimeout: Duration = .seconds(1)
    ) {
        self.url = url
        self.headers = headers
        self.subprotocols = subprotocols
        self.caFile = caFile
        self.proxy = proxy
        self.connectTimeout = connectTimeout
        self.pingInterval = pingInterval
        self.silenceLimit = silenceLimit
        self.maxMessageBytes = maxMessageBytes
        self.maxWaitingMessages = maxWaitingMessages
        self.maxWaitingBytes = maxWaitingBytes
        self.closeTimeout = closeTimeout
    }
}

/// One message of a websocket, its fragments put together.
public enum WebSocketMessage: Sendable, Hashable {
    case text(String)
    case binary([UInt8])

    /// How many bytes it carries.
    public var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }
}
