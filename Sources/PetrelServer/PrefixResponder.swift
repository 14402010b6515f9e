import Hummingbird

/// Takes the prefix from a request's path: each route answers under all that StackStorm's clients use, and none.
///
/// They are `/v1`, and `/api`, `/auth` and `/stream`, each with and without `/v1` behind it. `/stream` by itself is a route.
struct PrefixResponder: HTTPResponder {
    typealias Router = RouterResponder<PetrelRequestContext>

    /// Everything but what the service of the stream alone has.
    let plain: Router
    /// What answers below `/stream`.
    let stream: Router

    func respond(to request: Request, context: PetrelRequestContext) async throws -> Response {
        let (rest, isStream) = Self.split(request.head.path ?? "")
        guard let rest else { return try await plain.respond(to: request, context: context) }
        var head = request.head
        head.path = rest
        return try await (isStream ? stream : plain).respond(
            to: Request(head: head, body: request.body), context: context)
    }

    /// What follows a path's prefix, with its query, and whether that prefix is the stream's; nil without a prefix.
    static func split(_ path: String) -> (rest: String?, isStream: Bool) {
        var rest = path[...]
        var isStream = false
        if drop("/api", from: &rest) || drop("/auth", from: &rest) {
            _ = drop("/v1", from: &rest)
        } else if drop("/stream", from: &rest) {
            isStream = true
            let hasVersion = drop("/v1", from: &rest)
            if !hasVersion, isEnd(rest) { return (nil, false) }
        } else {
            guard drop("/v1", from: &rest) else { return (nil, false) }
        }
        return (rest.first == "/" ? String(rest) : "/" + rest, isStream)
    }

    /// Takes a whole segment from the front; false when it is not there.
    private static func drop(_ segment: String, from path: inout Substring) -> Bool {
        guard path.utf8.starts(with: segment.utf8) else { return false }
        let rest = path.utf8.dropFirst(segment.utf8.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") || rest.first == UInt8(ascii: "?") else { return false }
        path = Substring(rest)
        return true
    }

    /// Whether nothing but a query follows.
    private static func isEnd(_ rest: Substring) -> Bool { rest.isEmpty || rest == "/" || rest.first == "?" }
}
