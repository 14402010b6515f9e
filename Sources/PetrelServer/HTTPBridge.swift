import AsyncAlgorithms
import HTTPTypes
import Hummingbird
import NIOCore
import PetrelCore
import PetrelEngine

// Between Hummingbird's requests and responses and those of the routes.

extension Route.Method {
    var httpMethod: HTTPRequest.Method {
        switch self {
        case .get: .get
        case .post: .post
        case .put: .put
        case .delete: .delete
        }
    }
}

/// A response as Hummingbird sends it.
func respond(_ response: APIResponse) -> Response {
    var headers: HTTPFields = [:]
    if response.status != .noContent { headers[.contentType] = response.contentType }
    for (name, value) in response.headers {
        if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
    }
    let status = HTTPResponse.Status(code: response.status.rawValue)
    switch response.body {
    case .bytes(let bytes):
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    case .stream(let stream):
        return Response(
            status: status, headers: headers,
            body: ResponseBody { writer in
                try await pump(stream) { bytes in try await writer.write(ByteBuffer(bytes: bytes)) }
                try await writer.finish(nil)
            })
    }
}

/// Runs what makes a body in a task of its own and hands on each piece when the last one is written: a client that reads
/// slowly slows it down, and one that is gone ends it.
private func pump(
    _ make: @escaping @Sendable (_ write: @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void,
    to write: ([UInt8]) async throws -> Void
) async throws {
    let channel = AsyncChannel<[UInt8]>()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { channel.finish() }
            try await make { bytes in
                await channel.send(bytes)
                try Task.checkCancellation()
            }
        }
        defer { group.cancelAll() }
        for await bytes in channel { try await write(bytes) }
    }
}

/// Names of header fields, checked and lower-cased once.
private enum Field {
    static let token = name("X-Auth-Token")
    static let apiKey = name("St2-Api-Key")
    static let requestID = name("X-Request-ID")
    /// What every answer carries.
    static let fixed = [
        ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ].map { HTTPField(name: name($0.0), value: $0.1) }

    /// The name of a field; the names above are well-formed, so that the other one is never used.
    private static func name(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .via }
}

extension Request {
    /// The token or key of a request: by header, then query, then cookie; the first that is there decides.
    func credential(query: [String: String]) -> Credential? {
        for (name, kind) in [(Field.token, Credential.Kind.token), (Field.apiKey, .apiKey)] {
            if let value = headers[name] {
                return Credential(kind: kind, location: .header, text: value)
            }
        }
        for (name, kind) in [("x-auth-token", Credential.Kind.token), ("st2-api-key", .apiKey)] {
            if let value = query[name] { return Credential(kind: kind, location: .query, text: value) }
        }
        return (cookies["auth-token"]?.value).map { Credential(kind: .token, location: .cookie, text: $0) }
    }

    /// The body of a request to a route that takes one.
    func bodyBytes(of route: Route, limits: Limits) async throws(APIError) -> [UInt8] {
        guard route.body != nil else { return [] }
        if let length = headers[.contentLength], Int(length) == 0 { return [] }
        do { return Array(try await body.collect(upTo: limits.maxBytes).readableBytesView) } catch {
            if let error = error as? RequestDeadline.BodyTooSlow {
                throw APIError(
                    .requestTimeout, "The body did not arrive within \(error.time.nanoseconds / 1_000_000_000) seconds")
            }
            throw APIError(.tooLarge, "The body has more than \(limits.maxBytes) bytes, or did not arrive")
        }
    }

    /// The query, decoded; of a name that comes twice the first counts.
    var queryByName: [String: String] {
        guard let query = uri.query else { return [:] }
        var found: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = parts.map { percentDecoded($0.utf8.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }) }
            if found[texts[0]] == nil { found[texts[0]] = texts.count > 1 ? texts[1] : "" }
        }
        return found
    }
}

extension PetrelRequestContext {
    /// The parts of the path that a route names, decoded; what follows the last one is called `**`.
    func pathParts(of route: Route) -> [String: String] {
        var parts: [String: String] = [:]
        for (name, text) in parameters where parts[String(name)] == nil {
            parts[String(name)] =
                text.utf8.contains(UInt8(ascii: "%")) ? percentDecoded(Array(text.utf8)) : String(text)
        }
        guard route.path.hasSuffix("**") else { return parts }
        let rest = parameters.getCatchAll().joined(separator: "/")
        if !rest.isEmpty { parts["**"] = percentDecoded(Array(rest.utf8)) }
        return parts
    }
}

extension APIRequest {
    /// A request whose query and body are of the kinds that the route declares.
    init(
        route: Route, caller: Caller, access: Access, path: [String: String], query: [String: String],
        headers: HTTPFields, address: @escaping @Sendable () -> String, bytes: [UInt8], limits: Limits
    ) async throws(APIError) {
        self.init(
            route: route, caller: caller, access: access, path: path, query: query,
            header: { name in HTTPField.Name(name).flatMap { headers[$0] } },
            headers: { headers.map { ($0.name.rawName, $0.value) } }, findAddress: address, bytes: bytes,
            body: .null, object: [:])
        for parameter in route.query {
            if parameter.kind == .integer { _ = try integer(parameter.name) }
            if parameter.kind == .boolean { _ = try truth(parameter.name) }
        }
        guard let declared = route.body else { return }
        if case .text = declared { return }
        body = try Self.parsed(bytes, contentType: headers[.contentType], limits: limits)
        if case .json(let schema) = declared { object = try schema.checked(body) }
    }

    private static func parsed(_ bytes: [UInt8], contentType: String?, limits: Limits) throws(APIError) -> Value {
        guard !bytes.isEmpty else { return .null }
        let type = (contentType ?? "").split(separator: ";").first.map { $0.lowercased() } ?? ""
        switch type {
        case "", "application/json": return try json(bytes, limits)
        case "text/plain": return .string(String(decoding: bytes, as: UTF8.self))
        case "application/x-www-form-urlencoded": return .object(formValues(bytes))
        default:
            throw APIError(.badRequest, "Failed to parse request body: Unsupported Content-Type: \"\(type)\"")
        }
    }

    private static func json(_ bytes: [UInt8], _ limits: Limits) throws(APIError) -> Value {
        do { return try JSONReader.value(bytes, limits: limits) } catch {
            throw APIError(.badRequest, "Failed to parse request body: \(error.message)")
        }
    }

    /// A form as StackStorm reads it: each name with the list of its values.
    private static func formValues(_ bytes: [UInt8]) -> ValueObject {
        var values: ValueObject = [:]
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                .map { percentDecoded($0.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }) }
            let value = parts.count > 1 ? parts[1] : ""
            values[parts[0]] = .array((values[parts[0]]?.array ?? []) + [.string(value)])
        }
        return values
    }

    /// The caller as `GET /user` shows them.
    var userDocument: ValueObject {
        var authentication: ValueObject = [
            "method": .string(caller.credential?.kind.rawValue ?? Credential.Kind.token.rawValue),
            // A cookie counts as a header there.
            "location": caller.credential?.location == .query ? "query" : "header",
        ]
        if caller.credential?.kind != .apiKey {
            // Clients insist on an end; the admin token and those of actions have none in time.
            let end = caller.expiresAt?.description ?? "9999-12-31T23:59:59"
            authentication["token_expire"] = .string(String(end.prefix(19)) + "Z")
        }
        return [
            "username": .string(identity.user), "authentication": .object(authentication),
            "rbac": [
                "enabled": true, "roles": .array(access.roles(of: identity).map(Value.string)),
                "is_admin": .bool(isAdministrator),
            ],
        ]
    }
}

extension Caller {
    /// The cookie that a browser is given, so that it can go on without the header; nil for other credentials.
    func cookie(now: Instant) -> String? {
        guard let credential, credential.kind == .token, credential.location != .cookie, let expiresAt else {
            return nil
        }
        let seconds = max(0, Int((expiresAt - now).inSeconds))
        return "auth-token=\(credential.text); Max-Age=\(seconds); Path=/; HttpOnly; Secure; SameSite=lax"
    }
}

/// Text with its `%XX` replaced; what is no such pair stays, and what is not UTF-8 becomes U+FFFD.
///
/// Hummingbird's own is not public, and Foundation's would load all of Foundation.
func percentDecoded(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    var at = 0
    while at < bytes.count {
        if bytes[at] == UInt8(ascii: "%"), at + 2 < bytes.count,
            let byte = UInt8(String(decoding: bytes[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
        {
            out.append(byte)
            at += 3
        } else {
            out.append(bytes[at])
            at += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// Gives every response its request id, and errors of the router StackStorm's form.
struct Envelope: RouterMiddleware {
    let ids: any IDSource
    /// Origins of pages that may use the API.
    let origins: [String]
    let isSecure: Bool

    func handle(
        _ request: Request, context: PetrelRequestContext,
        next: (Request, PetrelRequestContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response =
                request.method == .options
                ? respond(APIResponse(bytes: [], contentType: "text/plain")) : try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            response = respond(APIError(.notFound, "The resource could not be found.").response)
        } catch let error as HTTPError {
            response = respond(APIError(.badRequest, error.body ?? "Bad request").response)
        }
        response.headers[Field.requestID] = requestID(request)
        addCORS(request, to: &response)
        // Nothing here is a page of somebody else's site, and nothing is to be guessed.
        for field in Field.fixed { response.headers.append(field) }
        if isSecure { set("Strict-Transport-Security", "max-age=31536000", on: &response) }
        return response
    }

    /// The id that the request brought, if it can stand in a log line.
    private func requestID(_ request: Request) -> String {
        guard let given = request.headers[Field.requestID], given.utf8.count <= 128,
            given.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return ids.next() }
        return given
    }

    private func addCORS(_ request: Request, to response: inout Response) {
        guard let origin = request.headers[.origin] else { return }
        let isAllowed = origins.contains("*") || origins.contains(origin)
        guard isAllowed || !origins.isEmpty else { return }
        set("Access-Control-Allow-Origin", isAllowed ? origin : origins[0], on: &response)
        set("Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,OPTIONS", on: &response)
        set(
            "Access-Control-Allow-Headers", "Content-Type,Authorization,X-Auth-Token,St2-Api-Key,X-Request-ID",
            on: &response)
        set("Access-Control-Allow-Credentials", "true", on: &response)
        set("Access-Control-Expose-Headers", "Content-Type,X-Limit,X-Total-Count,X-Request-ID", on: &response)
        set("Vary", "Origin", on: &response)
    }

    private func set(_ name: String, _ value: String, on response: inout Response) {
        if let name = HTTPField.Name(name) { response.headers[name] = value }
    }
}
