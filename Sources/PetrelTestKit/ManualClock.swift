public import PetrelCore
import Synchronization

/// A clock that a test moves by hand; whoever sleeps wakes when their time has come.
public final class ManualClock: PetrelClock {
    private struct Sleeper {
        var until: Instant
        var continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now: Instant
        var sleepers: [Int: Sleeper] = [:]
        var canceled: Set<Int> = []
        var nextID = 0
    }
    private let state: Mutex<State>

    /// A clock that stands at a time.
    public init(_ now: Instant = Instant(microseconds: 1_700_000_000_000_000)) { state = Mutex(State(now: now)) }

    /// The time at which the clock stands.
    public var now: Instant { state.withLock(\.now) }

    /// How many tasks sleep on this clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves the clock and wakes those whose time has come.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now = state.now + duration
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers.removeValue(forKey: id) }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Moves the clock on, step by step, until the body is done; only as far as somebody sleeps for.
    ///
    /// What is due later than a step from now stays asleep, however slow the machine is.
    public func advancing(by step: Duration, while body: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask {
                while !Task.isCancelled {
                    if self.isAwaited(within: step) { self.advance(by: step) }
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func isAwaited(within step: Duration) -> Bool {
        state.withLock { state in state.sleepers.values.contains { $0.until <= state.now + step } }
    }

    /// Sleeps until the clock has been moved so far.
    public func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver: Bool? = state.withLock { state in
                    if state.canceled.remove(id) != nil { return nil }
                    let until = state.now + duration
                    if until <= state.now { return true }
                    state.sleepers[id] = Sleeper(until: until, continuation: continuation)
                    return false
                }
                switch isOver {
                case nil: continuation.resume(throwing: CancellationError())
                case true?: continuation.resume()
                case false?: break
                }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.canceled.insert(id) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}

/// Ids that count up, for tests that compare them.
public final class CountingIDs: IDSource {
    private let count = Mutex(0)

    /// Ids from 1.
    public init() {}

    /// The next number as 24 digits.
    public func next() -> String {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 24 - digits.count) + digits
    }
}

/// A digest that is none, but differs with its input; for tests that need no cryptography.
public struct PlainDigest: Digest {
    /// Makes the digest.
    public init() {}

    /// 64 digits made from the bytes by FNV-1a with four bases.
    public func sha256(_ bytes: [UInt8]) -> String {
        (0..<4).map { part in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325 &+ UInt64(part)
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The digest of key and bytes.
    public func sha512(_ bytes: [UInt8]) -> String { sha256(bytes) + sha256([1] + bytes) }
    /// Not a real digest either.
    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> String { sha256(key + [0] + bytes) }
}
