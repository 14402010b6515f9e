import CCurl
import CPetrel
import Glibc
import PetrelCore
import Synchronization

/// Easy handles at rest, each with its open connections.
///
/// A handle is touched by the one thread that took it out.
final class CurlHandles: @unchecked Sendable {
    private let idle = Mutex<[UInt]>([])
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    deinit {
        for address in idle.withLock({ $0 }) { curl_easy_cleanup(UnsafeMutableRawPointer(bitPattern: address)) }
    }

    /// Sends the request on the calling thread, which blocks until it is over.
    func perform(_ transfer: CurlTransfer) -> HTTPTransferResult {
        guard Self.isReady, let easy = take() else {
            return .failure(SystemError(.transferFailed, "libcurl can't be set up", isRetryable: true))
        }
        let result = transfer.perform(on: easy)
        curl_easy_reset(easy)
        idle.withLock { $0.append(UInt(bitPattern: easy)) }
        return result
    }

    private func take() -> UnsafeMutableRawPointer? {
        if let address = idle.withLock({ $0.popLast() }) { return UnsafeMutableRawPointer(bitPattern: address) }
        return curl_easy_init()
    }
}

/// One exchange.
///
/// The pool's thread that performs it touches everything; another may only set the cancel flag.
final class CurlTransfer: @unchecked Sendable {
    private let request: HTTPRequest
    private let isCancelled = Atomic<Bool>(false)
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false

    init(_ request: HTTPRequest) { self.request = request }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    func perform(on easy: UnsafeMutableRawPointer) -> HTTPTransferResult {
        let list = headerList()
        defer { curl_slist_free_all(list) }
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = message.withUnsafeMutableBufferPointer { message in
            setUp(easy)
            petrel_curl_set_pointer(easy, Int32(CURLOPT_HTTPHEADER.rawValue), list)
            petrel_curl_set_pointer(easy, Int32(CURLOPT_ERRORBUFFER.rawValue), message.baseAddress)
            return withBody(easy) { curl_easy_perform(easy) }
        }
        guard code == CURLE_OK else { return .failure(problem(code, detail: message)) }
        var status = 0
        petrel_curl_get_status(easy, &status)
        return .success(HTTPResponse(status: status, headers: headers, body: body))
    }

    private func setUp(_ easy: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let milliseconds = max(1, request.timeout.wholeMicroseconds / 1000)
        set(easy, CURLOPT_URL, request.url)
        set(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(easy, CURLOPT_ACCEPT_ENCODING, "")
        set(easy, CURLOPT_CUSTOMREQUEST, request.method)
        set(easy, CURLOPT_NOSIGNAL, 1)
        set(easy, CURLOPT_FOLLOWLOCATION, 0)
        set(easy, CURLOPT_NOPROGRESS, 0)
        set(easy, CURLOPT_TIMEOUT_MS, Int(milliseconds))
        set(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(min(milliseconds, 30_000)))
        petrel_curl_set_write(easy, Int32(CURLOPT_WRITEFUNCTION.rawValue), takeBody)
        petrel_curl_set_pointer(easy, Int32(CURLOPT_WRITEDATA.rawValue), context)
        petrel_curl_set_write(easy, Int32(CURLOPT_HEADERFUNCTION.rawValue), takeHeader)
        petrel_curl_set_pointer(easy, Int32(CURLOPT_HEADERDATA.rawValue), context)
        petrel_curl_set_progress(easy, tellCancelled)
        petrel_curl_set_pointer(easy, Int32(CURLOPT_XFERINFODATA.rawValue), context)
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) {
        petrel_curl_set_long(easy, Int32(option.rawValue), value)
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) {
        petrel_curl_set_text(easy, Int32(option.rawValue), value)
    }

    private func withBody(_ easy: UnsafeMutableRawPointer, _ perform: () -> CURLcode) -> CURLcode {
        guard let body = request.body else {
            if request.method.uppercased() == "HEAD" { set(easy, CURLOPT_NOBODY, 1) }
            return perform()
        }
        return body.withUnsafeBytes { bytes in
            petrel_curl_set_offset(easy, Int32(CURLOPT_POSTFIELDSIZE_LARGE.rawValue), Int64(bytes.count))
            // libcurl reads it while it sends; an empty body needs a pointer all the same.
            return withUnsafeBytes(of: 0) { nothing in
                petrel_curl_set_pointer(
                    easy, Int32(CURLOPT_POSTFIELDS.rawValue), bytes.baseAddress ?? nothing.baseAddress)
                return perform()
            }
        }
    }

    private func headerList() -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        var lines = request.headers.map { $0.value.isEmpty ? $0.name + ";" : $0.name + ": " + $0.value }
        // libcurl adds these two by itself: the one waits for a go-ahead, the other guesses.
        lines.append("Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for line in lines { list = curl_slist_append(list, line) ?? list }
        return list
    }

    fileprivate var shouldStop: Bool { isCancelled.load(ordering: .relaxed) }

    fileprivate func append(body bytes: UnsafeRawBufferPointer) -> Bool {
        isTooLarge = isTooLarge || body.count + bytes.count > request.maxResponseBytes
        if !isTooLarge { body.append(contentsOf: bytes) }
        return !isTooLarge
    }

    fileprivate func append(header bytes: UnsafeRawBufferPointer) -> Bool {
        let line = String(decoding: bytes, as: UTF8.self).utf8.filter { $0 != 0x0D && $0 != 0x0A }
        // A new status line: what came before belonged to an interim answer or a proxy.
        if line.starts(with: "HTTP/".utf8) { headers = [] }
        headerBytes += bytes.count
        isTooLarge = isTooLarge || headerBytes > 1 << 20
        if let colon = line.firstIndex(of: 0x3A) {
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            headers.append((name, String(decoding: value, as: UTF8.self)))
        }
        return !isTooLarge
    }

    private func problem(_ code: CURLcode, detail: [CChar]) -> SystemError {
        let url = request.shownURL
        let detail = String(decoding: detail.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch code {
        case CURLE_ABORTED_BY_CALLBACK: return SystemError(.cancelled, "the request to \(url) was cancelled")
        case CURLE_WRITE_ERROR where isTooLarge:
            return SystemError(.tooLarge, "\(url) answered with more than \(request.maxResponseBytes) bytes")
        case CURLE_COULDNT_CONNECT:
            return SystemError(
                .unreachable, "nothing answers at \(url)", hint: "Check that it runs and that host and port are right",
                isRetryable: true)
        case CURLE_COULDNT_RESOLVE_HOST:
            return SystemError(
                .unreachable, "no address is known for the host of \(url)",
                hint: "Check its name, and this machine's DNS",
                isRetryable: true)
        case CURLE_COULDNT_RESOLVE_PROXY:
            return SystemError(
                .unreachable, "no address is known for the proxy on the way to \(url)",
                hint: "Check http_proxy and https_proxy", isRetryable: true)
        case CURLE_OPERATION_TIMEDOUT:
            let seconds = request.timeout.inSeconds
            return SystemError(.timedOut, "\(url) did not answer within \(seconds) seconds", isRetryable: true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            return SystemError(
                .untrusted, "the certificate of \(url) is not trusted: \(detail)",
                hint: "Add its authority to this machine's certificates")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return SystemError(.badRequest, "'\(url)' is no http or https URL")
        default:
            let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
            return SystemError(.transferFailed, "the exchange with \(url) failed: \(words)", isRetryable: true)
        }
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

private func tellCancelled(
    _ context: UnsafeMutableRawPointer?, _: Int64, _: Int64, _: Int64, _: Int64
) -> Int32 {
    transfer(context)?.shouldStop ?? true ? 1 : 0
}
