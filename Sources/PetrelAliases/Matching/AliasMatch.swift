public import PetrelCore

/// One way to read a command.
public struct AliasMatch: Sendable {
    /// The alias that it asks for.
    public var alias: ActionAlias
    /// The format that fits.
    public var format: AliasFormat
    /// The one of the format's patterns that fits.
    public var representation: String
    /// The parameters that the command gives, as text, or null for a group that took no part.
    public var parameters: ValueObject
    /// One set for each execution that is asked for: several only for a format with `match_multiple`.
    public var parameterSets: [ValueObject]
    /// The names that the pattern itself captures; what else is in `parameters` came as `key=value` behind the text.
    public var declaredParameters: [String]
    /// How closely the format describes the command.
    public var specificity: AliasSpecificity
}

extension AliasMatch {
    /// The last parameter with the rest of the command as it was typed, when the pattern is fixed text and then just that
    /// parameter, as in `run {{cmd}}`.
    ///
    /// The pattern's own capture takes quotes off at either end and leaves out what looks like `key=value`; a command line
    /// for a shell must keep both. One pair of quotes around the whole is taken off here too.
    public func freeText(of command: String) -> (name: String, text: String)? {
        guard declaredParameters.count == 1, let name = declaredParameters.first, representation.hasSuffix("}}"),
            let open = representation.firstIndex(of: "{")
        else { return nil }
        let prefix = representation[..<open]
        let inner = representation[open...].dropFirst(2).dropLast(2)
        guard inner.filter({ $0 != " " }) == name, !prefix.isEmpty, !prefix.contains(where: "\\^$.|?*+()[]{}".contains),
            command.hasPrefix(prefix)
        else { return nil }
        let text = command.dropFirst(prefix.count).drop { $0 == " " }
        return text.isEmpty ? nil : (name, String(unquoted(text)))
    }

    private func unquoted(_ text: Substring) -> Substring {
        guard let quote = text.first, quote == "\"" || quote == "'", text.count > 2, text.last == quote else {
            return text
        }
        let inner = text.dropFirst().dropLast()
        return inner.contains(quote) ? text : inner
    }
}

/// One line of help.
public struct HelpEntry: Sendable, Hashable {
    /// What to type.
    public var display: String
    /// What it does.
    public var summary: String?
    /// The alias that it belongs to.
    public var ref: ContentRef
    /// The alias's pack.
    public var pack: String { ref.pack }

    /// A line from its parts.
    public init(display: String, summary: String?, ref: ContentRef) {
        self.display = display
        self.summary = summary
        self.ref = ref
    }
}

/// A part of the help, with how much there is in all.
public struct HelpPage: Sendable, Hashable {
    /// How many lines fit the request, before paging.
    public var available: Int
    /// The lines asked for.
    public var entries: [HelpEntry]
}
