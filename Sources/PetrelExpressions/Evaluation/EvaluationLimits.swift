/// Bounds of one evaluation of a template or expression; there is no unlimited form.
public struct EvaluationLimits: Sendable, Hashable {
    /// Most steps: nodes evaluated, items visited, names looked up, and so many bytes of each text that a filter, method
    /// or function takes.
    public var maxSteps: Int
    /// Most bytes of text and items (40 bytes each) that are made on the way and in the end.
    public var maxBytes: Int
    /// Deepest nesting of expressions, calls and loops.
    public var maxDepth: Int

    /// Bounds chosen by the caller.
    public init(maxSteps: Int, maxBytes: Int, maxDepth: Int) {
        self.maxSteps = maxSteps
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
    }

    /// For what stands in content files: 200,000 steps, 12 MiB, 200 levels.
    ///
    /// An action's output of 8 MB passes what is linear in it (trimming, searching, replacing, JSON). `make bench` shows
    /// what the worst known inputs cost.
    public static let content = EvaluationLimits(maxSteps: 200_000, maxBytes: 12 << 20, maxDepth: 200)
}
