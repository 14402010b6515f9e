import PetrelCore

/// One line of IRC, decoded and nothing more: `@tags :source COMMAND parameters`.
struct IRCLine: Sendable, Hashable {
    /// Longer lines are not read: 8 KiB of tags and what a server may make of 512 bytes.
    static let maxBytes = 16 << 10
    private static let maxParameters = 64

    var tags: [String: String] = [:]
    /// Who sent it, such as `ann!user@host`.
    var source = ""
    /// In capitals, or three digits.
    var command: String
    var parameters: [String] = []

    init?(_ text: String) {
        guard text.utf8.count <= Self.maxBytes else { return nil }
        var rest = Substring(text.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" })
        if rest.first == "@" { tags = Self.tags(Self.word(&rest).dropFirst()) }
        if rest.first == ":" { source = String(Self.word(&rest).dropFirst()) }
        command = Self.word(&rest).uppercased()
        guard !command.isEmpty else { return nil }
        while !rest.isEmpty, parameters.count < Self.maxParameters {
            if rest.first == ":" {
                parameters.append(String(rest.dropFirst()))
                break
            }
            parameters.append(String(Self.word(&rest)))
        }
    }

    /// The nick in ``source``; the whole of it for a server.
    var nick: String { String(source.prefix { $0 != "!" && $0 != "@" }) }

    /// A parameter; empty when it is not there.
    subscript(index: Int) -> String { parameters.indices.contains(index) ? parameters[index] : "" }

    private static func word(_ rest: inout Substring) -> Substring {
        let word = rest.prefix { $0 != " " }
        rest = rest[word.endIndex...].drop { $0 == " " }
        return word
    }

    private static func tags(_ text: Substring) -> [String: String] {
        var tags: [String: String] = [:]
        for pair in text.split(separator: ";").prefix(maxParameters) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            tags[String(parts[0])] = parts.count > 1 ? unescaped(parts[1]) : ""
        }
        return tags
    }

    private static func unescaped(_ value: Substring) -> String {
        var out = ""
        var characters = value.makeIterator()
        while let character = characters.next() {
            guard character == "\\" else {
                out.append(character)
                continue
            }
            switch characters.next() {
            case ":"?: out.append(";")
            case "s"?: out.append(" ")
            case "r"?: out.append("\r")
            case "n"?: out.append("\n")
            case let other?: out.append(other)
            case nil: break
            }
        }
        return out
    }
}

/// Which names are one name on a server, as it says with CASEMAPPING.
enum IRCCase: String, Sendable {
    case ascii
    case rfc1459
    case strict = "strict-rfc1459"

    /// The name as all its spellings are compared.
    func folded(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    switch (self, scalar) {
                    case (_, "A"..."Z"): Unicode.Scalar(UInt8(scalar.value) + 0x20)
                    case (.rfc1459, "["..."^"), (.strict, "["..."]"): Unicode.Scalar(UInt8(scalar.value) + 0x20)
                    default: scalar
                    }
                }))
    }
}
