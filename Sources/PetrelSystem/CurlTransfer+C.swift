import CCurl
import CPetrel
import Glibc
import PetrelCore
import Synchronization

/// One exchange.
///
/// The loop's thread touches everything; others only wait for the outcome and set it.
final class CurlTransfer: @unchecked Sendable {
    private enum Outcome {
        case open(CheckedContinuation<HTTPTransferResult, Never>?)
        case over(HTTPTransferResult)
    }

    let parts: URLParts
    let deadline: ContinuousClock.Instant
    var number = 0

    private let request: HTTPRequest
    private let outcome = Mutex(Outcome.open(nil))
    private var list: UnsafeMutablePointer<curl_slist>?
    private var sentBody: UnsafeMutableRawBufferPointer?
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    /// How often the request went out, and whether it was to go out once too often.
    private var timesSent = 0
    private var isRepeated = false
    private var refusedAddress: String?

    init(_ request: HTTPRequest, _ parts: URLParts, _ deadline: ContinuousClock.Instant) {
        self.request = request
        self.parts = parts
        self.deadline = deadline
    }

    deinit { tearDown() }

    // MARK: The outcome

    var isOver: Bool {
        outcome.withLock { if case .over = $0 { true } else { false } }
    }

    /// Has the continuation wait; false when it was resumed at once, because all is over.
    func await(_ continuation: CheckedContinuation<HTTPTransferResult, Never>) -> Bool {
        let result = outcome.withLock { outcome -> HTTPTransferResult? in
            if case .over(let result) = outcome { return result }
            outcome = .open(continuation)
            return nil
        }
        if let result { continuation.resume(returning: result) }
        return result == nil
    }

    /// Sets the outcome; the first counts.
    func finish(_ result: HTTPTransferResult) {
        let continuation = outcome.withLock { outcome -> CheckedContinuation<HTTPTransferResult, Never>? in
            guard case .open(let continuation) = outcome else { return nil }
            outcome = .over(result)
            return continuation
        }
        continuation?.resume(returning: result)
    }

    /// What came of it.
    func result(_ handle: CurlHandle, _ code: CURLcode) -> HTTPTransferResult {
        guard code == CURLE_OK else { return .failure(problem(code, detail: String(cString: handle.message))) }
        var status = 0
        petrel_curl_get_status(handle.easy, &status)
        return .success(HTTPResponse(status: status, headers: headers, body: body, url: request.url))
    }

    // MARK: Setting up

    func setUp(_ handle: CurlHandle) {
        let easy = handle.easy
        set(easy, CURLOPT_URL, request.url)
        set(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        set(easy, CURLOPT_ACCEPT_ENCODING, "")
        set(easy, CURLOPT_CUSTOMREQUEST, request.method)
        set(easy, CURLOPT_NOSIGNAL, 1)
        set(easy, CURLOPT_FOLLOWLOCATION, 0)
        // Else dropping a transfer waits for the resolver's thread, and all other transfers with it.
        set(easy, CURLOPT_QUICK_EXIT, 1)
        // A connection that rested longer is more likely to be closed from afar just when a request goes out.
        set(easy, CURLOPT_MAXAGE_CONN, 50)
        setTimes(easy)
        setProxy(easy)
        if let caFile = request.caFile {
            set(easy, CURLOPT_CAINFO, caFile)
            petrel_curl_set_pointer(easy, Int32(CURLOPT_CAPATH.rawValue), nil)
        }
        if !request.verifiesCertificate {
            set(easy, CURLOPT_SSL_VERIFYPEER, 0)
            set(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
        setCallbacks(handle)
        setBody(easy)
        setHeaders(easy)
    }

    private func setCallbacks(_ handle: CurlHandle) {
        let easy = handle.easy
        let context = Unmanaged.passUnretained(self).toOpaque()
        petrel_curl_set_write(easy, Int32(CURLOPT_WRITEFUNCTION.rawValue), takeBody)
        petrel_curl_set_pointer(easy, Int32(CURLOPT_WRITEDATA.rawValue), context)
        petrel_curl_set_write(easy, Int32(CURLOPT_HEADERFUNCTION.rawValue), takeHeader)
        petrel_curl_set_pointer(easy, Int32(CURLOPT_HEADERDATA.rawValue), context)
        petrel_curl_set_pointer(easy, Int32(CURLOPT_ERRORBUFFER.rawValue), handle.message)
        handle.hooks.pointee = petrel_curl_hooks(context: context, may_connect: mayConnect, may_send: maySend)
        petrel_curl_set_hooks(easy, handle.hooks)
    }

    /// Frees what the handle pointed to.
    func tearDown() {
        curl_slist_free_all(list)
        list = nil
        sentBody?.deallocate()
        sentBody = nil
    }

    private func setTimes(_ easy: UnsafeMutableRawPointer) {
        let milliseconds = Int(max(1, (deadline - .now).wholeMicroseconds / 1000))
        set(easy, CURLOPT_TIMEOUT_MS, milliseconds)
        set(easy, CURLOPT_CONNECTTIMEOUT_MS, min(milliseconds, 30_000))
    }

    /// Always set: with nothing set libcurl looks into the environment by its own rules.
    private func setProxy(_ easy: UnsafeMutableRawPointer) {
        set(easy, CURLOPT_PROXY, request.proxy.proxy(for: parts) ?? "")
        set(easy, CURLOPT_NOPROXY, "")
    }

    private func setBody(_ easy: UnsafeMutableRawPointer) {
        guard let body = request.body else {
            if request.method.uppercased() == "HEAD" { set(easy, CURLOPT_NOBODY, 1) }
            return
        }
        // libcurl reads it while it sends; an empty body needs a pointer all the same.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, body.count), alignment: 1)
        copy.copyBytes(from: body)
        sentBody = copy
        petrel_curl_set_offset(easy, Int32(CURLOPT_POSTFIELDSIZE_LARGE.rawValue), Int64(body.count))
        petrel_curl_set_pointer(easy, Int32(CURLOPT_POSTFIELDS.rawValue), copy.baseAddress)
    }

    private func setHeaders(_ easy: UnsafeMutableRawPointer) {
        for header in request.headers {
            append(header: header.value.isEmpty ? header.name + ";" : header.name + ": " + header.value)
        }
        // libcurl adds these two by itself: the one waits for a go-ahead, the other guesses.
        append(header: "Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            append(header: "Content-Type:")
        }
        petrel_curl_set_pointer(easy, Int32(CURLOPT_HTTPHEADER.rawValue), list)
    }

    private func append(header line: String) { list = curl_slist_append(list, line) ?? list }

    private func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) {
        petrel_curl_set_long(easy, Int32(option.rawValue), value)
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) {
        petrel_curl_set_text(easy, Int32(option.rawValue), value)
    }

    // MARK: What libcurl says

    fileprivate func allows(connecting address: String) -> Bool {
        guard let allows = request.allowsAddress, !allows(address) else { return true }
        refusedAddress = address
        return false
    }

    /// Each request asks, also on a kept connection, and also when libcurl sends it again by itself because a kept
    /// connection broke before the first byte of an answer: the server may have acted on it all the same.
    fileprivate func allows(sendingTo address: String) -> Bool {
        guard allows(connecting: address) else { return false }
        timesSent += 1
        isRepeated = timesSent > 1 && !request.isIdempotent
        return !isRepeated
    }

    fileprivate func append(body bytes: UnsafeRawBufferPointer) -> Bool {
        isTooLarge = isTooLarge || body.count + bytes.count > request.maxResponseBytes
        guard !isTooLarge else { return false }
        if body.isEmpty { reserveBody(bytes.count) }
        body.append(contentsOf: bytes)
        return true
    }

    private func reserveBody(_ least: Int) {
        let told = headers.last { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        body.reserveCapacity(max(least, min(told, request.maxResponseBytes, 1 << 24)))
    }

    fileprivate func append(header bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        isTooLarge = isTooLarge || headerBytes > 1 << 20
        var line = bytes[...]
        while let last = line.last, last == 0x0D || last == 0x0A { line = line.dropLast() }
        // A new status line: what came before belonged to an interim answer or a proxy.
        if line.starts(with: "HTTP/".utf8) {
            headers = []
        } else if let colon = line.firstIndex(of: 0x3A) {
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            headers.append((name, String(decoding: value, as: UTF8.self)))
        }
        return !isTooLarge
    }

    // MARK: What can go wrong

    /// The time was over before it was this request's turn.
    var tooLateToStart: SystemError {
        let seconds = request.timeout.inSeconds
        let message = "the request to \(request.shownURL) waited for its turn longer than its \(seconds) seconds"
        return SystemError(.crowded, message, isRetryable: true)
    }

    private func problem(_ code: CURLcode, detail: String) -> SystemError {
        let url = request.shownURL
        if let refusedAddress {
            return SystemError(.addressRefused, "\(url) leads to \(refusedAddress), where no connection is allowed")
        }
        if isRepeated {
            return SystemError(
                .transferFailed, "the connection to \(url) broke after the request had gone out", isRetryable: true)
        }
        if isTooLarge {
            return SystemError(.tooLarge, "\(url) answered with more than \(request.maxResponseBytes) bytes")
        }
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            return SystemError(
                .untrusted, "the certificate of \(url) is not trusted: \(words)",
                hint: "Check its name and dates, or add its authority to this machine's certificates")
        case CURLE_URL_MALFORMAT where timesSent == 0, CURLE_UNSUPPORTED_PROTOCOL where timesSent == 0:
            return SystemError(.badRequest, "'\(url)' is no http or https URL")
        default:
            return timesSent == 0 ? unsent(code, words) : doubtful(code, words)
        }
    }

    /// Nothing of the request went out.
    private func unsent(_ code: CURLcode, _ words: String) -> SystemError {
        let url = request.shownURL
        var (message, hint): (String, String?) = ("no connection to \(url) came about: \(words)", nil)
        switch code {
        case CURLE_COULDNT_CONNECT:
            message = "nothing answers at \(url)"
            hint = "Check that it runs and that host and port are right"
        case CURLE_COULDNT_RESOLVE_HOST:
            message = "no address is known for the host of \(url)"
            hint = "Check its name, and this machine's DNS"
        case CURLE_COULDNT_RESOLVE_PROXY:
            message = "no address is known for the proxy on the way to \(url)"
            hint = "Check the proxy variables"
        case CURLE_OPERATION_TIMEDOUT:
            message = "no connection to \(url) came about in time"
        default: break
        }
        return SystemError(.unreachable, message, hint: hint, isRetryable: true)
    }

    /// The request went out; what the server did with it is not known.
    private func doubtful(_ code: CURLcode, _ words: String) -> SystemError {
        let url = request.shownURL
        guard code == CURLE_OPERATION_TIMEDOUT else {
            return SystemError(.transferFailed, "the exchange with \(url) failed: \(words)", isRetryable: true)
        }
        let message = "\(url) did not answer within \(request.timeout.inSeconds) seconds"
        return SystemError(.timedOut, message, isRetryable: true)
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private func takeBody(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let isTaken = transfer(context)?.append(body: UnsafeRawBufferPointer(start: data, count: size * count)) ?? false
    return isTaken ? size * count : 0
}

private func takeHeader(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let isTaken = transfer(context)?.append(header: UnsafeRawBufferPointer(start: data, count: size * count)) ?? false
    return isTaken ? size * count : 0
}

private func mayConnect(_ context: UnsafeMutableRawPointer?, _ address: UnsafePointer<CChar>?) -> Bool {
    guard let address else { return false }
    return transfer(context)?.allows(connecting: String(cString: address)) ?? false
}

private func maySend(_ context: UnsafeMutableRawPointer?, _ address: UnsafePointer<CChar>?) -> Bool {
    guard let address else { return false }
    return transfer(context)?.allows(sendingTo: String(cString: address)) ?? false
}
