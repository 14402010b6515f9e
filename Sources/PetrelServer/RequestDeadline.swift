import NIOCore
import NIOHTTPTypes
import Synchronization

/// Ends connections on which no request comes, requests whose body does not, and connections of an address that holds too
/// many.
///
/// The time runs until the head or the body of a request is whole: whoever sends it letter by letter gains nothing by that.
/// Belongs to its connection's event loop. Hummingbird's own idle time-out begins again with every byte.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// For the first head, the TLS handshake included; for the next one after an answer; and for a body after its head.
    private static let times = (
        first: TimeAmount.seconds(20), next: TimeAmount.seconds(75), body: TimeAmount.seconds(60)
    )

    /// What reading a body that does not come in time fails with.
    struct BodyTooSlow: Error {
        /// How long was waited for it.
        let time: TimeAmount
    }

    private let connections: ConnectionCounts
    private var address: String?
    private var deadline: Scheduled<Void>?
    /// Requests whose answer has not been given; more than one where a client does not wait for the first.
    private var requests = 0
    /// Whether the body of the last of them is still to come.
    private var isInBody = false

    init(_ connections: ConnectionCounts) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        self.address = address
        // A connection too many gets no time.
        arm(connections.add(address) ? Self.times.first : .zero, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            requests += 1
            isInBody = true
            if requests == 1 { disarm() }
        case .body: break
        case .end:
            if isInBody, requests == 1 { disarm() }
            isInBody = false
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies come with their head, and need no time of their own.
        if isInBody, requests == 1, deadline == nil { armBody(context) }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { answered(context) }
        context.write(data, promise: promise)
    }

    private func answered(_ context: ChannelHandlerContext) {
        // What is no request at all is answered too, before the connection is closed.
        requests = max(0, requests - 1)
        disarm()
        if requests > 0 {
            if isInBody { armBody(context) }
        } else {
            // What is left of a body that nobody wanted counts as the next request.
            isInBody = false
            arm(Self.times.next, context)
        }
    }

    private func disarm() {
        deadline?.cancel()
        deadline = nil
    }

    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func armBody(_ context: ChannelHandlerContext) {
        let (pipeline, error) = (context.pipeline, BodyTooSlow(time: Self.times.body))
        deadline = context.eventLoop.scheduleTask(in: error.time) { pipeline.fireErrorCaught(error) }
    }

    private func leave() {
        deadline?.cancel()
        if let address { connections.remove(address) }
        address = nil
    }
}

/// Counts the connections of each address.
final class ConnectionCounts: Sendable {
    private let most: Int
    private let counts = Mutex<[String: Int]>([:])

    /// - Parameter most: so many an address may hold.
    init(most: Int) { self.most = most }

    /// Counts a connection; false when its address has too many now.
    func add(_ address: String) -> Bool {
        counts.withLock { counts in
            counts[address, default: 0] += 1
            return counts[address, default: 0] <= most
        }
    }

    /// Counts a connection off.
    func remove(_ address: String) {
        counts.withLock { counts in
            let left = counts[address, default: 0] - 1
            counts[address] = left > 0 ? left : nil
        }
    }
}
