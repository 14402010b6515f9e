import PetrelCore

extension HTTPRequest {
    /// The request that an answer redirects to, or nil when it is no redirect.
    ///
    /// It is not checked yet.
    func redirected(by response: HTTPResponse) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.header("location"),
            let from = URLParts(url)
        else { return nil }
        let url = Self.resolved(location, from)
        var next = self
        next.url = url
        let method = self.method.uppercased()
        let turnsToGet =
            response.status == 303 ? method != "HEAD" : method == "POST" && [301, 302].contains(response.status)
        if turnsToGet {
            next.method = "GET"
            next.body = nil
            next.headers.removeAll { $0.name.lowercased().hasPrefix("content-") }
        }
        if URLParts(url)?.origin != from.origin {
            let secret: Set = ["authorization", "cookie", "proxy-authorization"]
            next.headers.removeAll { secret.contains($0.name.lowercased()) }
        }
        return next
    }

    /// The absolute URL that a `Location` means.
    static func resolved(_ location: String, _ base: URLParts) -> String {
        let location = Self.encoded(location)
        let root = base.scheme + "://" + base.hostHeader
        let path = base.path.prefix { $0 != "?" }
        if location.isEmpty || location.hasPrefix("#") { return root + base.path }
        if location.hasPrefix("//") { return base.scheme + ":" + location }
        if location.hasPrefix("/") { return root + location }
        if location.hasPrefix("?") { return root + path + location }
        let head = location.utf8.prefix { $0 != 0x3A && $0 != 0x2F && $0 != 0x3F }
        if head.endIndex < location.utf8.endIndex, location.utf8[head.endIndex] == 0x3A { return location }
        return root + path[..<(path.lastIndex(of: "/") ?? path.startIndex)] + "/" + location
    }

    /// Blanks and bytes beyond ASCII, which servers send, in their `%20` form.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte == 0x20 || byte >= 0x80 {
                bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
