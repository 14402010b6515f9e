#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Time spans: microseconds.
enum YAQLTime {
    static let second = 1_000_000
    static let minute = 60 * second
    static let hour = 60 * minute
    static let day = 24 * hour

    static func floor(_ number: Int, _ divisor: Int) -> Int {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// A sum that fits; Python's spans end only a little later.
    static func checked(_ one: Int, plus two: Int) throws(YAQLFault) -> Int {
        let (sum, overflow) = one.addingReportingOverflow(two)
        if overflow { throw tooLong }
        return sum
    }

    static func checked(_ one: Int, minus two: Int) throws(YAQLFault) -> Int {
        let (difference, overflow) = one.subtractingReportingOverflow(two)
        if overflow { throw tooLong }
        return difference
    }

    static func checked(_ one: Int, times two: Int) throws(YAQLFault) -> Int {
        let (product, overflow) = one.multipliedReportingOverflow(by: two)
        if overflow { throw tooLong }
        return product
    }

    /// Whole microseconds of a number of them, half to even.
    static func rounded(_ number: Double) throws(YAQLFault) -> Int {
        if number.isNaN { throw .value("cannot convert float NaN to integer") }
        if number.isInfinite { throw .overflow("cannot convert float infinity to integer") }
        guard let whole = Int(exactly: number.rounded(.toNearestOrEven)) else { throw tooLong }
        return whole
    }

    private static var tooLong: YAQLFault { .overflow("days=1000000000; must have magnitude <= 999999999") }

    /// As Python's `str`: `1 day, 0:00:05`.
    static func text(of span: Int) -> String {
        let days = floor(span, day)
        let rest = span - days * day
        var text = days == 0 ? "" : "\(days) day\(days.magnitude == 1 ? "" : "s"), "
        text += "\(rest / hour):" + padded(rest / minute % 60, 2) + ":" + padded(rest / second % 60, 2)
        return rest % second == 0 ? text : text + "." + padded(rest % second, 6)
    }

    /// As Python's `repr`.
    static func shown(_ span: Int) -> String {
        let days = floor(span, day)
        let rest = span - days * day
        var parts: [String] = []
        if days != 0 { parts.append("days=\(days)") }
        if rest / second != 0 { parts.append("seconds=\(rest / second)") }
        if rest % second != 0 { parts.append("microseconds=\(rest % second)") }
        return "datetime.timedelta(" + (parts.isEmpty ? "0" : parts.joined(separator: ", ")) + ")"
    }

    /// Microseconds since 1970.
    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * second + Int(time.tv_nsec) / 1_000
    }

    /// How far the machine's local time is ahead of UTC.
    static func localOffset() -> Int {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return Int(parts.tm_gmtoff) * second
    }
}
