/// Seconds in StackStorm's words, its oddities included: below a second it says microseconds, and months are left out.
enum HumanDuration {
    static func text(_ seconds: Double) -> String {
        if seconds == 0 { return "0s" }
        guard seconds >= 1, seconds < 1e11 else { return number(seconds) + "\u{3BC}s" }
        let whole = Int(seconds.rounded(.toNearestOrEven))
        let (years, days) = date(daysSinceYearOne: whole / 86_400)
        let parts = [(years, "y"), (days, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
        let shown = parts.drop { $0.0 == 0 }
        return shown.isEmpty ? "0s" : shown.map { "\($0.0)\($0.1)" }.joined()
    }

    private static func number(_ seconds: Double) -> String {
        seconds == seconds.rounded() && abs(seconds) < 1e15 ? String(Int(seconds)) : String(describing: seconds)
    }

    /// Whole years since 1 January of the year 1, and days since the first of the month.
    private static func date(daysSinceYearOne days: Int) -> (years: Int, days: Int) {
        // Four hundred years repeat; counting years from there is at most 400 steps.
        var rest = days % 146_097
        var years = days / 146_097 * 400
        while rest >= length(ofYear: years + 1) {
            rest -= length(ofYear: years + 1)
            years += 1
        }
        let february = length(ofYear: years + 1) - 337
        for month in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if rest < month { break }
            rest -= month
        }
        return (years, rest)
    }

    private static func length(ofYear year: Int) -> Int {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
    }
}
