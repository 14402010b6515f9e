import PetrelCore
import PetrelEngine

/// An answer that is an error: `{"faultstring": …}`, as StackStorm's.
struct APIError: Error {
    var status: APIStatus
    var message: String
    var hint: String?
    /// Further keys of the body, such as `conflict-id`.
    var extra: ValueObject = [:]
    var headers: [(String, String)] = []

    init(_ status: APIStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    init(_ error: CoreError) {
        let status: APIStatus =
            switch error.code {
            case .badJSON, .invalidInput: .badRequest
            case .notFound: .notFound
            case .forbidden: .forbidden
            case .unavailable: .unavailable
            }
        self.init(status, error.message, hint: error.hint)
    }

    init(_ error: EngineError) {
        let status: APIStatus =
            switch error.code {
            case .unknownAction, .disabledAction, .unknownRunner, .invalidParameter, .invalidAnswer: .badRequest
            case .unknownInquiry: .notFound
            case .forbidden: .forbidden
            case .duplicateMessage: .conflict
            case .unavailable: .unavailable
            }
        self.init(status, error.message, hint: error.hint)
    }

    /// The body, with the advice under a key of its own that StackStorm's clients ignore.
    var response: APIResponse {
        var body: ValueObject = ["faultstring": .string(message)]
        for (key, value) in extra { body[key] = value }
        if let hint { body["hint"] = .string(hint) }
        return APIResponse(.object(body), status: status, headers: headers)
    }
}

/// Carries out what a port does, with its errors as answers.
func answering<Answer>(_ body: () async throws(CoreError) -> Answer) async throws(APIError) -> Answer {
    do { return try await body() } catch { throw APIError(error) }
}
