/// An absolute URL taken apart, strictly: what two programs could read in two ways is no URL.
struct URLParts: Sendable, Hashable {
    /// Lower-cased, such as `https`.
    var scheme: String
    /// User and password as written; nil without.
    var userInformation: String?
    /// Lower-cased; an IPv6 address without its brackets.
    var host: String
    /// nil when the URL names none.
    var explicitPort: Int?
    /// Path and query; it begins with a slash.
    var path: String

    /// The parts of an absolute URL, or nil; the fragment is dropped.
    init?(_ text: String) {
        // Byte by byte, as whoever sends it reads it: a slash stays one with an accent behind it.
        let beginning = text.utf8.prefix { $0 != 0x3A }
        let afterwards = text.utf8[beginning.endIndex...]
        guard afterwards.starts(with: "://".utf8) else { return nil }
        scheme = Substring(beginning).lowercased()
        let isScheme = scheme.utf8.allSatisfy { $0.isLowerLetter || $0.isDigit || $0 == 0x2B }
        guard !scheme.isEmpty, isScheme else { return nil }
        let rest = afterwards.dropFirst(3).prefix { $0 != 0x23 }
        let authority = Substring(rest.prefix { $0 != 0x2F && $0 != 0x3F })
        let tail = rest[authority.endIndex...]
        path = tail.first == 0x2F ? String(Substring(tail)) : "/" + String(Substring(tail))
        guard !authority.utf8.contains(0x5C) else { return nil }
        var address = authority
        if let at = authority.lastIndex(of: "@") {
            userInformation = String(authority[..<at])
            address = authority[authority.index(after: at)...]
        }
        guard let (host, port) = Self.hostAndPort(address) else { return nil }
        self.host = host
        explicitPort = port
    }

    /// The port that is meant.
    var port: Int { explicitPort ?? (isSecure ? 443 : 80) }

    /// Whether the connection is to be encrypted.
    var isSecure: Bool { scheme == "https" || scheme == "wss" }

    /// The host as a URL writes it.
    var writtenHost: String { host.contains(":") ? "[" + host + "]" : host }

    /// Host and port as the `Host` header writes them.
    var hostHeader: String { writtenHost + (explicitPort.map { ":\($0)" } ?? "") }

    /// Scheme, host and port: what a connection and a log-in belong to.
    var origin: String { scheme + "://" + writtenHost + ":\(port)" }

    private static func hostAndPort(_ text: Substring) -> (String, Int?)? {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
            guard host.utf8.contains(0x3A), host.utf8.allSatisfy(\.isAddressDigit) else { return nil }
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                port = text[text.index(after: colon)...]
            }
            guard !host.isEmpty, host.utf8.allSatisfy(\.isHostName) else { return nil }
        }
        guard let port, !port.isEmpty else { return (host.lowercased(), nil) }
        guard port.utf8.allSatisfy(\.isDigit), let number = Int(port), (1...65535).contains(number) else { return nil }
        return (host.lowercased(), number)
    }
}

extension URLParts {
    /// A URL for messages, without what may be secret: user, password, path and query.
    static func shown(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty else { return String(url.prefix { !"?@#".contains($0) }.prefix(40)) }
        let authority = parts[2].prefix { $0 != "?" && $0 != "#" }
        return parts[0] + "//" + (authority.split(separator: "@").last ?? "")
    }

    /// The text with its `%41` forms put right; nil when one is broken.
    static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isLowerLetter: Bool { (0x61...0x7A).contains(self) }

    /// Letters, digits, dot, hyphen, underscore, and what lies beyond ASCII.
    fileprivate var isHostName: Bool {
        isDigit || (self | 0x20).isLowerLetter || self == 0x2E || self == 0x2D || self == 0x5F || self >= 0x80
    }

    /// What an IPv6 address is written with, its zone included.
    fileprivate var isAddressDigit: Bool {
        isDigit || (self | 0x20).isLowerLetter || [0x3A, 0x2E, 0x25].contains(self)
    }
}

/// Whether the text holds no control character that could end a line; a tab may stand.
func isOneLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }

/// Whether the text can be the name of a header.
func isHeaderName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A && $0 != 0x3B }
}
