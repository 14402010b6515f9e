public import PetrelAliases
public import PetrelCore

/// How a command is read: what the matcher's candidates come to.
public enum Interpretation: Sendable {
    /// One alias fits. `reading` tells the asker when the text was not taken literally.
    case run(AliasMatch, reading: String?)
    /// Several fit equally well.
    case ambiguous([AliasMatch])
    /// None fits; the nearest ones that the asker may use.
    case unmatched(nearest: [String])
    /// The text can't be matched within the limits.
    case tooComplex(String)

    /// Decides among the candidates: one runs; of several the most specific runs; with none the text is tried once more
    /// with case folded and blanks collapsed.
    public init(_ command: String, matcher: AliasMatcher, isVisible: (ActionAlias) -> Bool) {
        do throws(AliasError) {
            let candidates = try matcher.candidates(for: command)
            if let decided = Self.decide(candidates) {
                self = decided
                return
            }
            let lenient = try matcher.lenientCandidates(for: command)
            if case .run(let match, _) = Self.decide(lenient) {
                self = .run(match, reading: "Read as: \(match.format.display ?? match.representation)")
                return
            }
            self = .unmatched(nearest: matcher.nearest(to: command, limit: 3, where: isVisible))
        } catch {
            self = .tooComplex(error.message)
        }
    }

    private static func decide(_ candidates: [AliasMatch]) -> Interpretation? {
        guard let best = candidates.max(by: { $0.specificity < $1.specificity }) else { return nil }
        let equals = candidates.filter { $0.specificity.isTied(with: best.specificity) }
        return equals.count == 1 ? .run(best, reading: nil) : .ambiguous(equals)
    }
}
