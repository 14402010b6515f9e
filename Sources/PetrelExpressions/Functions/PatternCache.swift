import PetrelCore
import Synchronization

/// Compiled patterns by their text: the ones used lately are kept, however many a template makes.
final class PatternCache: Sendable {
    static let shared = PatternCache(capacity: 1_000)

    /// A longer pattern is compiled each time, so that a few can't fill the memory.
    private static let longestKept = 10_000

    private struct Key: Hashable {
        var text: String
        var options: Pattern.Options
    }

    /// Two generations: what was not asked for during a whole generation goes with it.
    private struct Generations {
        var young: [Key: Pattern] = [:]
        var old: [Key: Pattern] = [:]
    }

    private let generations = Mutex(Generations())
    private let generationSize: Int

    init(capacity: Int) { generationSize = max(1, capacity / 2) }

    /// The compiled form of a pattern, from the cache if it is there.
    func pattern(_ text: String, options: Pattern.Options = []) throws(ExpressionError) -> Pattern {
        let key = Key(text: text, options: options)
        if let known = generations.withLock({ find(key, in: &$0) }) { return known }
        let pattern = try Pattern(text, options: options)
        if text.utf8.count <= Self.longestKept { generations.withLock { keep(pattern, key, in: &$0) } }
        return pattern
    }

    private func find(_ key: Key, in generations: inout Generations) -> Pattern? {
        if let pattern = generations.young[key] { return pattern }
        guard let pattern = generations.old[key] else { return nil }
        keep(pattern, key, in: &generations)
        return pattern
    }

    private func keep(_ pattern: Pattern, _ key: Key, in generations: inout Generations) {
        if generations.young.count >= generationSize {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[key] = pattern
    }
}
