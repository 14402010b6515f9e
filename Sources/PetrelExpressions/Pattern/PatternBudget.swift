/// How much work a search may be.
///
/// PCRE2 counts steps anew at each place of the subject, and reads runs of characters without counting at all. In a short
/// text both are bounded by a limit for each place. In a long one, and where that limit was not enough, a second form of
/// the pattern calls back at each repetition, alternative and reference, and the search has a budget for all of its places.
enum PatternBudget {
    /// Texts up to this many bytes are searched without counting first: reading on to the end from each place is bearable.
    static let shortText = 4_096
    /// Nested places to come back to, and the memory for them, when the interpreter is used.
    static let depth: UInt32 = 50_000
    static let heapKibibytes: UInt32 = 16_384

    /// Steps of a search that counts, all of its matches together; each takes 10 to 25 ns.
    static let countedSteps = 800_000
    /// How many bytes read from one point to the next count as a step.
    static let bytesReadPerStep = 12
    /// How many times as long a byte takes that is looked up in tables.
    static let timesLookedUp = 3
    /// How many bytes passed on the way to a place where a match may begin count as a step.
    static let bytesSkippedPerStep = 64
    /// Steps of a place that is only looked at, and of one that is kept with its groups.
    static let stepsOfPlace = 4
    static let stepsOfMatch = 16
    /// What PCRE2 may do at one place between two counted steps and more; never reached before the budget is.
    static let countedStepsOfPlace: UInt32 = 20_000_000

    /// How many counted steps are a step of an evaluation, which stands for about 100 ns.
    ///
    /// A search that an evaluation pays for counts from the start, however short the text is: many searches in a loop, each
    /// within its bounds, would else cost next to nothing.
    static let countedStepsPerStep = 6

    private static let uncountedSteps = 300_000
    private static let mostStepsOfPlace = 100_000

    /// PCRE2's steps at each place of a short text; 100,000 take about half a millisecond.
    static func stepsOfPlace(in count: Int) -> UInt32 {
        UInt32(min(mostStepsOfPlace, uncountedSteps / (count + 1)))
    }
}
