import PetrelCore
import PetrelEngine

/// A request after authentication, as a route's handler gets it.
struct APIRequest: Sendable {
    var route: Route
    var caller: Caller
    /// Decides whether the caller may do what the handler is about to do.
    var access: Access
    /// The parts of the path that the route names.
    var path: [String: String]
    var query: [String: String]
    /// The value of a header by its lower-cased name.
    var header: @Sendable (String) -> String?
    /// All headers, named as they came.
    var headers: @Sendable () -> [(String, String)]
    /// Finds out where the connection came from.
    var findAddress: @Sendable () -> String
    /// The body as it came; empty for a route without one.
    var bytes: [UInt8]
    /// The body as JSON; null for a route without one.
    var body: Value
    /// The body as the object that the route's schema asks for.
    var object: ValueObject

    var identity: Identity { caller.identity }
    /// Where the connection came from.
    var address: String { findAddress() }

    /// A path part that the route declares.
    func part(_ name: String) -> String { path[name] ?? "" }

    /// A text of the query; nil when it is absent or empty.
    func text(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A whole number of the query.
    func integer(_ name: String) throws(APIError) -> Int? {
        guard let text = text(name) else { return nil }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.dropFirst() : Substring(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw APIError(.badRequest, "Parameter \"\(name)\" is not of type integer")
        }
        return Int(text) ?? (text.utf8.first == UInt8(ascii: "-") ? Int.min : Int.max)
    }

    /// A truth value of the query.
    func truth(_ name: String) throws(APIError) -> Bool? {
        guard let text = text(name)?.lowercased() else { return nil }
        if ["true", "1", "yes", "y"].contains(text) { return true }
        if ["false", "0", "no", "n"].contains(text) { return false }
        throw APIError(.badRequest, "Parameter \"\(name)\" is not of type boolean")
    }

    /// A list with commas of the query; empty when absent.
    func list(_ name: String) -> [String] {
        (query[name] ?? "").split(separator: ",").map(String.init)
    }

    /// Fails unless the caller has the route's permission on a resource.
    func authorize(_ uid: ResourceUID?, _ subject: String = "", owner: String? = nil) throws(APIError) {
        guard let permission = route.permission else { return }
        try authorize(permission, uid, subject, owner: owner)
    }

    /// Fails unless the caller has a permission on a resource.
    func authorize(
        _ permission: Permission, _ uid: ResourceUID? = nil, _ subject: String = "", owner: String? = nil
    ) throws(APIError) {
        let decision = access.decide(AccessRequest(identity, permission, on: subject, owner: owner, uid: uid))
        guard decision.isAllowed else { throw APIError(.forbidden, decision.reason) }
    }

    /// Whether the caller may see everything.
    var isAdministrator: Bool { access.isAdministrator(identity) }

    /// Whether secrets are asked for by somebody who may see them.
    func showsSecrets() throws(APIError) -> Bool { try truth("show_secrets") == true && isAdministrator }
}

/// What a handler answers.
struct APIResponse: Sendable {
    /// The body of an answer.
    enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece until the function returns; writing throws when the client is gone.
        case stream(@Sendable (_ write: @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void)
    }

    var status: APIStatus = .ok
    var headers: [(String, String)] = []
    var contentType = "application/json"
    var body: Body

    /// A JSON body.
    init(_ value: Value, status: APIStatus = .ok, headers: [(String, String)] = []) {
        self.status = status
        self.headers = headers
        body = .bytes(JSONWriter.bytes(value))
    }

    /// A text body.
    init(text: String, status: APIStatus = .ok, contentType: String = "text/plain; charset=utf-8") {
        self.status = status
        self.contentType = contentType
        body = .bytes(Array(text.utf8))
    }

    /// A body of bytes.
    init(bytes: [UInt8], contentType: String, headers: [(String, String)] = []) {
        self.contentType = contentType
        self.headers = headers
        body = .bytes(bytes)
    }

    /// A body that is written piece by piece.
    init(
        contentType: String, headers: [(String, String)] = [],
        stream: @escaping @Sendable (@escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void
    ) {
        self.contentType = contentType
        self.headers = headers
        body = .stream(stream)
    }

    /// An answer without a body.
    static var noContent: APIResponse {
        var response = APIResponse(bytes: [], contentType: "application/json")
        response.status = .noContent
        return response
    }
}

/// The statuses that the API answers with.
enum APIStatus: Int, Sendable {
    case ok = 200
    case created = 201
    case accepted = 202
    case noContent = 204
    case temporaryRedirect = 307
    case notModified = 304
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case requestTimeout = 408
    case conflict = 409
    case tooLarge = 413
    case tooMany = 429
    case internalError = 500
    case unavailable = 503
}
