/// A value that must not be shown: it prints as stars and cannot be encoded.
///
/// Open it with ``reveal()``; that word is the one to search for when reviewing where secrets go.
public struct Secret<Wrapped: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let wrapped: Wrapped

    /// Hides a value.
    public init(_ wrapped: Wrapped) { self.wrapped = wrapped }

    /// The value itself.
    ///
    /// Every call is a place where the secret can leak.
    public func reveal() -> Wrapped { wrapped }

    /// Stars, whatever the value.
    public var description: String { "********" }
    /// Stars, whatever the value.
    public var debugDescription: String { "********" }
    /// Empty, so that `dump` and reflection show nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What stands in place of a secret parameter wherever one is shown, as in StackStorm.
public let secretMask = "********"
