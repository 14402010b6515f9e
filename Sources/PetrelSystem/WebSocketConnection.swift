public import PetrelCore

/// An open websocket.
///
/// All connections are served by one thread of their own, which begins with the first. TLS is checked always: chain,
/// times and host name. The connection keeps itself alive with pings and answers those of the other side. Drop the last
/// reference to close it.
public final class WebSocketConnection: Sendable {
    private let link: WebSocketLink

    private init(_ link: WebSocketLink) { self.link = link }

    deinit { link.abandon() }

    /// Opens a websocket; no redirect is followed.
    ///
    /// Cancelling the task ends the attempt at once.
    /// - Throws: `refused` with ``Problem/httpStatus`` when the server says no; `untrusted`, `unreachable`, `badRequest`
    ///   otherwise.
    public static func connect(_ request: WebSocketRequest) async throws(SystemError) -> WebSocketConnection {
        try await connect(request, lookUp: HostLookup.system)
    }

    static func connect(
        _ request: WebSocketRequest, lookUp: @escaping HostLookup.LookUp
    ) async throws(SystemError) -> WebSocketConnection {
        let link = WebSocketLink(request, try WebSocketTarget(request), lookUp)
        try await link.open()
        return WebSocketConnection(link)
    }

    /// The next message, in order; nil after an orderly close from either side.
    ///
    /// What was received before the end is handed over first. Cancelling the task loses no message. While nobody receives,
    /// reading stops at the request's bounds and the other side has to wait.
    /// - Throws: `disconnected`, `badFrame` or `tooLarge` when the connection broke; again at each further call.
    public func receive() async throws(SystemError) -> WebSocketMessage? { try await link.receive() }

    /// Sends one message and returns when the system has taken it over, which is no receipt.
    ///
    /// Messages go out in the order of the calls.
    /// - Throws: `closed` or `crowded` when it was not sent; `disconnected` when it may have been.
    public func send(_ message: WebSocketMessage) async throws(SystemError) { try await link.send(message) }

    /// Sends what still waits, then a close frame, and waits for the answer, all within the request's `closeTimeout`.
    ///
    /// A second call waits for the first. The reason is cut to the 123 bytes that fit. What comes in between is lost.
    public func close(code: Int = 1000, reason: String = "") async { await link.close(code: code, reason: reason) }

    /// The code of the close frame that ended the connection: theirs, or ours if we closed; 1005 for one without code.
    ///
    /// nil while it is open, and when it broke.
    public var closeCode: Int? { link.closeFrame?.code }

    /// The reason beside ``closeCode``.
    public var closeReason: String? { link.closeFrame?.reason }

    /// The subprotocol that the server chose.
    public var subprotocol: String? { link.subprotocol }

    /// When something last came from the other side, be it a pong.
    public var lastFrameAt: Instant { link.lastFrameAt }
}

/// The websocket library that is linked in.
public enum WebSocketLibrary {
    /// Its version, for `petrel doctor` and the log.
    public static var version: String { WebSocketLoop.libraryVersion }

    /// Whether it could set itself up on this machine; the first call does so.
    public static var isUsable: Bool { WebSocketLoop.shared.isUsable }
}
