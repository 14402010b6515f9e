/// Bounds of one evaluation of a template or expression; there is no unlimited form.
public struct EvaluationLimits: Sendable, Hashable {
    /// Most steps: nodes evaluated, items visited, names looked up.
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

    /// For what stands in content files: 1,000,000 steps, 16 MiB, 200 levels; some 50 ms at worst.
    public static let content = EvaluationLimits(maxSteps: 1_000_000, maxBytes: 16 << 20, maxDepth: 200)
}
