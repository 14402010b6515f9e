import PetrelCore
import PetrelSystem

/// Slack's Web API.
struct SlackClient: Sendable {
    /// Errors that stay until somebody changes the app or its tokens.
    private static let denials: Set<String> = [
        "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "user_removed_from_team",
        "team_disabled", "not_allowed_token_type", "org_login_required", "forbidden_team",
        "team_access_not_granted",
    ]
    /// Errors after which the call may have been carried out.
    private static let doubts: Set<String> = [
        "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    ]

    let options: SlackOptions
    let http: HTTPClient
    let pacing: SendPacing
    let denials: DenialMemory

    /// Calls a method with the bot's token.
    /// - Parameters:
    ///   - key: what the call's limit is counted by, beside the method, such as the channel of a post.
    func call(
        _ method: SlackMethod, _ arguments: ValueObject = [:], key: String? = nil
    ) async throws(PlatformFailure) -> Value {
        let paceKey = method.rawValue + (key.map { ":" + $0 } ?? "")
        try await pacing.wait(paceKey, method.limit)
        do throws(PlatformFailure) {
            return try await denials.guarding(method.needsAppToken ? "app" : "bot") {
                () async throws(PlatformFailure) in
                try await perform(method, arguments)
            }
        } catch {
            if case .limited(let pause) = error { pacing.pause(paceKey, for: pause) }
            throw error
        }
    }

    /// Posts to an address that Slack gave, which is its own permission: a response URL, a place for a file.
    func post(to url: String, body: [UInt8], contentType: String) async throws(PlatformFailure) -> HTTPResponse {
        let response = try await exchange(
            HTTPRequest(
                method: "POST", url: url, headers: [(name: "Content-Type", value: contentType)], body: body,
                timeout: .seconds(60), maxResponseBytes: WebAnswer.maxBytes))
        switch response.status {
        case 200..<300: return response
        case 429: throw .limited(after: WebAnswer.pause(response))
        case 500...: throw .doubtful("Slack answered with status \(response.status)")
        default: throw .refused(code: "http_\(response.status)", message: "Slack refused with \(response.status)")
        }
    }

    private func perform(_ method: SlackMethod, _ arguments: ValueObject) async throws(PlatformFailure) -> Value {
        let token = method.needsAppToken ? options.appToken : options.botToken
        var headers = [(name: "Authorization", value: "Bearer " + token.reveal())]
        let body: [UInt8]
        if method.takesJSON {
            headers.append((name: "Content-Type", value: "application/json; charset=utf-8"))
            body = JSONWriter.bytes(.object(arguments))
        } else {
            headers.append((name: "Content-Type", value: "application/x-www-form-urlencoded"))
            body = WebBody.form(arguments.map { (name: $0.key, value: $0.value.string ?? JSONWriter.text($0.value)) })
        }
        let response = try await exchange(
            HTTPRequest(
                method: "POST", url: options.apiURL + "/" + method.rawValue, headers: headers, body: body,
                timeout: WebAnswer.timeLimit, maxResponseBytes: WebAnswer.maxBytes))
        return try answer(response, of: method)
    }

    private func exchange(_ request: HTTPRequest) async throws(PlatformFailure) -> HTTPResponse {
        var request = request
        request.caFile = options.caFile
        do throws(SystemError) { return try await http.perform(request) } catch { throw PlatformFailure(error) }
    }

    private func answer(_ response: HTTPResponse, of method: SlackMethod) throws(PlatformFailure) -> Value {
        let name = method.rawValue
        if response.status == 429 { throw .limited(after: WebAnswer.pause(response)) }
        guard let value = WebAnswer.json(response), let isGood = value["ok"]?.bool else {
            guard (400..<500).contains(response.status), response.status != 408 else {
                throw .doubtful("\(name): Slack answered with status \(response.status) and no JSON")
            }
            throw .refused(code: "http_\(response.status)", message: "\(name): status \(response.status)")
        }
        if isGood { return value }
        throw failure(value, of: name)
    }

    private func failure(_ value: Value, of method: String) -> PlatformFailure {
        let code = value["error"]?.string ?? "unknown_error"
        let needed = value["needed"]?.string.map { " (needs the scope \($0))" } ?? ""
        let details = value["response_metadata"]?["messages"]?.array?.compactMap(\.string).joined(separator: "; ")
        let text = "\(method): \(code)\(needed)" + (details.map { ": " + $0.prefix(300) } ?? "")
        if code == "ratelimited" || code == "rate_limited" { return .limited(after: .seconds(30)) }
        if Self.denials.contains(code) { return .denied(text) }
        if Self.doubts.contains(code) { return .doubtful(text) }
        return .refused(code: code, message: text)
    }
}

/// The methods of the Web API that are used, with Slack's limits for them.
enum SlackMethod: String, Sendable, CaseIterable {
    case openConnection = "apps.connections.open"
    case testToken = "auth.test"
    case postMessage = "chat.postMessage"
    case postEphemeral = "chat.postEphemeral"
    case update = "chat.update"
    case history = "conversations.history"
    case replies = "conversations.replies"
    case openConversation = "conversations.open"
    case conversationInfo = "conversations.info"
    case conversations = "users.conversations"
    case userInfo = "users.info"
    case uploadAddress = "files.getUploadURLExternal"
    case completeUpload = "files.completeUploadExternal"
    case fileInfo = "files.info"

    var needsAppToken: Bool { self == .openConnection }

    var takesJSON: Bool {
        switch self {
        case .postMessage, .postEphemeral, .update: true
        default: false
        }
    }

    /// A little below what Slack allows: one post a second in each channel, the rest by tiers for the workspace.
    var limit: PaceLimit {
        switch self {
        case .postMessage: PaceLimit(perSecond: 0.98, burst: 4)
        case .openConnection, .conversations: .perMinute(18, burst: 12)
        case .postEphemeral, .userInfo, .uploadAddress, .completeUpload, .fileInfo: .perMinute(95, burst: 80)
        case .testToken: .perMinute(200, burst: 50)
        default: .perMinute(48, burst: 40)
        }
    }
}
