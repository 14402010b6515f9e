import PetrelCore
import PetrelEngine

/// A request after authentication, as a route's handler gets it.
struct APIRequest: Sendable {
    var identity: Identity
    /// The parts of the path that the route names.
    var path: [String: String]
    var query: [String: String]
    var body: Value

    /// A path part that the route declares.
    func part(_ name: String) -> String { path[name] ?? "" }

    /// A whole number of the query.
    func integer(_ name: String) throws(APIError) -> Int? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else {
            throw APIError(.badRequest, "Parameter \"\(name)\" is not of type integer")
        }
        return number
    }

    /// A truth value of the query.
    func truth(_ name: String) throws(APIError) -> Bool? {
        guard let text = query[name]?.lowercased(), !text.isEmpty else { return nil }
        if ["true", "1", "yes", "y"].contains(text) { return true }
        if ["false", "0", "no", "n"].contains(text) { return false }
        throw APIError(.badRequest, "Parameter \"\(name)\" is not of type boolean")
    }

    /// A list with commas of the query; empty when absent.
    func list(_ name: String) -> [String] {
        (query[name] ?? "").split(separator: ",").map(String.init)
    }

    /// The body as an object.
    func object(allowing keys: [String]) throws(APIError) -> ValueObject {
        let body = body.isNull ? [:] : body
        guard let object = body.object else {
            throw APIError(.badRequest, "The body must be an object, not \(body.typeName)")
        }
        if let key = object.keys.first(where: { !keys.contains($0) }) {
            throw APIError(.badRequest, "Additional properties are not allowed ('\(key)' was unexpected)")
        }
        return object
    }
}

/// What a handler answers.
struct APIResponse: Sendable {
    var status: APIStatus = .ok
    var headers: [(String, String)] = []
    var contentType = "application/json"
    var body: [UInt8]

    /// A JSON body.
    init(_ value: Value, status: APIStatus = .ok, headers: [(String, String)] = []) {
        self.status = status
        self.headers = headers
        body = JSONWriter.bytes(value)
    }

    /// A text body.
    init(text: String, status: APIStatus = .ok, contentType: String = "text/plain; charset=utf-8") {
        self.status = status
        self.contentType = contentType
        body = Array(text.utf8)
    }
}

/// The statuses that the API answers with.
enum APIStatus: Int, Sendable {
    case ok = 200
    case created = 201
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case conflict = 409
    case tooLarge = 413
    case internalError = 500
    case unavailable = 503
}

/// An answer that is an error: `{"faultstring": …}`, as StackStorm's.
struct APIError: Error {
    var status: APIStatus
    var message: String
    var hint: String?

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
            case .unknownAction, .disabledAction, .unknownRunner, .invalidParameter: .badRequest
            case .forbidden: .forbidden
            case .duplicateMessage: .conflict
            case .unavailable: .unavailable
            }
        self.init(status, error.message, hint: error.hint)
    }

    /// The body, with the advice under a key of its own that StackStorm's clients ignore.
    var response: APIResponse {
        var body: ValueObject = ["faultstring": .string(message)]
        if let hint { body["hint"] = .string(hint) }
        return APIResponse(.object(body), status: status)
    }
}
