import PetrelCore

/// One HTTP request to be sent.
public struct HTTPRequest: Sendable {
    /// Letters only, such as `GET`.
    public var method: String
    /// An absolute URL, http or https.
    public var url: String
    /// Names and values, sent in this order.
    public var headers: [(name: String, value: String)]
    /// What is sent after the headers; nil for nothing.
    public var body: [UInt8]?
    /// How long the whole exchange may take, from the call to the last byte, waiting and redirects included.
    public var timeout: Duration
    /// How large the answer's body may be, unpacked.
    public var maxResponseBytes: Int
    /// A PEM file of the authorities to trust instead of the system's.
    public var caFile: String?
    /// Whether the server's certificate is checked; false only where a user asked for that.
    public var verifiesCertificate = true
    /// The proxy.
    public var proxy: ProxyChoice
    /// How many redirects are followed; with 0 a redirect is an answer like any other.
    ///
    /// Each is checked like a request of its own. `Authorization` and cookies go to no other host, port or scheme.
    public var maxRedirects: Int
    /// Which numeric addresses may be connected to; nil for all.
    ///
    /// Asked for the address that a connection really leads to, on the client's thread. An IPv4 address inside an IPv6 one
    /// comes as IPv4. With a proxy it is the proxy's address: use ``ProxyChoice/none`` where that won't do.
    public var allowsAddress: (@Sendable (_ address: String) -> Bool)?

    /// A request from its parts.
    public init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), maxResponseBytes: Int = 16 << 20, caFile: String? = nil,
        proxy: ProxyChoice = .fromEnvironment, maxRedirects: Int = 0,
        allowsAddress: (@Sendable (_ address: String) -> Bool)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxResponseBytes = maxResponseBytes
        self.caFile = caFile
        self.proxy = proxy
        self.maxRedirects = maxRedirects
        self.allowsAddress = allowsAddress
    }

    /// A POST of a form with fields and files.
    public init(
        form: MultipartForm, to url: String, headers: [(name: String, value: String)] = [],
        timeout: Duration = .seconds(120)
    ) {
        let (contentType, body) = form.encoded()
        self.init(
            method: "POST", url: url, headers: headers + [("Content-Type", contentType)], body: body, timeout: timeout)
    }
}

/// The answer to an ``HTTPRequest``, whatever its status.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// In the order they came, with lower-cased names.
    public var headers: [(name: String, value: String)]
    /// The body, unpacked.
    public var body: [UInt8]
    /// The URL that answered: the request's, or the last redirect's.
    public var url: String

    /// An answer from its parts.
    public init(status: Int, headers: [(name: String, value: String)], body: [UInt8], url: String = "") {
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
    }

    /// The value of the first header of that lower-cased name.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

extension HTTPRequest {
    /// The URL's parts, once nothing speaks against sending it.
    ///
    /// A line break in a header, for instance, would be another header.
    func checkedParts() throws(SystemError) -> URLParts {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.dropFirst(scheme.count).hasPrefix("://") else {
            throw SystemError(
                .badRequest, "'\(shownURL)' is no http or https URL", hint: "Write it as https://host/path")
        }
        guard isOneLine(url), !url.utf8.contains(0x20), !url.utf8.contains(0x09) else {
            throw SystemError(.badRequest, "the URL of \(shownURL) holds a blank or a control character")
        }
        guard let parts = URLParts(url) else {
            throw SystemError(.badRequest, "the host or port of '\(shownURL)' is not well-formed")
        }
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
            throw SystemError(.badRequest, "'\(method)' is no HTTP method")
        }
        for header in headers where !isOneLine(header.value) || !isHeaderName(header.name) {
            throw SystemError(.badRequest, "the header '\(header.name)' holds a character that headers may not hold")
        }
        return parts
    }

    /// The URL without what may be secret.
    var shownURL: String { URLParts.shown(url) }

    /// Whether doing it twice is the same as doing it once.
    var isIdempotent: Bool { ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method.uppercased()) }
}
