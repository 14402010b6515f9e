/// An id of one kind of thing: 24 lower-case hexadecimal digits, time-ordered, as StackStorm's clients expect.
///
/// The tag keeps ids of different kinds apart at compile time.
public struct Identifier<Tag>: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The 24 digits.
    public let text: String

    /// An id from its text, or nil if the text is not 24 lower-case hexadecimal digits.
    public init?(_ text: String) {
        guard text.utf8.count == 24,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = text
    }

    /// An id from text that Petrel itself stored.
    public init(stored text: String) { self.text = text }

    /// The 24 digits.
    public var description: String { text }

    /// By text, which for ids of one source is the order in which they were made.
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The id of an ``Execution``.
public typealias ExecutionID = Identifier<Execution>
/// The id of an ``OutboundPost``; the platform is given it, so that a doubtful send can be looked up.
public typealias DeliveryID = Identifier<OutboundPost>
/// The id of a pack, action or alias as the API shows it.
public typealias ContentID = Identifier<ContentRecord>

/// The port through which new ids come.
public protocol IDSource: Sendable {
    /// 24 hexadecimal digits, greater than all that this source gave before.
    func next() -> String
}

extension IDSource {
    /// A new id of the kind that the context asks for.
    public func make<Tag>() -> Identifier<Tag> { Identifier(stored: next()) }
}
