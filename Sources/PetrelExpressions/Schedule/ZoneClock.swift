import Foundation

/// The clocks of a time zone.
struct ZoneClock: Sendable {
    private let zone: TimeZone

    /// The zone of an IANA name, in any letter case; nil when there is none.
    init?(_ name: String) {
        guard !name.isEmpty, name.utf8.count <= 64 else { return nil }
        if let zone = TimeZone(identifier: name) {
            self.zone = zone
            return
        }
        let lowered = name.lowercased()
        guard let known = TimeZone.knownTimeZoneIdentifiers.first(where: { $0.lowercased() == lowered }),
            let zone = TimeZone(identifier: known)
        else { return nil }
        self.zone = zone
    }

    /// How far the clocks are ahead of UTC at a point in time, in seconds since 1970.
    func offset(at seconds: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    /// How far ahead of UTC the clocks are when they show a time, given as if it were UTC.
    ///
    /// Of a time that they show twice, the second; of one that they skip, as before the change.
    func offset(ofLocal seconds: Int64) -> Int64 {
        let day: Int64 = 86_400
        let before = offset(at: seconds - day)
        let after = offset(at: seconds + day)
        let isBefore = offset(at: seconds - before) == before
        if before == after { return isBefore ? before : offsetInGap(seconds) }
        let isAfter = offset(at: seconds - after) == after
        if isBefore, isAfter { return min(before, after) }
        if isBefore { return before }
        return isAfter ? after : offsetInGap(seconds)
    }

    private func offsetInGap(_ seconds: Int64) -> Int64 {
        let earlier = seconds - 6 * 3600
        return offset(at: earlier - offset(at: earlier))
    }
}
