public import PetrelCore
import Synchronization

/// Sees to it that each sensor runs in one process alone, however many processes share the store.
///
/// A lease is prolonged long before it ends; a process that can't reach the store lets its sensors go before another may
/// take them.
public final class SensorLeases: Sendable {
    private static let life = Duration.seconds(15)
    private static let pause = Duration.seconds(3)
    /// How long before its end a lease is not relied on any more: the sensors need that to end.
    private static let margin = Duration.seconds(6)

    private struct Held {
        var names: Set<String> = []
        var until = Instant(microseconds: 0)
        /// The sensors that were looked at.
        var wanted: [ContentRef] = []
    }

    private let owner: String
    private let store: any LeaseStore
    private let wanted: @Sendable () -> [SensorType]
    private let clock: any PetrelClock
    private let state = Mutex(Held())

    /// The leases of a process.
    /// - Parameter wanted: all sensors that should run in some process.
    public init(
        owner: String, store: any LeaseStore, clock: any PetrelClock, wanted: @escaping @Sendable () -> [SensorType]
    ) {
        self.owner = owner
        self.store = store
        self.clock = clock
        self.wanted = wanted
    }

    /// The sensors that this process looks after now.
    public var sensors: [SensorType] {
        let now = clock.now
        let names = state.withLock { $0.until - Self.margin > now ? $0.names : [] }
        return names.isEmpty ? [] : wanted().filter { names.contains(SensorShare.lease(of: $0.ref)) }
    }

    /// Takes and prolongs leases until the task is cancelled.
    public func run() async {
        try? await store.dropDeadLeases(notOf: owner)
        while !Task.isCancelled {
            await step()
            // A sensor that was switched on need not wait long.
            for _ in 0..<3 where !Task.isCancelled && !hasNews { try? await clock.sleep(for: Self.pause / 3) }
        }
    }

    /// Gives all leases back: the next process need not wait for their end.
    public func stop() async {
        let names = state.withLock { held in
            defer { held = Held() }
            return held.names
        }
        try? await store.dropLeases(Array(names), of: owner)
    }

    private var hasNews: Bool { state.withLock(\.wanted) != wanted().map(\.ref) }

    /// Looks at all leases and takes this process's share.
    func step() async {
        let (now, refs) = (clock.now, wanted().map(\.ref))
        do throws(CoreError) {
            let leases = try await store.leases(prefix: SensorShare.leasePrefix)
            let share = SensorShare(wanted: refs, leases: leases, owner: owner, now: now)
            // What is more than the share is not given back but ends: meanwhile the sensor does.
            let until = now + Self.life
            let taken = try await store.takeLeases(
                share.taken.map { Lease(name: $0, owner: owner, until: until) }, at: now)
            state.withLock { $0 = Held(names: taken, until: until, wanted: refs) }
        } catch { return }
    }
}
