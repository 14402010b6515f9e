import CLWS
import CPetrel
import Glibc
import PetrelCore
import Synchronization

/// The thread behind all websockets: it alone touches the library, the sessions and the vhosts; other threads use only the
/// mailbox and wake it.
final class WebSocketLoop: @unchecked Sendable {
    static let shared = WebSocketLoop()

    private struct Mailbox {
        var poked: [WebSocketLink] = []
        /// The context as a number, once there is one; it lives as long as the process.
        var context: UInt = 0
        var isSignalled = false
        var hasThread = false
    }

    private static let maxConnections: UInt32 = 1000
    private let mailbox = Mutex(Mailbox())
    private var context: OpaquePointer?
    private var vhosts = WebSocketVhosts()
    private var sessions: [UInt: WebSocketSession] = [:]
    private var numbers: [ObjectIdentifier: UInt] = [:]
    private var lastNumber: UInt = 0
    private var retries: [UInt] = []
    private var wakeAt: ContinuousClock.Instant?
    private let scratch = WebSocketScratch()

    static var libraryVersion: String { lws_get_library_version().map { String(cString: $0) } ?? "unknown" }

    var isUsable: Bool { mailbox.withLock { start(&$0) } }

    /// Has the thread look at the link; what hinders it, if anything does.
    func poke(_ link: WebSocketLink) -> SystemError? {
        guard link.markPoked() else { return nil }
        let (isRunning, toSignal) = mailbox.withLock { box -> (Bool, UInt) in
            guard start(&box) else { return (false, 0) }
            box.poked.append(link)
            defer { box.isSignalled = true }
            return (true, box.isSignalled ? 0 : box.context)
        }
        guard isRunning else {
            return SystemError(.crowded, "the websocket library can't be set up on this machine", isRetryable: true)
        }
        if toSignal != 0 { lws_cancel_service(OpaquePointer(bitPattern: toSignal)) }
        return nil
    }

    private func start(_ box: inout Mailbox) -> Bool {
        if box.hasThread { return true }
        if box.context == 0 {
            let event: petrel_lws_event = { wsi, reason, user, data, size in
                WebSocketLoop.shared.event(wsi, reason, user, data, size)
            }
            let context = petrel_lws_create_context(event, Self.maxConnections)
            box.context = UInt(bitPattern: context.map(UnsafeRawPointer.init))
        }
        guard let context = OpaquePointer(bitPattern: box.context) else { return false }
        nonisolated(unsafe) let pointer = context
        box.hasThread = startThread("petrel-socket") { [self] in run(pointer) }
        return box.hasThread
    }

    private func run(_ context: OpaquePointer) {
        self.context = context
        while true {
            for link in pokedLinks() { look(at: link) }
            tickWhenDue()
            for number in retries.take() {
                if let session = sessions[number] { connect(session) }
            }
            // Negative only for a context that is being destroyed, which never happens; no busy loop if it does.
            if lws_service(context, 0) < 0 { poll(nil, 0, 100) }
        }
    }

    private func pokedLinks() -> [WebSocketLink] {
        mailbox.withLock { box in
            box.isSignalled = false
            return box.poked.take()
        }
    }

    // MARK: What the tasks want

    private func look(at link: WebSocketLink) {
        let wishes = link.wishes()
        guard let number = numbers[ObjectIdentifier(link)], let session = sessions[number] else {
            if !wishes.isOver { begin(link) }
            return
        }
        if wishes.isOver, !session.isEnding { return drop(session) }
        if session.isWaitingForAddresses, let addresses = wishes.addresses {
            session.addresses = addresses
            connect(session)
        }
        session.carryOut(wishes)
        schedule(session)
    }

    private func begin(_ link: WebSocketLink) {
        guard sessions.count < Int(Self.maxConnections) else {
            let message = "\(sessions.count) websockets are open, more are not allowed"
            return link.end(.broken(SystemError(.crowded, message, isRetryable: true)))
        }
        lastNumber += 1
        let session = WebSocketSession(lastNumber, link, scratch)
        sessions[lastNumber] = session
        numbers[ObjectIdentifier(link)] = lastNumber
        schedule(session)
        link.lookUp(link.target.firstHost) { [link] in link.found($0) }
    }

    private func connect(_ session: WebSocketSession) {
        guard let context, !session.isEnding, session.wsi == nil else { return }
        guard let address = session.nextAddress() else {
            return drop(session, .broken(.nothingListens(session.link.target)))
        }
        let proxy = session.link.target.proxy?.text(address: address)
        do throws(SystemError) {
            let vhost = try vhosts.vhost(context, caFile: session.link.target.caFile, proxy: proxy)
            session.vhost = vhost.number
            session.connect(context, vhost.pointer, address: address)
        } catch {
            return drop(session, .broken(error))
        }
        if session.isGone { settle(session) } else { schedule(session) }
    }

    /// Ends a session whose connection is gone or is to go at once.
    private func drop(_ session: WebSocketSession, _ ending: WebSocketEnding? = nil) {
        if let ending { session.finish(ending) }
        sessions[session.number] = nil
        numbers[ObjectIdentifier(session.link)] = nil
        if let wsi = session.wsi {
            session.wsi = nil
            petrel_lws_kill(wsi)
        }
        vhosts.release(session.vhost)
        session.vhost = nil
    }

    // MARK: Time

    private func schedule(_ session: WebSocketSession) {
        let deadline = session.nextDeadline
        if let wakeAt, wakeAt <= deadline { return }
        wake(at: deadline)
    }

    private func wake(at deadline: ContinuousClock.Instant) {
        wakeAt = deadline
        let microseconds = max(0, (deadline - .now).wholeMicroseconds) + 1
        if let context { petrel_lws_wake_after(context, microseconds) }
    }

    private func tickWhenDue() {
        let now = ContinuousClock.now
        guard let due = wakeAt, now >= due else { return }
        wakeAt = nil
        for session in Array(sessions.values) {
            switch session.tick(at: now) {
            case .nothing: break
            case .tryNextAddress: session.abandonAttempt()
            case .end(let ending): drop(session, ending)
            }
        }
        if let next = sessions.values.lazy.map(\.nextDeadline).min() { wake(at: next) }
    }

    // MARK: What the library says

    private func event(
        _ wsi: OpaquePointer?, _ reason: Int32, _ user: UnsafeMutableRawPointer?, _ data: UnsafeMutableRawPointer?,
        _ size: Int
    ) -> Int32 {
        guard let wsi, let session = sessions[UInt(bitPattern: user)] else { return 0 }
        let wasEnding = session.isEnding
        let verdict = event(wsi, session, reason, data, size)
        // The deadlines of an open or ending connection are others than before.
        if session.isEnding != wasEnding || reason == Int32(bitPattern: LWS_CALLBACK_CLIENT_ESTABLISHED.rawValue) {
            schedule(session)
        }
        return verdict
    }

    private func event(
        _ wsi: OpaquePointer, _ session: WebSocketSession, _ reason: Int32, _ data: UnsafeMutableRawPointer?,
        _ size: Int
    ) -> Int32 {
        switch lws_callback_reasons(rawValue: UInt32(bitPattern: reason)) {
        case LWS_CALLBACK_CLIENT_RECEIVE: return session.receive(wsi, UnsafeRawBufferPointer(start: data, count: size))
        case LWS_CALLBACK_CLIENT_WRITEABLE: return session.write(wsi)
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG: session.hear()
        case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return session.appendHeaders(wsi, data, size)
        case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH: session.readSubprotocol(wsi)
        case LWS_CALLBACK_CLIENT_ESTABLISHED: session.establish(wsi)
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            session.readClose(UnsafeRawBufferPointer(start: data, count: size))
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            let text = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : size)
            session.failToConnect(wsi, String(decoding: text, as: UTF8.self))
        case LWS_CALLBACK_CLIENT_CLOSED: session.close(wsi)
        case LWS_CALLBACK_WSI_DESTROY: forget(session)
        default: break
        }
        return 0
    }

    private func forget(_ session: WebSocketSession) {
        session.wsi = nil
        session.isGone = true
        // Within the call that makes the connection, its caller sees to the rest.
        if !session.isConnecting { settle(session) }
    }

    /// Goes on after the library's object is gone.
    private func settle(_ session: WebSocketSession) {
        guard session.wantsNextAddress else {
            return drop(session, .broken(.noWebSocket(session.link.target, 0, "")))
        }
        vhosts.release(session.vhost)
        session.vhost = nil
        retries.append(session.number)
    }
}

extension Array {
    /// The elements; the array is empty afterwards.
    fileprivate mutating func take() -> [Element] {
        guard !isEmpty else { return [] }
        defer { self = [] }
        return self
    }
}
