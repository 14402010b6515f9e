import HTTPTypes
import Hummingbird
import NIOCore
import PetrelCore

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
    var headers: HTTPFields = [.contentType: response.contentType]
    for (name, value) in response.headers {
        if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
        status: HTTPResponse.Status(code: response.status.rawValue), headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
}

extension Request {
    /// The token or key of a request: by header, then query, then cookie; the first that is there decides.
    func credential(query: [String: String]) -> String? {
        for name in ["X-Auth-Token", "St2-Api-Key"] {
            if let name = HTTPField.Name(name), let value = headers[name] { return value }
        }
        return query["x-auth-token"] ?? query["st2-api-key"] ?? cookies["auth-token"]?.value
    }

    /// The query, decoded; of a name that comes twice the first counts.
    var queryByName: [String: String] {
        var found: [String: String] = [:]
        for pair in (uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = parts.map { percentDecoded($0.utf8.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }) }
            if found[texts[0]] == nil { found[texts[0]] = texts.count > 1 ? texts[1] : "" }
        }
        return found
    }

    /// The JSON body; null when there is none.
    func jsonBody(_ method: Route.Method, limits: Limits) async throws(APIError) -> Value {
        guard method != .get else { return .null }
        let buffer: ByteBuffer
        do {
            buffer = try await body.collect(upTo: limits.maxBytes)
        } catch {
            throw APIError(.tooLarge, "The body has more than \(limits.maxBytes) bytes")
        }
        guard buffer.readableBytes > 0 else { return .null }
        do throws(CoreError) {
            return try JSONReader.value(Array(buffer.readableBytesView), limits: limits)
        } catch {
            throw APIError(.badRequest, "Failed to parse request body: \(error.message)")
        }
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

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            response = respond(APIError(.notFound, "The resource could not be found.").response)
        } catch let error as HTTPError {
            response = respond(APIError(.badRequest, error.body ?? "Bad request").response)
        }
        if let name = HTTPField.Name("X-Request-ID") {
            response.headers[name] = request.headers[name] ?? ids.next()
        }
        return response
    }
}
