import PetrelCore

/// Tells whether a message is meant for Petrel and what is left of it without the address.
public struct Addressing: Sendable {
    private let name: String
    private let prefix: String

    /// Addressing by a name (`petrel: date`) and a prefix (`!date`).
    public init(name: String, prefix: String) {
        self.name = name.lowercased()
        self.prefix = prefix
    }

    /// The command in a message; nil if it is not meant for Petrel.
    ///
    /// - Parameter isAddressed: whether the platform says that it is, by a mention or a direct message; then neither
    ///   prefix nor name is needed, and either may still be there.
    public func command(in text: String, isAddressed: Bool) -> String? {
        let text = text.trimmingBlanks()
        if !prefix.isEmpty, text.hasPrefix(prefix) {
            let rest = String(text.dropFirst(prefix.count)).trimmingBlanks()
            return rest.isEmpty ? nil : rest
        }
        if let rest = afterName(text) { return rest }
        // A bare mention asks what there is.
        return isAddressed ? (text.isEmpty ? "help" : text) : nil
    }

    /// Whether a text itself begins with the prefix or the name.
    func isExplicit(_ text: String) -> Bool {
        let text = text.trimmingBlanks()
        return (!prefix.isEmpty && text.hasPrefix(prefix)) || afterName(text) != nil
    }

    /// `petrel date`, `@petrel: date`; the name must be followed by a blank, a colon or a comma.
    private func afterName(_ text: String) -> String? {
        let bare = text.hasPrefix("@") ? String(text.dropFirst()) : text
        guard bare.lowercased().hasPrefix(name) else { return nil }
        let rest = bare.dropFirst(name.count)
        guard let first = rest.first else { return "help" }
        guard first == ":" || first == "," || first.isWhitespace else { return nil }
        let command = String(rest.dropFirst()).trimmingBlanks()
        return command.isEmpty ? "help" : command
    }
}

extension String {
    /// Without blanks and line ends at both ends.
    func trimmingBlanks() -> String {
        var part = Substring(self)
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }

    /// With typographic quotes and blanks replaced by the plain ones that a keyboard has, as chat clients change them.
    func normalizingQuotesAndBlanks() -> String {
        var out = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x201C, 0x201D, 0x201E, 0x201F, 0xFF02: out.append("\"")
            case 0x2018, 0x2019, 0x201A, 0x201B, 0xFF07: out.append("'")
            case 0xA0, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: out.append(" ")
            case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0xFEFF: continue
            default: out.append(scalar)
            }
        }
        return String(out)
    }
}
