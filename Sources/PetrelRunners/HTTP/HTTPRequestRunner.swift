public import PetrelCore
public import PetrelSystem
import Synchronization

/// Runs `http-request` actions through libcurl.
///
/// Addresses of the machine's own network link, where clouds keep credentials, are never connected to; those of private
/// networks are not where the settings say so.
public final class HTTPRequestRunner: ActionRunner {
    private let client: HTTPClient
    private let refusesPrivate: Bool
    private let version: String
    private let cancelers = Mutex<[AttemptKey: AsyncStream<Void>.Continuation]>([:])

    /// A runner that sends through a client.
    /// - Parameters:
    ///   - refusesPrivate: whether private networks and this machine are out of reach.
    ///   - version: Petrel's version, told to servers.
    public init(client: HTTPClient = HTTPClient(), refusesPrivate: Bool = false, version: String) {
        self.client = client
        self.refusesPrivate = refusesPrivate
        self.version = version
    }

    /// The one type.
    public var types: [RunnerType] { [Self.type] }

    /// Sends the request and waits for the whole answer.
    public func run(_ request: RunRequest) async -> RunOutcome {
        let order: HTTPOrder
        switch HTTPOrder.make(request, refusesPrivate: refusesPrivate, version: version) {
        case .failure(let refusal): return Self.failed(refusal.reason)
        case .success(let made): order = made
        }
        let (wishes, canceler) = AsyncStream<Void>.makeStream()
        cancelers.withLock { $0[request.attempt] = canceler }
        defer { _ = cancelers.withLock { $0.removeValue(forKey: request.attempt) } }
        return await withTaskGroup(of: RunOutcome?.self) { group in
            group.addTask { await self.outcome(of: order) }
            group.addTask {
                for await _ in wishes { return RunOutcome(status: .canceled, result: ["error": "canceled"]) }
                return nil
            }
            var first: RunOutcome?
            while first == nil, let each = await group.next() { first = each }
            group.cancelAll()
            return first ?? Self.failed("the request was given up")
        }
    }

    /// It can't be known whether the request arrived.
    public func resume(_ request: RunRequest, boot: String) async -> RunTrace {
        .lost(reason: "the service ended while the request was under way")
    }

    /// Ends the exchange.
    public func cancel(_ attempt: AttemptKey) async { cancelers.withLock { $0[attempt] }?.yield() }

    /// Does nothing: attempts leave no traces.
    public func forget(_ attempt: AttemptKey) async {}

    private func outcome(of order: HTTPOrder) async -> RunOutcome {
        do throws(SystemError) {
            let response = try await client.perform(order.request)
            let (body, isParsed) = Self.body(response)
            var headers: ValueObject = [:]
            for header in response.headers {
                let name = Self.written(header.name)
                headers[name] = .string((headers[name]?.string.map { $0 + ", " } ?? "") + header.value)
            }
            return RunOutcome(
                status: (200...206).contains(response.status) ? .succeeded : .failed,
                result: [
                    "status_code": .integer(response.status), "body": body, "parsed": .bool(isParsed),
                    "headers": .object(headers),
                ])
        } catch {
            let isLate = error.code == .timedOut
            return isLate
                ? RunOutcome(status: .timeout, result: ["error": .string(error.message)])
                : Self.failed(error.message)
        }
    }

    private static func body(_ response: HTTPResponse) -> (Value, Bool) {
        let type = response.header("content-type")?.split(separator: ";").first.map(String.init) ?? ""
        let isJSON = type.lowercased().filter { $0 != " " } == "application/json"
        if isJSON, let value = try? JSONReader.value(response.body, limits: .actionOutput) { return (value, true) }
        return (.string(String(decoding: response.body, as: UTF8.self)), false)
    }

    /// As servers and Python's clients write header names: `Content-Type`.
    private static func written(_ name: String) -> String {
        name.split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: "-")
    }

    private static func failed(_ reason: String) -> RunOutcome {
        RunOutcome(status: .failed, result: ["error": .string(reason), "traceback": ""])
    }

    private static let type = RunnerType(
        name: "http-request", summary: "Sends an HTTP request.",
        parameters: [
            "url": runnerParameter(.string, "Where it is sent.", isRequired: true),
            "headers": runnerParameter(.object, "Headers."),
            "cookies": runnerParameter(.object, "Cookies."),
            "http_proxy": runnerParameter(.string, "The proxy for http URLs."),
            "https_proxy": runnerParameter(.string, "The proxy for https URLs."),
            "allow_redirects": runnerParameter(.boolean, "Whether redirects are followed.", defaultValue: false),
            "verify_ssl_cert": runnerParameter(
                .boolean, "Whether the server's certificate is checked.", defaultValue: true),
            "username": runnerParameter(.string, "The user's name for basic authentication."),
            "password": runnerParameter(.string, "The password for basic authentication.", isSecret: true),
            "url_hosts_blacklist": runnerParameter(
                .array, "Hosts that it may not be sent to.", schema: ["items": ["type": "string"]]),
            "url_hosts_whitelist": runnerParameter(
                .array, "The only hosts that it may be sent to.", schema: ["items": ["type": "string"]]),
        ], package: "http_runner", module: "http_runner", outputKey: "body",
        outputSchema: [
            "type": "object",
            "properties": [
                "status_code": ["type": "integer"],
                "body": [
                    "anyOf": [
                        ["type": "object"], ["type": "string"], ["type": "integer"], ["type": "number"],
                        ["type": "boolean"], ["type": "array"], ["type": "null"],
                    ]
                ],
                "parsed": ["type": "boolean"], "headers": ["type": "object"],
            ],
        ])
}
