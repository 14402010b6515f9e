import PetrelCore

/// Says how long to wait before a connection is opened again.
///
/// What never worked is tried ever less often, up to once a minute; what was lost is opened again at once, a little later
/// for each process so that a restarted server is not met by all of them together.
struct ReconnectPacing: Sendable {
    /// How long what the platform won't have is left alone: a bad token, a switched-off app.
    static let refusedPause = Duration.seconds(60)
    private static let longestPause = 60.0
    private static let longestLossPause = 1.0
    /// A connection that lived shorter than this counts as one of a row of losses.
    private static let settledAfter = Duration.seconds(10)

    private var failures = 0
    private var losses = 0
    private var chance: Jitter

    init(seed: UInt64) { chance = Jitter(state: seed) }

    /// The pause after an attempt that led to no connection: 1 s, doubled each time, half of it left to chance.
    mutating func pauseAfterFailure() -> Duration {
        let whole = min(Self.longestPause, Double(1 << min(failures, 6)))
        failures += 1
        return .seconds(whole * (0.5 + chance.next() / 2))
    }

    /// The pause after the loss of a connection that had worked for so long: 0.1 to 0.3 s, more when they die young.
    mutating func pauseAfterLoss(of lifetime: Duration) -> Duration {
        losses = lifetime < Self.settledAfter ? losses + 1 : 0
        let whole = min(Self.longestLossPause, 0.1 * Double(1 << min(losses, 5)))
        return .seconds(0.1 + whole * chance.next())
    }

    /// A connection works.
    mutating func succeeded() { failures = 0 }
}

/// Chance that a test can repeat (xorshift64*); it spreads reconnects and guards nothing.
struct Jitter: Sendable {
    var state: UInt64

    /// A number from 0 up to 1.
    mutating func next() -> Double {
        if state == 0 { state = 0x9E37_79B9_7F4A_7C15 }
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Double((state &* 0x2545_F491_4F6C_DD1D) >> 11) / Double(1 << 53)
    }
}

extension RandomSource {
    /// A seed for ``Jitter``.
    func seed() -> UInt64 { bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
