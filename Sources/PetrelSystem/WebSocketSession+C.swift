import CLWS
import COpenSSL
import CPetrel
import Glibc
import PetrelCore

/// One websocket as the library sees it, from the look-up of its name to its end; the websocket thread owns it.
final class WebSocketSession {
    enum Tick {
        case nothing
        case tryNextAddress
        case end(WebSocketEnding)
    }

    let number: UInt
    let link: WebSocketLink
    var vhost: Int?
    /// The library's object, from the first call to its end.
    var wsi: OpaquePointer?
    /// Whether that object is gone.
    var isGone = false
    /// Whether the call that makes the object is under way, within which its events may come already.
    private(set) var isConnecting = false
    /// Whether the attempt failed in a way that says nothing about the other addresses.
    private(set) var wantsNextAddress = false
    private(set) var isWaitingForAddresses = true
    /// Whether those who wait know of the end; the object may live on for the closing.
    private(set) var isEnding = false
    private(set) var ending: WebSocketEnding?

    private var vitals: WebSocketVitals
    private var assembly: WebSocketAssembly
    private let scratch: WebSocketScratch
    private var attemptDeadline: ContinuousClock.Instant?
    private var isOpen = false
    private var isPaused = false
    private var wantsPing = false
    private var subprotocol: String?
    private var closing: WebSocketCloseFrame?
    private var peerClose: WebSocketCloseFrame?
    private var refusal: WebSocketCloseFrame?
    /// Written messages that the system has not taken over completely.
    private var unflushed: [Int] = []

    var addresses: [String] = [] {
        didSet { isWaitingForAddresses = false }
    }

    init(_ number: UInt, _ link: WebSocketLink, _ scratch: WebSocketScratch) {
        self.number = number
        self.link = link
        self.scratch = scratch
        vitals = WebSocketVitals(
            pingInterval: link.request.pingInterval, silenceLimit: link.request.silenceLimit, now: .now,
            connectTimeout: link.request.connectTimeout)
        assembly = WebSocketAssembly(maxBytes: link.request.maxMessageBytes)
    }

    private var target: WebSocketTarget { link.target }

    /// Tells all who wait; the first reason counts.
    func finish(_ reason: WebSocketEnding) {
        let ending = self.ending ?? reason
        self.ending = ending
        isEnding = true
        vitals.closing(at: .now, for: link.request.closeTimeout)
        link.end(ending)
    }
}

// Connecting.
extension WebSocketSession {
    func nextAddress() -> String? {
        wantsNextAddress = false
        isGone = false
        return addresses.isEmpty ? nil : addresses.removeFirst()
    }

    func connect(_ context: OpaquePointer, _ vhost: OpaquePointer, address: String) {
        attemptDeadline = .now + .seconds(2)
        isConnecting = true
        defer { isConnecting = false }
        let peer = target.proxy == nil ? address : target.parts.host
        let made = peer.withCString { address in
            target.parts.hostHeader.withCString { host in
                target.parts.path.withCString { path in
                    withOptionalCString(target.subprotocols) { subprotocols in
                        var about = petrel_lws_target(
                            address: address, host: host, path: path, subprotocols: subprotocols,
                            user: UnsafeMutableRawPointer(bitPattern: number), port: Int32(target.parts.port),
                            secure: target.parts.isSecure)
                        return petrel_lws_connect(context, vhost, &about)
                    }
                }
            }
        }
        isGone = isGone || made == nil
        wsi = isGone ? nil : made
    }

    func appendHeaders(_ wsi: OpaquePointer, _ data: UnsafeMutableRawPointer?, _ size: Int) -> Int32 {
        guard let place = data?.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self) else { return -1 }
        let end = place.pointee.map { $0 + size }
        for header in target.headers {
            var value = header.value
            let failed = value.withUTF8 { value in
                lws_add_http_header_by_name(
                    wsi, header.name + ":", value.baseAddress, Int32(value.count), place, end)
            }
            if failed != 0 { return -1 }
        }
        return 0
    }

    func readSubprotocol(_ wsi: OpaquePointer) {
        var text = [CChar](repeating: 0, count: 256)
        guard lws_hdr_copy(wsi, &text, Int32(text.count), WSI_TOKEN_PROTOCOL) > 0 else { return }
        subprotocol = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func establish(_ wsi: OpaquePointer) {
        self.wsi = wsi
        isOpen = true
        vitals.opened(at: .now)
        link.opened(subprotocol: subprotocol, at: .now)
    }

    func failToConnect(_ wsi: OpaquePointer, _ text: String) {
        guard !isEnding, !wantsNextAddress else { return }
        let hasNoConnection = text.hasPrefix("Unable to connect") || text.hasPrefix("conn fail")
        if hasNoConnection, !addresses.isEmpty {
            wantsNextAddress = true
            return
        }
        let verdict = petrel_lws_verify_result(wsi)
        if verdict != X509_V_OK {
            let reason = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "error \(verdict)"
            return finish(.broken(.untrusted(target, reason)))
        }
        let status = Int(lws_http_client_http_response(wsi))
        finish(.broken(hasNoConnection ? .nothingListens(target) : .noWebSocket(target, status, text)))
    }

    /// Gives up an attempt whose host does not answer, for the next address.
    func abandonAttempt() {
        guard let wsi else { return }
        wantsNextAddress = true
        petrel_lws_kill(wsi)
    }
}

// Open.
extension WebSocketSession {
    func hear() {
        vitals.heard(at: .now)
        link.heard(at: .now)
    }

    func receive(_ wsi: OpaquePointer, _ piece: UnsafeRawBufferPointer) -> Int32 {
        guard !isEnding else { return 0 }
        let now = ContinuousClock.now
        vitals.heard(at: now)
        let outcome = assembly.add(
            piece, isFinal: lws_is_final_fragment(wsi) != 0, isBinary: lws_frame_is_binary(wsi) != 0,
            remaining: lws_remaining_packet_payload(wsi))
        switch outcome {
        case .incomplete: return 0
        case .message(let message):
            if link.deliver(message, at: now), closing == nil { pause(wsi, true) }
            return 0
        case .tooLarge:
            let limit = link.request.maxMessageBytes
            let message = "\(target.shownURL) sent a message of more than \(limit) bytes"
            return refuse(wsi, code: 1009, SystemError(.tooLarge, message))
        case .badText:
            let message = "\(target.shownURL) sent text that is not UTF-8"
            return refuse(wsi, code: 1007, SystemError(.badFrame, message, isRetryable: true))
        }
    }

    func readClose(_ payload: UnsafeRawBufferPointer) {
        guard payload.count != 1 else {
            return finish(.broken(.badFrame(target)))
        }
        let code = payload.count < 2 ? 1005 : Int(payload[0]) << 8 | Int(payload[1])
        peerClose = WebSocketCloseFrame(code: code, reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
    }

    /// The system takes more.
    func write(_ wsi: OpaquePointer) -> Int32 {
        if let refusal { return sendClose(wsi, refusal) }
        guard isOpen, !isEnding, lws_partial_buffered(wsi) == 0 else { return 0 }
        if !unflushed.isEmpty {
            link.sent(unflushed)
            unflushed = []
        }
        if wantsPing {
            wantsPing = false
            if scratch.write(wsi, .binary([]), isPing: true) < 0 { return -1 }
        }
        guard let isEmpty = writeMessages(wsi) else { return -1 }
        let isStalled = lws_partial_buffered(wsi) != 0
        vitals.writing(isStalled: isStalled, at: .now)
        if isStalled || !isEmpty {
            lws_callback_on_writable(wsi)
            return 0
        }
        return closing.map { sendClose(wsi, $0) } ?? 0
    }

    /// Writes what waits, a few messages at a time so that the others get their turn; whether that was all, or nil when
    /// the connection is broken.
    private func writeMessages(_ wsi: OpaquePointer) -> Bool? {
        var sent: [Int] = []
        while sent.count < 32, lws_partial_buffered(wsi) == 0 {
            guard let (number, message) = link.nextOutgoing() else {
                if !sent.isEmpty { link.sent(sent) }
                return true
            }
            if scratch.write(wsi, message, isPing: false) < 0 { return nil }
            sent.append(number)
        }
        // The library keeps what the system did not take of the last one.
        if lws_partial_buffered(wsi) != 0, let last = sent.popLast() { unflushed.append(last) }
        if !sent.isEmpty { link.sent(sent) }
        return false
    }

    /// What the tasks want since the last time.
    func carryOut(_ wishes: WebSocketWishes) {
        guard isOpen, !isEnding, let wsi else { return }
        if wishes.goesOnReading { pause(wsi, false) }
        if let frame = wishes.closing, closing == nil {
            closing = frame
            // Else the answer would not be read either.
            if isPaused { pause(wsi, false) }
            vitals.closing(at: .now, for: link.request.closeTimeout)
        }
        if wishes.hasOutgoing || closing != nil { lws_callback_on_writable(wsi) }
    }

    /// Ends the connection because of what was received.
    ///
    /// Not from within the event that brought it: with any result but 0 there, the library goes on filling a buffer that it
    /// has not emptied, and writes beyond its end.
    private func refuse(_ wsi: OpaquePointer, code: Int, _ failure: SystemError) -> Int32 {
        refusal = WebSocketCloseFrame(code: code, reason: "")
        finish(.broken(failure))
        lws_callback_on_writable(wsi)
        return 0
    }

    private func sendClose(_ wsi: OpaquePointer, _ frame: WebSocketCloseFrame) -> Int32 {
        var reason = Array(cut(frame.reason, 123).utf8)
        let code = (1000...4999).contains(frame.code) ? frame.code : 1000
        lws_close_reason(wsi, lws_close_status(UInt32(code)), &reason, reason.count)
        return -1
    }

    private func pause(_ wsi: OpaquePointer, _ isPaused: Bool) {
        self.isPaused = isPaused
        lws_rx_flow_control(wsi, isPaused ? 0 : 1)
        vitals.paused(isPaused, at: .now)
    }
}

// Time and end.
extension WebSocketSession {
    var nextDeadline: ContinuousClock.Instant {
        guard !isOpen, !addresses.isEmpty, let attemptDeadline else { return vitals.nextDeadline }
        return min(vitals.nextDeadline, attemptDeadline)
    }

    func tick(at now: ContinuousClock.Instant) -> Tick {
        listenToSystem(at: now)
        switch vitals.action(at: now) {
        case .wait:
            return isStuck(at: now) ? .tryNextAddress : .nothing
        case .ping:
            wantsPing = true
            if let wsi { lws_callback_on_writable(wsi) }
            return .nothing
        case .silent: return .end(.broken(.silent(target, link.request.silenceLimit)))
        case .stalled: return .end(.broken(.stalled(target, link.request.silenceLimit)))
        case .tooLate:
            if let closing { return .end(ending ?? .closed(closing)) }
            return .end(ending ?? .broken(.tooLate(target, link.request.connectTimeout)))
        }
    }

    func close(_ wsi: OpaquePointer) {
        if let peerClose {
            finish(.closed(peerClose))
        } else if let closing {
            finish(.closed(closing))
        } else {
            finish(.broken(.broken(target, tcp(wsi).state)))
        }
    }

    /// The system knows of bytes that the library tells nobody of, such as the other side's pings.
    private func listenToSystem(at now: ContinuousClock.Instant) {
        guard isOpen, !isEnding, let wsi, let quiet = tcp(wsi).quiet else { return }
        vitals.heard(at: now - quiet)
        link.heard(at: now - quiet)
    }

    private func isStuck(at now: ContinuousClock.Instant) -> Bool {
        guard !isOpen, !isEnding, !addresses.isEmpty, let wsi, let attemptDeadline, now >= attemptDeadline else {
            return false
        }
        // Once it is connected, the other addresses are not asked.
        guard tcp(wsi).state == PETREL_TCP_CONNECTING else {
            self.attemptDeadline = nil
            return false
        }
        return true
    }

    private func tcp(_ wsi: OpaquePointer) -> (state: petrel_tcp_state, quiet: Duration?) {
        var milliseconds: Int64 = 0
        let state = petrel_tcp_look(lws_get_socket_fd(wsi), &milliseconds)
        return (state, milliseconds < 0 ? nil : .milliseconds(milliseconds))
    }
}

/// Memory for one frame to be written, with room for the library in front; the websocket thread owns it.
final class WebSocketScratch {
    private var memory: UnsafeMutableRawBufferPointer = .allocate(byteCount: 4096, alignment: 16)
    private let padding = petrel_lws_padding()

    deinit { memory.deallocate() }

    func write(_ wsi: OpaquePointer, _ message: WebSocketMessage, isPing: Bool) -> Int32 {
        switch message {
        case .text(var text): text.withUTF8 { write(wsi, UnsafeRawBufferPointer($0), PETREL_LWS_TEXT) }
        case .binary(let bytes):
            bytes.withUnsafeBytes { write(wsi, $0, isPing ? PETREL_LWS_PING : PETREL_LWS_BINARY) }
        }
    }

    private func write(_ wsi: OpaquePointer, _ payload: UnsafeRawBufferPointer, _ kind: petrel_lws_kind) -> Int32 {
        let needed = padding + payload.count
        if memory.count < needed || memory.count > 1 << 20 && needed <= 1 << 16 {
            memory.deallocate()
            memory = .allocate(byteCount: max(4096, needed), alignment: 16)
        }
        // Proof: at least 4096 bytes are allocated.
        guard let start = memory.baseAddress else { fatalError("memory without a place") }
        let place = start + padding
        if let from = payload.baseAddress { place.copyMemory(from: from, byteCount: payload.count) }
        return petrel_lws_write(wsi, place.assumingMemoryBound(to: UInt8.self), payload.count, kind)
    }
}

private func withOptionalCString<Result>(
    _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
}

/// The text cut to so many bytes, between characters.
private func cut(_ text: String, _ maxBytes: Int) -> String {
    var text = text
    while text.utf8.count > maxBytes { text.removeLast() }
    return text
}
