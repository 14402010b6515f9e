import Glibc
public import PetrelCore

/// The machine's clocks.
public struct SystemClock: PetrelClock {
    /// The clock; all of them are the same.
    public init() {}

    /// The wall clock's time, to the microsecond.
    public var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// Waits on a clock that never jumps, and goes on while the machine is suspended.
    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }
}
