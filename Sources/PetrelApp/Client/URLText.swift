/// Parts of URLs.
enum URLText {
    /// A text as one part of a path or of a query, everything but letters, digits and `-._~` escaped.
    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: String(Unicode.Scalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// A query with its question mark; empty without items.
    static func query(_ items: [(name: String, value: String)]) -> String {
        guard !items.isEmpty else { return "" }
        return "?" + items.map { escaped($0.name) + "=" + escaped($0.value) }.joined(separator: "&")
    }
}
