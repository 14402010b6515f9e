/// Bounds for a reader of outside bytes; there is no unlimited form.
public struct Limits: Sendable, Hashable {
    /// Most bytes of input that are read.
    public var maxBytes: Int
    /// Deepest nesting of arrays and objects.
    public var maxDepth: Int
    /// Most values in the result, counted after aliases are expanded.
    public var maxNodes: Int

    /// Bounds chosen by the caller.
    public init(maxBytes: Int, maxDepth: Int, maxNodes: Int) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxNodes = maxNodes
    }

    /// For a content file (action, alias, rule, pack): 1 MiB, 64 levels, 25,000 values.
    public static let contentFile = Limits(maxBytes: 1 << 20, maxDepth: 64, maxNodes: 25_000)
    /// For the body of an API request: 2 MiB, 128 levels, 200,000 values.
    public static let requestBody = Limits(maxBytes: 2 << 20, maxDepth: 128, maxNodes: 200_000)
    /// For what an action printed or returned: 16 MiB, 256 levels, 1,000,000 values.
    public static let actionOutput = Limits(maxBytes: 16 << 20, maxDepth: 256, maxNodes: 1_000_000)
    /// For results that Petrel stored: two outputs at their cap, each byte written as an escape of six.
    public static let storedResult = Limits(maxBytes: 1 << 30, maxDepth: 512, maxNodes: 16_000_000)
    /// For documents that Petrel wrote itself.
    public static let ownDocument = Limits(maxBytes: 64 << 20, maxDepth: 512, maxNodes: 4_000_000)
}
