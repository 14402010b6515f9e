import PetrelCore

/// A checked ``WebSocketRequest``: what the library is given.
struct WebSocketTarget: Sendable {
    let parts: URLParts
    let headers: [(name: String, value: String)]
    /// Separated by commas; nil for none.
    let subprotocols: String?
    let caFile: String?
    let proxy: ProxyAddress?

    /// The URL for messages.
    var shownURL: String { parts.scheme + "://" + parts.hostHeader }

    /// The host whose address is connected to: the proxy, or the server itself.
    var firstHost: String { proxy?.host ?? parts.host }

    init(_ request: WebSocketRequest, variables: ProxyVariables = .process) throws(SystemError) {
        guard let parts = URLParts(request.url), ["ws", "wss"].contains(parts.scheme), isOneLine(request.url) else {
            throw SystemError(
                .badRequest, "'\(URLParts.shown(request.url))' is no websocket URL",
                hint: "Write it as wss://host/path")
        }
        self.parts = parts
        headers = request.headers
        subprotocols = request.subprotocols.isEmpty ? nil : request.subprotocols.joined(separator: ", ")
        caFile = request.caFile
        let proxy = request.proxy.proxy(for: parts, variables: variables)
        self.proxy = if let proxy { try ProxyAddress(proxy) } else { nil }
        try check(request)
    }

    private func check(_ request: WebSocketRequest) throws(SystemError) {
        func refuse(_ message: String, hint: String? = nil) -> SystemError {
            SystemError(.badRequest, message, hint: hint)
        }
        guard parts.userInformation == nil else {
            throw refuse("the URL of \(shownURL) holds a user", hint: "Send an Authorization header instead")
        }
        guard !parts.path.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }), parts.path.utf8.count <= 8000 else {
            throw refuse("the URL of \(shownURL) is too long or holds a character that must be written as %xx")
        }
        guard !parts.host.utf8.contains(where: { $0 >= 0x80 }) else {
            throw refuse("the host of \(shownURL) is not written in ASCII", hint: "Write its xn-- form")
        }
        // The library takes the name for the certificate from the Host header, up to the first colon.
        guard !(parts.isSecure && parts.host.contains(":")) else {
            throw refuse("wss to the IPv6 address \(parts.host) can't be checked", hint: "Use the host's name")
        }
        // The library writes a proxy's request into a small buffer and cuts it off.
        guard parts.host.utf8.count <= (proxy == nil ? 255 : 90) else {
            throw refuse("the host name of \(shownURL) is too long" + (proxy == nil ? "" : " for a proxy"))
        }
        for header in headers where !isOneLine(header.value) || !isHeaderName(header.name) {
            throw refuse("the header '\(header.name)' holds a character that headers may not hold")
        }
        let headerBytes = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard headerBytes <= 16_000 else { throw refuse("the headers for \(shownURL) have \(headerBytes) bytes") }
        for name in request.subprotocols where !isHeaderName(name) || name.contains(",") {
            throw refuse("'\(name)' can't be the name of a subprotocol")
        }
    }
}

/// An HTTP proxy that opens tunnels.
struct ProxyAddress: Sendable, Hashable {
    let host: String
    let port: Int
    /// `user:password`, not encoded; nil for none.
    let credentials: String?

    init(_ url: String) throws(SystemError) {
        let shown = URLParts.shown(url)
        guard let parts = URLParts(url.contains("://") ? url : "http://" + url), isOneLine(url) else {
            throw SystemError(.badRequest, "'\(shown)' is no proxy's URL", hint: "Write it as http://host:port")
        }
        guard parts.scheme == "http" else {
            throw SystemError(
                .badRequest, "the proxy \(shown) can't carry websockets", hint: "Only http:// proxies can")
        }
        host = parts.host
        port = parts.port
        credentials = parts.userInformation.flatMap(URLParts.decoded)
        let isUsable = credentials.map { isOneLine($0) && $0.utf8.count <= 90 && $0.contains(":") }
        guard isUsable ?? (parts.userInformation == nil) else {
            throw SystemError(
                .badRequest, "user and password of the proxy \(shown) can't be used",
                hint: "Write them as user:password@, with %xx for what is special, 90 bytes at most")
        }
    }

    /// The form that the library wants, with the address that was looked up.
    func text(address: String) -> String {
        let host = address.contains(":") ? "[" + address + "]" : address
        return (credentials.map { $0 + "@" } ?? "") + host + ":\(port)"
    }
}
