import PetrelCore
import PetrelSystem

/// Sends one HTTP request; tests put something else in place of the network.
protocol HTTPTransport: Sendable {
    /// Sends a request and waits for its answer, whatever its status.
    func perform(_ request: HTTPRequest) async throws(SystemError) -> HTTPResponse
}

extension HTTPClient: HTTPTransport {}

/// The API of a running service.
struct APIClient: Sendable {
    var target: ClientTarget
    let transport: any HTTPTransport

    /// A client for a service.
    init(_ target: ClientTarget, transport: any HTTPTransport = HTTPClient(maxConcurrentRequests: 4)) {
        self.target = target
        self.transport = transport
    }

    /// What a resource holds.
    ///
    /// The path begins with a slash, and its parts must be escaped.
    func get(_ path: String, _ query: [(name: String, value: String)] = [], timeout: Duration = .seconds(30))
        async throws(AppError) -> Value
    {
        try await answer("GET", path + URLText.query(query), timeout: timeout)
    }

    /// The items of a listing, and how many there are in all.
    func list(_ path: String, _ query: [(name: String, value: String)] = []) async throws(AppError) -> Listing {
        let place = Location(file: "GET \(target.apiURL)\(path)")
        let response = try await perform("GET", path + URLText.query(query), nil, timeout: .seconds(30))
        guard let items = try value(of: response, place).array else {
            throw AppError(.badAnswer, "the answer is no list", location: place)
        }
        return Listing(items: items, total: response.header("x-total-count").flatMap { Int($0) } ?? items.count)
    }

    /// The items of a listing, page by page as large as everybody may ask for; at most `limit`.
    func pages(_ path: String, _ query: [(name: String, value: String)], limit: Int) async throws(AppError) -> Listing {
        var listing = Listing(items: [], total: 0)
        repeat {
            let size = min(100, limit - listing.items.count)
            let page = try await list(
                path, query + [("limit", String(size)), ("offset", String(listing.items.count))])
            listing.items += page.items
            listing.total = max(page.total, listing.items.count)
            if page.items.count < size { break }
        } while listing.items.count < limit
        return listing
    }

    /// Sends something to a resource.
    func post(_ path: String, _ body: Value, timeout: Duration = .seconds(30)) async throws(AppError) -> Value {
        try await answer("POST", path, body, timeout: timeout)
    }

    /// Replaces a resource.
    func put(_ path: String, _ body: Value, timeout: Duration = .seconds(30)) async throws(AppError) -> Value {
        try await answer("PUT", path, body, timeout: timeout)
    }

    /// What a resource holds as text.
    func text(_ path: String, _ query: [(name: String, value: String)] = []) async throws(AppError) -> String {
        let response = try await perform("GET", path + URLText.query(query), nil, timeout: .seconds(60))
        return String(decoding: response.body, as: UTF8.self)
    }

    /// Deletes a resource; null when the service has nothing to say about it.
    func delete(_ path: String, _ body: Value? = nil) async throws(AppError) -> Value {
        try await answer("DELETE", path, body, timeout: .seconds(30))
    }

    private func answer(_ method: String, _ path: String, _ body: Value? = nil, timeout: Duration)
        async throws(AppError) -> Value
    {
        let response = try await perform(method, path, body, timeout: timeout)
        return try value(of: response, place(method, path))
    }

    private func place(_ method: String, _ path: String) -> Location {
        Location(file: "\(method) \(target.apiURL)\(path.prefix { $0 != "?" })")
    }

    /// Gets a token for a name and a password, which lives so many seconds.
    func token(for login: SavedLogin, ttl: Int?) async throws(AppError) -> Value {
        var client = self
        client.target.credential = .basic(Secret("\(login.user):\(login.password.reveal())"))
        client.target.savedLogin = nil
        return try await client.post("/tokens", .object(ttl.map { ["ttl": .integer($0)] } ?? [:]))
    }

    /// Sends a request; once more if the token has ended and the password for another is kept.
    private func perform(_ method: String, _ path: String, _ body: Value?, timeout: Duration) async throws(AppError)
        -> HTTPResponse
    {
        var response = try await send(method, path, body, timeout: timeout, as: target.credential)
        if response.status == 401, let login = target.savedLogin {
            response = try await send(method, path, body, timeout: timeout, as: renewed(by: login))
        }
        guard response.status < 400 else { throw AppError.refusal(response, place(method, path), target) }
        return response
    }

    private func renewed(by login: SavedLogin) async throws(AppError) -> Credential {
        guard let text = try await token(for: login, ttl: nil)["token"]?.string else {
            throw AppError(.badAnswer, "the answer holds no token")
        }
        let token = Secret(text)
        try SavedToken(server: target.apiURL, token: token, login: login).save(target.environment)
        return .token(token)
    }

    private func send(
        _ method: String, _ path: String, _ body: Value?, timeout: Duration, as credential: Credential?
    ) async throws(AppError) -> HTTPResponse {
        var headers = [(name: "Accept", value: "application/json")]
        if let credential { headers.append(credential.header) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let request = HTTPRequest(
            method: method, url: target.apiURL + path, headers: headers, body: body.map { JSONWriter.bytes($0) },
            timeout: timeout, maxResponseBytes: 64 << 20)
        do throws(SystemError) {
            return try await transport.perform(request)
        } catch {
            throw AppError.unreachable(error, target)
        }
    }

    private func value(of response: HTTPResponse, _ place: Location) throws(AppError) -> Value {
        guard !response.body.isEmpty else { return .null }
        do throws(CoreError) {
            return try JSONReader.value(response.body, limits: .ownDocument)
        } catch {
            throw AppError(
                .badAnswer, "the answer is no JSON: \(error.message)",
                hint: "Check that the address is that of Petrel's API", location: place)
        }
    }
}

/// A page of a listing.
struct Listing: Sendable {
    var items: [Value]
    /// How many there are in all.
    var total: Int
}

extension Problem where Code == AppErrorCode {
    /// No answer came.
    fileprivate static func unreachable(_ problem: SystemError, _ target: ClientTarget) -> AppError {
        let isAbsent = problem.code == .unreachable
        let hint = isAbsent ? "Start the service with: petrel serve   Or name another with --server URL" : problem.hint
        return AppError(
            .unreachable, isAbsent ? "no service answers: \(problem.message)" : problem.message, hint: hint,
            isRetryable: isAbsent || problem.isRetryable || [.transferFailed, .timedOut].contains(problem.code),
            location: Location(file: target.apiURL), underlying: problem)
    }

    /// The service said no.
    fileprivate static func refusal(_ response: HTTPResponse, _ place: Location, _ target: ClientTarget) -> AppError {
        let body = try? JSONReader.value(response.body, limits: .requestBody)
        let said = body?["faultstring"]?.string ?? body?["detail"]?.string ?? body?["title"]?.string
        return AppError(
            .refused, said ?? "the service answered with status \(response.status)",
            hint: body?["hint"]?.string ?? hint(response.status, hasCredential: target.credential != nil),
            isRetryable: [429, 502, 503, 504].contains(response.status),
            location: Location(file: "\(place.file) answered \(response.status)"))
    }

    private static func hint(_ status: Int, hasCredential: Bool) -> String? {
        switch status {
        case 401 where hasCredential: "The token is not valid here; give another with --token or PETREL_TOKEN"
        case 401: "Give a token with --token or PETREL_TOKEN, or name the service's data folder with --data-dir"
        case 403: "Ask an administrator for the role that this needs"
        case 404: "Check the name; the list commands show what there is"
        case 500...: "Look at the service's log"
        default: nil
        }
    }
}
