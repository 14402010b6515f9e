import PetrelCore

/// A date and time as people write it, read as python-dateutil does: ISO 8601, RFC 2822, `3/1/2024 10pm`, `1 March`.
///
/// Month before day where both could be meant. What the text leaves out comes from today, its time from midnight.
struct LenientDate {
    var date: CivilDate
    var hour = 0
    var minute = 0
    var second = 0
    var microsecond = 0
    /// Seconds east of UTC; nil when the text does not say.
    var offset: Int?

    /// The point in time that a text names; without an offset it is UTC.
    static func instant(_ text: String, now: Instant) throws(ExpressionError) -> Instant {
        // The form that Petrel and StackStorm write needs no more than this.
        if let instant = Instant(text), instant.description.utf8.starts(with: text.utf8.prefix(10)) { return instant }
        let parsed = try LenientDate(text, now: now)
        return Instant(
            microseconds: (parsed.localSeconds - Int64(parsed.offset ?? 0)) * 1_000_000 + Int64(parsed.microsecond))
    }

    /// Reads a text; `now` fills in what it leaves out.
    init(_ text: String, now: Instant) throws(ExpressionError) {
        guard text.utf8.count <= 200 else { throw Self.unknown(String(text.prefix(40)) + "…") }
        var reader = LenientDateReader(text, now: now)
        guard let read = try reader.read() else { throw Self.unknown(text) }
        self = read
    }

    /// The reading of a clock at that date and time, in seconds since 1970-01-01.
    var localSeconds: Int64 { Int64(date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second) }

    init(date: CivilDate) { self.date = date }

    private static func unknown(_ text: String) -> ExpressionError {
        ExpressionError(.failed, "Unknown string format: \(text)", hint: "Write it as 2024-03-01T12:00:00Z")
    }
}

/// The words of dates.
enum DateWords {
    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]
    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    private static let fillers: Set<String> = [
        " ", ".", ",", ";", "-", "/", "'", "at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd", "th",
    ]

    /// The month of a name or its first three letters, from 1.
    static func month(_ word: String) -> Int? {
        let word = word.lowercased()
        if word == "sept" { return 9 }
        return months.firstIndex { $0 == word || $0.prefix(3) == word }.map { $0 + 1 }
    }

    /// The day of the week of a name or its first three letters, Monday being 0.
    static func weekday(_ word: String) -> Int? {
        let word = word.lowercased()
        return weekdays.firstIndex { $0 == word || $0.prefix(3) == word }
    }

    /// Whether the word adds 12 hours; nil when it is neither `am` nor `pm`.
    static func isAfternoon(_ word: String) -> Bool? {
        switch word.lowercased() {
        case "am", "a": false
        case "pm", "p": true
        default: nil
        }
    }

    /// Whether a word says nothing.
    static func isFiller(_ word: String) -> Bool { fillers.contains(word.lowercased()) }

    /// Which unit of a clock a word names: hours, minutes or seconds.
    static func clockUnit(_ word: String) -> Int? {
        switch word.lowercased() {
        case "h", "hour", "hours": 0
        case "m", "minute", "minutes": 1
        case "s", "second", "seconds": 2
        default: nil
        }
    }
}
