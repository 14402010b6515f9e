import PetrelCore
import PetrelSystem

/// Mattermost's REST API, version 4.
struct MattermostClient: Sendable {
    /// The server's usual limit is ten a second, with a hundred at once.
    private static let limit = PaceLimit(perSecond: 9, burst: 60)

    let options: MattermostOptions
    let http: HTTPClient
    let pacing: SendPacing
    let denials: DenialMemory

    func get(_ path: String) async throws(PlatformFailure) -> Value { try await call("GET", path, nil, "") }

    func post(_ path: String, _ body: Value) async throws(PlatformFailure) -> Value {
        try await call("POST", path, JSONWriter.bytes(body), "application/json")
    }

    func put(_ path: String, _ body: Value) async throws(PlatformFailure) -> Value {
        try await call("PUT", path, JSONWriter.bytes(body), "application/json")
    }

    /// Uploads a file to a channel, where nobody sees it before a post names it.
    /// - Returns: its id.
    func upload(_ file: PostFile, channel: String) async throws(PlatformFailure) -> String {
        var form = MultipartForm()
        form.add("channel_id", channel)
        form.addFile("files", fileName: WebBody.safeFileName(file.name), file.bytes)
        let (contentType, body) = form.encoded()
        let answer = try await call("POST", "/files", body, contentType)
        guard let id = answer["file_infos"]?.array?.first?["id"]?.string else {
            throw .doubtful("the server took a file and gave it no id")
        }
        return id
    }

    /// Posts to an address that the server gave for answers to a slash command.
    func answer(at url: String, _ body: Value) async throws(PlatformFailure) {
        _ = try await exchange(
            HTTPRequest(
                method: "POST", url: url, headers: [(name: "Content-Type", value: "application/json")],
                body: JSONWriter.bytes(body), timeout: WebAnswer.timeLimit, maxResponseBytes: WebAnswer.maxBytes))
    }

    private func call(
        _ method: String, _ path: String, _ body: [UInt8]?, _ contentType: String
    ) async throws(PlatformFailure) -> Value {
        try await pacing.wait("", Self.limit)
        var headers = [(name: "Authorization", value: "Bearer " + options.token.reveal())]
        if body != nil { headers.append((name: "Content-Type", value: contentType)) }
        let request = HTTPRequest(
            method: method, url: options.apiURL + path, headers: headers, body: body, timeout: WebAnswer.timeLimit,
            maxResponseBytes: WebAnswer.maxBytes)
        let response = try await denials.guarding("bot") { () async throws(PlatformFailure) in
            try await exchange(request)
        }
        guard let value = WebAnswer.json(response) else {
            throw .doubtful("\(method) \(path): the server answered with status \(response.status) and no JSON")
        }
        return value
    }

    private func exchange(_ request: HTTPRequest) async throws(PlatformFailure) -> HTTPResponse {
        var request = request
        request.caFile = options.caFile
        let response: HTTPResponse
        do throws(SystemError) { response = try await http.perform(request) } catch { throw PlatformFailure(error) }
        switch response.status {
        case 200..<300: return response
        case 429:
            let pause = WebAnswer.pause(response)
            pacing.pause("", for: pause)
            throw .limited(after: pause)
        default: throw failure(response)
        }
    }

    private func failure(_ response: HTTPResponse) -> PlatformFailure {
        let error = WebAnswer.json(response)
        let message = error?["message"]?.string ?? "the server answered with status \(response.status)"
        switch response.status {
        case 401: return .denied(message)
        case 408, 500...: return .doubtful(message)
        default: return .refused(code: error?["id"]?.string ?? "http_\(response.status)", message: message)
        }
    }
}
