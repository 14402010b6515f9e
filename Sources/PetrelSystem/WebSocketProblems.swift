import CPetrel
import PetrelCore

// What can become of a websocket, in words.
extension SystemError {
    static func untrusted(_ target: WebSocketTarget, _ reason: String) -> SystemError {
        SystemError(
            .untrusted, "the certificate of \(target.shownURL) is not trusted: \(reason)",
            hint: "Check its name and dates, or add its authority to this machine's certificates")
    }

    static func nothingListens(_ target: WebSocketTarget) -> SystemError {
        guard let proxy = target.proxy else {
            return SystemError(
                .unreachable, "nothing answers at \(target.shownURL)",
                hint: "Check that it runs and that host and port are right", isRetryable: true)
        }
        return SystemError(
            .unreachable, "the proxy \(proxy.host):\(proxy.port) on the way to \(target.shownURL) does not answer",
            hint: "Check the proxy variables", isRetryable: true)
    }

    static func tooLate(_ target: WebSocketTarget, _ limit: Duration) -> SystemError {
        SystemError(
            .unreachable, "no connection to \(target.shownURL) came about within \(limit.inSeconds) seconds",
            isRetryable: true)
    }

    /// What answered was no websocket; the text is the library's.
    static func noWebSocket(_ target: WebSocketTarget, _ status: Int, _ text: String) -> SystemError {
        let url = target.shownURL
        if status != 0, status != 101 {
            return SystemError(
                .refused, "\(url) refused the websocket with HTTP status \(status)",
                isRetryable: status >= 500 || status == 429,
                underlying: RefusedUpgrade(status: status))
        }
        if text.hasPrefix("proxy"), let proxy = target.proxy {
            return SystemError(
                .unreachable, "the proxy \(proxy.host):\(proxy.port) opened no tunnel to \(url)",
                hint: "Check its address, user and password, and whether it allows that host", isRetryable: true)
        }
        if text.contains("SSL") || text.contains("tls") {
            return SystemError(
                .unreachable, "the TLS handshake with \(url) failed", hint: "Check that the port speaks TLS",
                isRetryable: true)
        }
        if text.hasPrefix("HS:") {
            return SystemError(.refused, "what \(url) answered is no websocket handshake: \(text.dropFirst(4))")
        }
        return SystemError(.unreachable, "\(url) ended the connection during the handshake", isRetryable: true)
    }

    static func silent(_ target: WebSocketTarget, _ limit: Duration) -> SystemError {
        let message = "nothing came from \(target.shownURL) for \(limit.inSeconds) seconds"
        return SystemError(.disconnected, message, isRetryable: true)
    }

    static func stalled(_ target: WebSocketTarget, _ limit: Duration) -> SystemError {
        let message = "\(target.shownURL) has taken nothing for \(limit.inSeconds) seconds"
        return SystemError(.disconnected, message, isRetryable: true)
    }

    static func badFrame(_ target: WebSocketTarget) -> SystemError {
        SystemError(.badFrame, "what \(target.shownURL) sent is no valid websocket frame", isRetryable: true)
    }

    static func endedWithoutClose(_ target: WebSocketTarget) -> SystemError {
        let message = "\(target.shownURL) ended the connection without a close frame"
        return SystemError(.disconnected, message, isRetryable: true)
    }

    /// An end without close frames: if the other side did not end the connection, we did, because of what it sent.
    static func broken(_ target: WebSocketTarget, _ state: petrel_tcp_state) -> SystemError {
        switch state {
        case PETREL_TCP_OPEN: badFrame(target)
        case PETREL_TCP_RESET:
            SystemError(.disconnected, "the connection to \(target.shownURL) was reset", isRetryable: true)
        default: endedWithoutClose(target)
        }
    }
}
