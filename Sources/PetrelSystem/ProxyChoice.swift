/// How a request or websocket finds its proxy.
public enum ProxyChoice: Sendable, Hashable {
    /// By the variables `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, also in capitals.
    ///
    /// Read once, when the process first needs them.
    case fromEnvironment
    /// No proxy, whatever the environment says.
    case none
    /// This one, such as `http://user:password@proxy.example.com:3128`.
    case url(String)

    /// The URL of the proxy to use for a host, or nil for none.
    func proxy(for parts: URLParts, variables: ProxyVariables = .process) -> String? {
        switch self {
        case .none: nil
        case .url(let url): url.isEmpty ? nil : url
        case .fromEnvironment: variables.proxy(isSecure: parts.isSecure, host: parts.host, port: parts.port)
        }
    }
}

/// The proxy variables of an environment, decided here and not by the C libraries, of which each reads others.
public struct ProxyVariables: Sendable, Hashable {
    /// Those of this process, as they were when first asked for.
    static let process = ProxyVariables(currentEnvironment())

    private var plain: String?
    private var secure: String?
    private var isEverythingDirect = false
    private var exceptions: [Exception] = []

    private enum Exception: Sendable, Hashable {
        case name(String, port: Int?)
        case network(AddressNetwork, port: Int?)
    }

    /// The rules that an environment's variables make; the lower-case name wins over the one in capitals.
    public init(_ environment: [String: String]) {
        func variable(_ name: String) -> String? { environment[name] ?? environment[name.uppercased()] }
        func isSet(_ text: String) -> Bool { !text.isEmpty }
        let other = variable("all_proxy")
        plain = (variable("http_proxy") ?? other).flatMap { isSet($0) ? $0 : nil }
        secure = (variable("https_proxy") ?? other).flatMap { isSet($0) ? $0 : nil }
        for entry in (variable("no_proxy") ?? "").split(whereSeparator: { ", \t".contains($0) }) {
            isEverythingDirect = isEverythingDirect || entry == "*"
            exceptions.append(Self.exception(entry.lowercased()))
        }
    }

    /// The URL of the proxy for a lower-cased host, or nil for a direct connection.
    ///
    /// The machine itself is always reached directly.
    public func proxy(isSecure: Bool, host: String, port: Int) -> String? {
        guard let proxy = isSecure ? secure : plain, !isEverythingDirect else { return nil }
        let address = AddressBits(host)
        if host == "localhost" || host.hasSuffix(".localhost") || address?.isLoopback == true { return nil }
        let isExcepted = exceptions.contains { exception in
            switch exception {
            case .name(let name, let only):
                (only ?? port) == port && (host == name || host.hasSuffix("." + name))
            case .network(let network, let only):
                (only ?? port) == port && address.map(network.contains) ?? false
            }
        }
        return isExcepted ? nil : proxy
    }

    private static func exception(_ text: String) -> Exception {
        if let network = AddressNetwork(text) { return .network(network, port: nil) }
        var name = text[...]
        var port: Int?
        if let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]) {
            name = text[..<colon]
            port = number
        }
        if let network = AddressNetwork(String(name)) { return .network(network, port: port) }
        if name.hasPrefix("*") { name = name.dropFirst() }
        while name.hasPrefix(".") { name = name.dropFirst() }
        return .name(String(name), port: port)
    }
}
