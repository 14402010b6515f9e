import PetrelCore
import PetrelSystem

/// Bodies of requests to a platform's web API.
enum WebBody {
    /// `application/x-www-form-urlencoded`.
    static func form(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var out: [UInt8] = []
        for field in fields {
            if !out.isEmpty { out.append(UInt8(ascii: "&")) }
            append(field.name, to: &out)
            out.append(UInt8(ascii: "="))
            append(field.value, to: &out)
        }
        return out
    }

    /// The fields of a form; at most so many.
    static func fields(of form: [UInt8], limit: Int = 100) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in form.split(separator: UInt8(ascii: "&"), maxSplits: limit) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.map(decoded) else { continue }
            fields[name] = parts.count > 1 ? decoded(parts[1]) : ""
        }
        return fields
    }

    /// A file name without what could end a header or leave a folder; at most 100 bytes.
    static func safeFileName(_ name: String) -> String {
        let kept = name.unicodeScalars.filter { $0.value >= 0x20 && !"\"\\/\u{7F}".unicodeScalars.contains($0) }
        var text = String(String.UnicodeScalarView(kept))
        while text.utf8.count > 100 { text.removeLast() }
        return text.isEmpty ? "file" : text
    }

    /// A text as part of a path or query.
    static func percentEncoded(_ text: String) -> String {
        var out: [UInt8] = []
        append(text, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func append(_ text: String, to out: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
            default: out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var at = bytes.startIndex
        while at < bytes.endIndex {
            if bytes[at] == 0x25, at + 2 < bytes.endIndex, let high = hexDigit(bytes[at + 1]),
                let low = hexDigit(bytes[at + 2])
            {
                out.append(high << 4 | low)
                at += 3
            } else {
                out.append(bytes[at] == 0x2B ? 0x20 : bytes[at])
                at += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

/// Answers of a platform's web API.
enum WebAnswer {
    /// Larger answers are not read.
    static let maxBytes = 8 << 20
    /// How long the platform may take to answer.
    static let timeLimit = Duration.seconds(20)
    private static let limits = Limits(maxBytes: maxBytes, maxDepth: 64, maxNodes: 500_000)

    /// The body as JSON; nil when it is none, such as the page of a proxy.
    static func json(_ response: HTTPResponse) -> Value? { try? JSONReader.value(response.body, limits: limits) }

    /// How long a 429 wants us to wait; a platform that does not say gets 30 s, none more than 10 minutes.
    static func pause(_ response: HTTPResponse) -> Duration {
        let seconds = response.header("retry-after") ?? response.header("x-ratelimit-reset")
        return .seconds(min(600, max(1, seconds.flatMap { Int($0) } ?? 30)))
    }
}

extension PlatformFailure {
    /// What a websocket that did not come about means.
    init(connecting error: SystemError) {
        switch error.httpStatus {
        case 401, 403: self = .denied(error.description)
        case 400: self = .refused(code: "http_400", message: error.description)
        case 429: self = .limited(after: .seconds(30))
        default: self = .notSent(error.description)
        }
    }

    /// What a failed exchange means.
    init(_ error: SystemError) {
        self = error.mayHaveArrived ? .doubtful(error.description) : .notSent(error.description)
    }
}
