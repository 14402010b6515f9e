import PetrelCore

/// Which sensors one of several processes looks after: values in, values out.
///
/// Each process takes its fair share of what is free and prolongs no more than that, so that a process that joins gets some,
/// and the sensors of one that dies go to the others when its leases end.
struct SensorShare: Sendable, Hashable {
    /// The leases to take or to prolong; those that are not among them end.
    let taken: [String]

    private static let sensorPrefix = leasePrefix + "of "
    private static let processPrefix = leasePrefix + "by "
    /// What the names of all leases here begin with.
    static let leasePrefix = "sensors "

    /// The lease of a sensor.
    static func lease(of sensor: ContentRef) -> String { sensorPrefix + sensor.description }

    /// - Parameters:
    ///   - wanted: the sensors that somebody must look after.
    ///   - leases: all that there are, those of processes too.
    init(wanted: [ContentRef], leases: [Lease], owner: String, now: Instant) {
        let live = leases.filter { $0.until > now }
        let names = wanted.map(Self.lease).sorted()
        let mine = Set(live.filter { $0.owner == owner && $0.name.hasPrefix(Self.sensorPrefix) }.map(\.name))
        let others = Set(live.filter { $0.owner != owner }.map(\.name))
        let processes = Set(live.filter { $0.name.hasPrefix(Self.processPrefix) }.map(\.owner)).union([owner]).count
        let share = (names.count + processes - 1) / processes
        let kept = names.filter(mine.contains).prefix(share)
        let free = names.filter { !mine.contains($0) && !others.contains($0) }.prefix(share - kept.count)
        taken = Array(kept) + Array(free) + [Self.processPrefix + owner]
    }
}
