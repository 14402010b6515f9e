/// How much work a search may be; 200,000 steps take PCRE2's machine code about a millisecond.
struct PatternBudget {
    /// How many places may take as long as a match may when the first, cheaper look at each was not enough.
    static let costlyPlaces = 20
    /// Nested places to come back to, and the memory for them, when the interpreter is used.
    static let depth: UInt32 = 50_000
    static let heapKibibytes: UInt32 = 16_384

    private static let stepsOfMatch = 200_000
    /// A pattern that takes the whole of a long text needs some steps for each of its characters.
    private static let stepsOfCharacter = 16
    private static let mostStepsOfMatch = 2_000_000
    /// A back reference compares as much text as the group holds, in one step.
    private static let comparedBytes = 20_000_000
    private static let leastComparisons = 1_000
    /// Steps of all places together.
    private static let stepsOfSearch = 4_000_000
    private static let leastStepsOfPlace = 200

    /// Steps of a match at one place of the subject.
    let steps: Int
    /// Steps of each place in the first look; the same when there is only one place.
    let stepsOfPlace: Int

    init(places: Int, isAnchored: Bool, hasReference: Bool) {
        let places = max(1, places)
        let wanted = isAnchored ? min(places * Self.stepsOfCharacter, Self.mostStepsOfMatch) : 0
        let most = hasReference ? max(Self.leastComparisons, Self.comparedBytes / places) : Int.max
        steps = min(max(Self.stepsOfMatch, wanted), most)
        let share = max(Self.leastStepsOfPlace, Self.stepsOfSearch / places)
        stepsOfPlace = isAnchored ? steps : min(steps, share)
    }
}
