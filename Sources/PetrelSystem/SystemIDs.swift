public import PetrelCore
import Synchronization

/// Ids from the time, to the microsecond, and 44 random bits.
///
/// Each is greater than all before it in this process, also when the clock is set back: then it is the last plus one.
public final class SystemIDs: IDSource {
    private struct Last {
        var high: UInt64 = 0
        var low: UInt64 = 0
    }

    private let clock: any PetrelClock
    private let last = Mutex(Last())

    /// A source that reads the given clock.
    public init(clock: any PetrelClock = SystemClock()) { self.clock = clock }

    /// 24 hexadecimal digits: 8 of seconds, 5 of microseconds, 11 of chance.
    public func next() -> String {
        let time = UInt64(max(0, clock.now.microseconds))
        // 13 digits of time and 11 of chance, held as 12 and 12 so that both halves fit.
        let stamp = ((time / 1_000_000) & 0xFFFF_FFFF) << 20 | time % 1_000_000
        let chance = UInt64.random(in: 0..<(1 << 44))
        let high = stamp >> 4
        let low = (stamp & 0xF) << 44 | chance
        let id = last.withLock { last in
            if (high, low) > (last.high, last.low) {
                last = Last(high: high, low: low)
            } else {
                last.low += 1
                if last.low >> 48 != 0 { last = Last(high: last.high + 1, low: 0) }
            }
            return last
        }
        return digits(id.high) + digits(id.low)
    }

    private func digits(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 12 - text.utf8.count) + text
    }
}
