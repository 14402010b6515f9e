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
    /// How closely the format describes the command.
    public var specificity: AliasSpecificity
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
