public import PetrelCore
import Synchronization

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
    /// How long the whole exchange may take, from the look-up of the name to the last byte.
    public var timeout: Duration
    /// How large the answer's body may be, unpacked.
    public var maxResponseBytes: Int

    /// A request from its parts.
    public init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), maxResponseBytes: Int = 16 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxResponseBytes = maxResponseBytes
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

    /// An answer from its parts.
    public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first header of that lower-cased name.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Sends HTTP requests through libcurl: http and https only, certificates checked, no redirect followed, proxies as the
/// environment says.
///
/// Each request holds one of a few threads until it is answered; connections are kept for the next.
public final class HTTPClient: Sendable {
    private let pool: WorkerPool
    private let handles = CurlHandles()

    /// A client with so many requests at a time; more wait.
    public init(maxConcurrentRequests: Int = 16) {
        pool = WorkerPool("petrel-http", threads: maxConcurrentRequests)
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// Cancelling the task ends the exchange within about a second.
    /// - Throws: ``SystemError`` when there is no answer; any status is an answer.
    public func perform(_ request: HTTPRequest) async throws(SystemError) -> HTTPResponse {
        if let problem = request.problem { throw problem }
        let transfer = CurlTransfer(request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<HTTPTransferResult, Never>) in
                let isTaken = pool.run { [handles] in continuation.resume(returning: handles.perform(transfer)) }
                if !isTaken { continuation.resume(returning: .failure(.crowded)) }
            }
        } onCancel: {
            transfer.cancel()
        }
        return try result.get()
    }
}

typealias HTTPTransferResult = Result<HTTPResponse, SystemError>

extension SystemError {
    fileprivate static var crowded: SystemError {
        SystemError(.unreachable, "too many requests wait to be sent", hint: "Try again later", isRetryable: true)
    }
}

extension HTTPRequest {
    /// Why it can't be sent, such as a line break in a header, which would be another header.
    var problem: SystemError? {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.dropFirst(scheme.count).hasPrefix("://") else {
            return SystemError(
                .badRequest, "'\(shownURL)' is no http or https URL", hint: "Write it as https://host/path")
        }
        guard isPlain(url), !url.utf8.contains(0x20) else {
            return SystemError(.badRequest, "the URL of \(shownURL) holds a blank or a control character")
        }
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
            return SystemError(.badRequest, "'\(method)' is no HTTP method")
        }
        for header in headers where !isPlain(header.value) || !isToken(header.name) {
            return SystemError(.badRequest, "the header '\(header.name)' holds a character that headers may not hold")
        }
        return nil
    }

    /// The URL without what may be secret: user, password, path and query.
    var shownURL: String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty else { return String(url.prefix { !"?@#".contains($0) }.prefix(40)) }
        let authority = parts[2].prefix { $0 != "?" && $0 != "#" }
        return parts[0] + "//" + (authority.split(separator: "@").last ?? "")
    }

    private func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }

    private func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A && $0 != 0x3B }
    }
}
