/// Bounds of one evaluation of a template or expression; there is no unlimited form.
public struct EvaluationLimits: Sendable, Hashable {
    /// Most steps: nodes evaluated, items visited, names looked up, and so many bytes of each text that a filter, method
    /// or function takes.
    public var maxSteps: Int
    /// Most bytes of text and items (16 bytes each) that are made, the output included.
    public var maxBytes: Int
    /// Deepest nesting of expressions, calls and loops.
    public var maxDepth: Int

    /// Bounds chosen by the caller.
    public init(maxSteps: Int, maxBytes: Int, maxDepth: Int) {
        self.maxSteps = maxSteps
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
    }

    /// For what stands in content files: 500,000 steps, 8 MiB, 200 levels.
    ///
    /// `make bench` shows what the worst known inputs cost within them.
    public static let content = EvaluationLimits(maxSteps: 500_000, maxBytes: 8 << 20, maxDepth: 200)
}
