public import PetrelCore

/// Sends HTTP requests through libcurl: http and https only, HTTP/1.1 and 2, certificates checked always, proxies as the
/// request says.
///
/// One thread serves all requests of a client; it begins with the first one. Connections are kept for the next.
/// ``Problem/mayHaveArrived`` of an error says whether a request may have reached its server. Only requests that may be
/// done twice are ever sent twice on the wire.
public final class HTTPClient: Sendable {
    private let loop: CurlLoop

    /// A client with so many requests at a time, and so many to one host; more wait, the hosts by turns.
    public convenience init(maxConcurrentRequests: Int = 64, maxConcurrentPerHost: Int = 16) {
        let turns = HTTPTurns(
            maxRunning: maxConcurrentRequests, maxPerHost: maxConcurrentPerHost, maxWaiting: 10_000)
        self.init(turns, threadName: "petrel-http")
    }

    init(_ turns: HTTPTurns, threadName: String) { loop = CurlLoop(turns, threadName: threadName) }

    deinit { loop.stop() }

    /// Sends a request and waits for the whole answer.
    ///
    /// Cancelling the task ends the exchange at once.
    /// - Throws: ``SystemError`` when there is no answer; any status is an answer.
    public func perform(_ request: HTTPRequest) async throws(SystemError) -> HTTPResponse {
        let deadline = ContinuousClock.now + request.timeout
        var next = request
        for hop in 0...max(0, request.maxRedirects) {
            let response: HTTPResponse
            do throws(SystemError) { response = try await exchange(next, deadline) } catch {
                throw hop == 0 || request.isIdempotent ? error : .afterRedirect(request, error)
            }
            guard request.maxRedirects > 0, let redirected = next.redirected(by: response) else { return response }
            next = redirected
        }
        throw SystemError(
            .transferFailed, "\(request.shownURL) redirects more than \(request.maxRedirects) times",
            hint: "It may redirect in a circle")
    }

    private func exchange(
        _ request: HTTPRequest, _ deadline: ContinuousClock.Instant
    ) async throws(SystemError) -> HTTPResponse {
        let transfer = CurlTransfer(request, try request.checkedParts(), deadline)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<HTTPTransferResult, Never>) in
                if transfer.await(continuation) { loop.submit(transfer) }
            }
        } onCancel: {
            transfer.finish(.failure(.requestCancelled(request)))
            loop.giveUp(transfer)
        }
        return try result.get()
    }
}

typealias HTTPTransferResult = Result<HTTPResponse, SystemError>

extension SystemError {
    static func requestCancelled(_ request: HTTPRequest) -> SystemError {
        SystemError(.cancelled, "the request to \(request.shownURL) was cancelled")
    }

    /// An error of a later request: the first one did arrive, whatever became of the others.
    static func afterRedirect(_ request: HTTPRequest, _ problem: SystemError) -> SystemError {
        guard !problem.mayHaveArrived else { return problem }
        return SystemError(
            .transferFailed, "\(request.shownURL) redirected, and then: \(problem.message)", hint: problem.hint,
            underlying: problem)
    }
}
