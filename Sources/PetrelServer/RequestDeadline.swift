import NIOCore
import NIOHTTPTypes
import Synchronization

/// Ends connections on which no request comes, and those of an address that holds too many.
///
/// The time runs until the head of a request is whole: whoever sends it letter by letter gains nothing by that. Belongs to
/// its connection's event loop. Hummingbird's own idle time-out begins again with every byte.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// For the first head, the TLS handshake included; and for the next one after an answer.
    private static let times = (first: TimeAmount.seconds(20), next: TimeAmount.seconds(75))

    private let connections: ConnectionCounts
    private var address: String?
    private var deadline: Scheduled<Void>?

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
        if case .head = unwrapInboundIn(data) { deadline?.cancel() }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { arm(Self.times.next, context) }
        context.write(data, promise: promise)
    }

    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
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
