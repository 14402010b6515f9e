/// How closely a format describes a command; the greater one is the better reading.
///
/// Fixed text beats everything, then more fixed characters, then fewer placeholders, then the earlier format.
public struct AliasSpecificity: Sendable, Hashable, Comparable {
    /// Whether the format has no placeholders and no patterns.
    public var isExact: Bool
    /// How many characters of the command were fixed by the format.
    public var literalCharacters: Int
    /// How many parameters the format takes.
    public var placeholders: Int
    /// Its place among all formats; unlike the rest it says nothing of how well the format fits.
    public var order: Int

    /// Whether the right reading is the better one.
    public static func < (left: Self, right: Self) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        return left.order > right.order
    }

    /// Whether only the order tells two readings apart, so that a person should choose.
    public func isTied(with other: Self) -> Bool { rank == other.rank }

    private var rank: (Int, Int, Int) { (isExact ? 1 : 0, literalCharacters, -placeholders) }
}
