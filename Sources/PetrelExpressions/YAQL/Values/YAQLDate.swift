/// A point in time with its offset from UTC, as Python's aware `datetime`: years 1 to 9999, microseconds.
final class YAQLDate: Sendable {
    /// Microseconds from 1970 to the local time.
    let local: Int
    /// Microseconds that the local time is ahead of UTC.
    let offset: Int

    private static let earliest = CivilDate(year: 1, month: 1, day: 1).daysSinceEpoch * YAQLTime.day
    private static let end = CivilDate(year: 10_000, month: 1, day: 1).daysSinceEpoch * YAQLTime.day

    /// - Throws: `OverflowError` beyond the years that Python has.
    init(local: Int, offset: Int) throws(YAQLFault) {
        guard local >= Self.earliest, local < Self.end else { throw .overflow("date value out of range") }
        guard offset.magnitude < YAQLTime.day else {
            throw .value("offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24)")
        }
        self.local = local
        self.offset = offset
    }

    /// From the parts of a local time, which are checked as Python does.
    convenience init(
        _ date: CivilDate, hour: Int, minute: Int, second: Int, microsecond: Int, offset: Int
    ) throws(YAQLFault) {
        guard (1...9_999).contains(date.year) else { throw .value("year \(date.year) is out of range") }
        guard (1...12).contains(date.month) else { throw .value("month must be in 1..12") }
        guard date.day >= 1, date.day <= CivilDate.days(inMonth: date.month, of: date.year) else {
            throw .value("day is out of range for month")
        }
        guard (0...23).contains(hour) else { throw .value("hour must be in 0..23") }
        guard (0...59).contains(minute) else { throw .value("minute must be in 0..59") }
        guard (0...59).contains(second) else { throw .value("second must be in 0..59") }
        guard (0...999_999).contains(microsecond) else { throw .value("microsecond must be in 0..999999") }
        let time = ((hour * 60 + minute) * 60 + second) * YAQLTime.second + microsecond
        try self.init(local: date.daysSinceEpoch * YAQLTime.day + time, offset: offset)
    }

    /// Microseconds from 1970 in UTC: what comparisons look at.
    var instant: Int { local - offset }

    private var days: Int { YAQLTime.floor(local, YAQLTime.day) }
    var date: CivilDate { CivilDate(daysSinceEpoch: days) }
    /// Microseconds since midnight.
    var time: Int { local - days * YAQLTime.day }
    var hour: Int { time / YAQLTime.hour }
    var minute: Int { time / YAQLTime.minute % 60 }
    var second: Int { time / YAQLTime.second % 60 }
    var microsecond: Int { time % YAQLTime.second }

    /// As Python's `isoformat`.
    var isoText: String { dateText + "T" + timeText }

    /// As Python's `str`.
    var text: String { dateText + " " + timeText }

    private var dateText: String {
        let date = date
        return YAQLTime.padded(date.year, 4) + "-" + YAQLTime.padded(date.month, 2) + "-" + YAQLTime.padded(date.day, 2)
    }

    private var timeText: String {
        var text =
            YAQLTime.padded(hour, 2) + ":" + YAQLTime.padded(minute, 2) + ":" + YAQLTime.padded(second, 2)
        if microsecond > 0 { text += "." + YAQLTime.padded(microsecond, 6) }
        return text + offsetText(separator: ":")
    }

    /// `+02:00`, with seconds if there are any.
    func offsetText(separator: String) -> String {
        let size = Int(offset.magnitude)
        var text = offset < 0 ? "-" : "+"
        text += YAQLTime.padded(size / YAQLTime.hour, 2) + separator
        text += YAQLTime.padded(size / YAQLTime.minute % 60, 2)
        if size % YAQLTime.minute > 0 { text += separator + YAQLTime.padded(size / YAQLTime.second % 60, 2) }
        if size % YAQLTime.second > 0 { text += "." + YAQLTime.padded(size % YAQLTime.second, 6) }
        return text
    }

    /// As Python's `repr`.
    var shown: String {
        let date = date
        var parts = [date.year, date.month, date.day, hour, minute]
        if second > 0 || microsecond > 0 { parts.append(second) }
        if microsecond > 0 { parts.append(microsecond) }
        let zone = offset == 0 ? "tzutc()" : "tzoffset(None, \(offset / YAQLTime.second))"
        return "datetime.datetime(" + parts.map(String.init).joined(separator: ", ") + ", tzinfo=\(zone))"
    }
}
