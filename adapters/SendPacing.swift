import PetrelCore
import Synchronization

/// How often something may be done: so many a second, and so many at once after a rest.
struct PaceLimit: Sendable, Hashable {
    var perSecond: Double
    var burst: Double

    /// So many calls a minute, with the given number at once.
    static func perMinute(_ count: Double, burst: Double) -> PaceLimit {
        PaceLimit(perSecond: count / 60, burst: burst)
    }
}

/// Token buckets by key, and pauses that the platform asked for.
struct PaceBuckets: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Instant
        var pausedUntil: Instant?
    }
    private static let maxBuckets = 4096
    private var buckets: [String: Bucket] = [:]

    /// Takes a turn and says how long to wait for it; later callers wait behind it.
    /// - Parameter limit: nil when only pauses count.
    mutating func reserve(_ key: String, _ limit: PaceLimit?, at now: Instant) -> Duration {
        prune(at: now)
        var bucket = buckets[key] ?? Bucket(tokens: limit?.burst ?? 0, at: now)
        let pause = max(.zero, bucket.pausedUntil.map { $0 - now } ?? .zero)
        defer { buckets[key] = bucket }
        guard let limit else { return pause }
        let elapsed = max(0, (now - bucket.at).inSeconds)
        bucket.tokens = min(limit.burst, bucket.tokens + elapsed * limit.perSecond) - 1
        bucket.at = now
        let wait = bucket.tokens >= 0 ? Duration.zero : .seconds(-bucket.tokens / limit.perSecond)
        return max(wait, pause)
    }

    /// Gives back a turn that was taken and not used.
    mutating func giveBack(_ key: String) { buckets[key]?.tokens += 1 }

    /// Nothing under this key before then: the platform said so.
    mutating func pause(_ key: String, until: Instant, at now: Instant) {
        var bucket = buckets[key] ?? Bucket(tokens: 0, at: now)
        bucket.tokens = min(bucket.tokens, 0)
        bucket.pausedUntil = max(bucket.pausedUntil ?? until, until)
        buckets[key] = bucket
    }

    /// Forgets those that have long had their rest, when there are many.
    private mutating func prune(at now: Instant) {
        guard buckets.count >= Self.maxBuckets else { return }
        buckets = buckets.filter { now - $0.value.at < .seconds(60) || ($0.value.pausedUntil ?? now) > now }
        if buckets.count >= Self.maxBuckets { buckets = [:] }
    }
}

/// Lets callers wait until their platform allows the next call.
final class SendPacing: Sendable {
    /// Whoever would wait longer is told to come again instead.
    private static let longestWait = Duration.seconds(20)
    private let buckets = Mutex(PaceBuckets())
    private let isPaced: Bool
    private let clock: any PetrelClock

    /// - Parameter isPaced: whether the limits count; pauses that the platform asks for always do.
    init(isPaced: Bool, clock: any PetrelClock) {
        self.isPaced = isPaced
        self.clock = clock
    }

    /// Waits for a turn.
    /// - Throws: `limited` when it would take too long or the task is cancelled.
    func wait(_ key: String, _ limit: PaceLimit) async throws(PlatformFailure) {
        let pause = buckets.withLock { buckets in
            let pause = buckets.reserve(key, isPaced ? limit : nil, at: clock.now)
            if pause > Self.longestWait { buckets.giveBack(key) }
            return pause
        }
        guard pause > .zero else { return }
        guard pause <= Self.longestWait else { throw .limited(after: pause) }
        do { try await clock.sleep(for: pause) } catch { throw .limited(after: .seconds(1)) }
    }

    /// Holds everything under the key back for a while.
    func pause(_ key: String, for duration: Duration) {
        let now = clock.now
        buckets.withLock { $0.pause(key, until: now + duration, at: now) }
    }
}
