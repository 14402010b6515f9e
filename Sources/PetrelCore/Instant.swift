/// A point in time on the wall clock, in microseconds since 1970-01-01T00:00:00Z.
public struct Instant: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Microseconds since the epoch.
    public var microseconds: Int64

    /// A point from its microseconds since the epoch.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Whether the left point is earlier.
    public static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }
    /// The point later by a duration; parts of a microsecond are dropped.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds + duration.wholeMicroseconds)
    }
    /// The point earlier by a duration; parts of a microsecond are dropped.
    public static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds - duration.wholeMicroseconds)
    }
    /// The time from right to left; negative when left is the earlier one.
    public static func - (left: Instant, right: Instant) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    /// The time of day in UTC, `03:04:05`.
    public var timeOfDay: String { String(description.dropFirst(11).prefix(8)) }

    /// Reads the forms that StackStorm accepts: `2024-01-02T03:04:05[.fff…]Z`, with a blank for the T, `+00:00` for the Z.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] == 0x54 || bytes[10] == 0x20,
            bytes[13] == 0x3A, bytes[16] == 0x3A
        else { return nil }
        func digits(_ range: Range<Int>) -> Int64? { Int64(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = digits(0..<4), let month = digits(5..<7), let day = digits(8..<10), let hour = digits(11..<13),
            let minute = digits(14..<16), let second = digits(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == 0x2E {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard (1...6).contains(digits.count) else { return nil }
            let text = String(decoding: digits, as: UTF8.self) + String(repeating: "0", count: 6 - digits.count)
            fraction = Int64(text) ?? 0
            rest = rest[digits.endIndex...]
        }
        guard ["Z", "+00", "+0000", "+00:00"].contains(String(decoding: rest, as: UTF8.self)) else { return nil }
        let days = daysSinceEpoch(year: year, month: month, day: day)
        microseconds = (days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000 + fraction
    }
}

extension Duration {
    /// The duration in microseconds, rounded towards zero.
    public var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// The duration in seconds.
    public var inSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}

extension Int64 {
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar: eras of 400 years that begin in March.
private func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year.flooredQuotient(400)
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

func civilDate(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
}
