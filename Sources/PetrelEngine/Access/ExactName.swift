/// A name that equals another only if every byte does.
///
/// Swift takes texts as equal that Unicode calls equivalent, such as `K` and the sign for kelvin; whoever may choose a
/// name could pass for somebody else.
struct ExactName: Sendable, Hashable, ExpressibleByStringLiteral {
    let text: String

    init(_ text: String) { self.text = text }
    init(stringLiteral text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }
    // Equal bytes are equivalent texts, so their hashes are equal.
    func hash(into hasher: inout Hasher) { text.hash(into: &hasher) }
}

extension String {
    /// Whether every byte is the same.
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { theirs in mine.elementsEqual(theirs) }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}
