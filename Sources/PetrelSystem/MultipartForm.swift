/// A form with fields and files, as `multipart/form-data`.
public struct MultipartForm: Sendable {
    private struct Part {
        var head: String
        var body: [UInt8]
    }

    private var parts: [Part] = []

    /// A form without fields.
    public init() {}

    /// Adds a field.
    public mutating func add(_ name: String, _ value: String) {
        let head = "Content-Disposition: form-data; name=\"\(escaped(name))\""
        parts.append(Part(head: head, body: Array(value.utf8)))
    }

    /// Adds a file with the name that the receiver is told.
    public mutating func addFile(
        _ name: String, fileName: String, contentType: String = "application/octet-stream", _ content: [UInt8]
    ) {
        let head =
            "Content-Disposition: form-data; name=\"\(escaped(name))\"; filename=\"\(escaped(fileName))\"\r\n"
            + "Content-Type: " + (isOneLine(contentType) ? contentType : "application/octet-stream")
        parts.append(Part(head: head, body: content))
    }

    /// The content type, which names a boundary drawn by lot, and the body.
    public func encoded() -> (contentType: String, body: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        let boundary =
            "petrel-" + String(decoding: SystemRandom().bytes(16).map { digits[Int($0 & 15)] }, as: UTF8.self)
        var body: [UInt8] = []
        body.reserveCapacity(parts.reduce(64) { $0 + $1.body.count + $1.head.utf8.count + 64 })
        for part in parts {
            body += "--\(boundary)\r\n\(part.head)\r\n\r\n".utf8
            body += part.body
            body += "\r\n".utf8
        }
        body += "--\(boundary)--\r\n".utf8
        return ("multipart/form-data; boundary=" + boundary, body)
    }

    /// The form that browsers write into the quotes.
    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "%22"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            default: result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "_" : scalar)
            }
        }
        return result
    }
}
