import PetrelCore

/// Takes a date's text apart, word by word.
struct LenientDateReader {
    private let words: [String]
    private let today: CivilDate
    private var at = 0
    private var days = DayParts()
    private var hour: Int?
    private var minute: Int?
    private var second: Int?
    private var microsecond: Int?
    private var weekday: Int?
    private var offset: Int?
    private var hasZone = false

    init(_ text: String, now: Instant) {
        words = DateTokens.split(text)
        let daysSinceEpoch = Double(now.microseconds) / 86_400_000_000
        today = CivilDate(daysSinceEpoch: Int(daysSinceEpoch.rounded(.down)))
    }

    /// The date; nil when some word has no meaning here.
    mutating func read() throws(ExpressionError) -> LenientDate? {
        while at < words.count {
            let word = words[at]
            let isRead = word.utf8.first.map { (0x30...0x39).contains($0) } == true ? number(word) : other(word)
            guard isRead else { return nil }
            at += 1
        }
        return try result()
    }

    private func word(_ distance: Int) -> String? {
        words.indices.contains(at + distance) ? words[at + distance] : nil
    }

    private func isFiller(_ distance: Int) -> Bool { word(distance).map(DateWords.isFiller) ?? true }

    private mutating func other(_ word: String) -> Bool {
        if let weekday = DateWords.weekday(word) {
            self.weekday = weekday
        } else if let month = DateWords.month(word) {
            return self.month(month)
        } else if let isAfternoon = DateWords.isAfternoon(word) {
            guard let hour, hour <= 12 else { return false }
            self.hour = Self.adjusted(hour, isAfternoon)
        } else if isZoneName(word) {
            zone(word)
        } else if hour != nil, word == "+" || word == "-" {
            return offset(isWest: word == "-")
        } else {
            return DateWords.isFiller(word)
        }
        return true
    }

    private mutating func month(_ month: Int) -> Bool {
        guard days.add(month: month) else { return false }
        if let mark = word(1), mark == "-" || mark == "/" {
            guard let next = word(2), days.add(next) else { return false }
            at += 2
            if word(1) == mark, let last = word(2) {
                guard days.add(last) else { return false }
                at += 2
            }
        } else if word(1) == " ", word(2)?.lowercased() == "of", word(3) == " ", let year = word(4), Int(year) != nil {
            guard days.add(year, isYear: true) else { return false }
            at += 4
        }
        return true
    }

    private func isZoneName(_ word: String) -> Bool {
        guard hour != nil, !hasZone else { return false }
        if ["z", "utc", "gmt"].contains(word.lowercased()) { return true }
        return word.utf8.count <= 5 && word.utf8.allSatisfy { (0x41...0x5A).contains($0) }
    }

    /// Other names than those of UTC are read and mean nothing.
    private mutating func zone(_ word: String) {
        hasZone = true
        if ["z", "utc", "gmt"].contains(word.lowercased()) { offset = 0 }
        // `GMT+3` is what other texts call -3, the way POSIX counts.
        if let mark = self.word(1), mark == "+" || mark == "-", self.word(2) != nil {
            offset = nil
            at += 1
            _ = offset(isWest: mark == "+")
        }
    }

    private mutating func offset(isWest: Bool) -> Bool {
        guard let digits = word(1), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits)
        else { return false }
        var seconds: Int
        if digits.utf8.count == 4 {
            seconds = number / 100 * 3600 + number % 100 * 60
        } else if word(2) == ":", let minutes = word(3).flatMap({ Int($0) }), digits.utf8.count <= 2,
            (0..<60).contains(minutes)
        {
            seconds = number * 3600 + minutes * 60
            at += 2
        } else {
            guard digits.utf8.count <= 2 else { return false }
            seconds = number * 3600
        }
        if isWest { seconds = -seconds }
        at += 1
        guard abs(seconds) < 86_400 else { return false }
        offset = seconds
        hasZone = true
        return true
    }

    private mutating func number(_ word: String) -> Bool {
        let digits = word.utf8.count
        let isWhole = !word.utf8.contains(UInt8(ascii: "."))
        if days.count == 3, digits == 2 || digits == 4, hour == nil, isWhole,
            self.word(1) == nil || self.word(1) == " " || self.word(1).flatMap(DateWords.clockUnit) != nil
        {
            return clock(word)
        }
        if digits == 6 && isWhole || digits > 6 && Array(word.utf8)[6] == UInt8(ascii: ".") {
            return days.isEmpty && isWhole ? dense(word, widths: [2, 2, 2]) : clock(word)
        }
        if isWhole, digits == 8 || digits == 12 || digits == 14 { return dense(word, widths: [4, 2, 2]) }
        if let unit = self.word(1).flatMap(DateWords.clockUnit) ?? spacedUnit() { return clock(word, unit: unit) }
        if let unit = unitBefore() { return clock(word, unit: unit + 1, isFollowed: false) }
        if self.word(1) == ":", self.word(2) != nil { return colons(word) }
        return dayPart(word, isWhole: isWhole)
    }

    /// Digits without marks: a date, and perhaps a time behind it.
    private mutating func dense(_ word: String, widths: [Int]) -> Bool {
        var rest = Substring(word)
        for (place, width) in widths.enumerated() {
            guard days.add(String(rest.prefix(width)), isYear: place == 0 && width == 4) else { return false }
            rest = rest.dropFirst(width)
        }
        return rest.isEmpty || clock(String(rest))
    }

    /// `HH`, `HHMM` or `HHMMSS[.f]`.
    private mutating func clock(_ word: String) -> Bool {
        let text = Substring(word)
        hour = Int(text.prefix(2))
        minute = Int(text.dropFirst(2).prefix(2)) ?? 0
        return text.count <= 4 || seconds(String(text.dropFirst(4)))
    }

    /// `10 h`: the unit behind a blank.
    private func spacedUnit() -> Int? {
        guard word(1) == " " else { return nil }
        return word(2).flatMap(DateWords.clockUnit)
    }

    /// `10h30`: the number after a unit is of the next smaller one.
    private func unitBefore() -> Int? {
        if let unit = word(-1).flatMap(DateWords.clockUnit) { return unit }
        guard at == words.count - 1, word(-1) == " " else { return nil }
        return word(-2).flatMap(DateWords.clockUnit)
    }

    private mutating func clock(_ word: String, unit: Int, isFollowed: Bool = true) -> Bool {
        if isFollowed { at += self.word(1) == " " ? 2 : 1 }
        guard let value = Double(word), value < 1_000 else { return false }
        let fraction = value - value.rounded(.down)
        switch unit {
        case 0:
            hour = Int(value)
            if fraction > 0 { minute = Int(fraction * 60) }
        case 1:
            minute = Int(value)
            if fraction > 0 { second = Int(fraction * 60) }
        default: return seconds(word)
        }
        return true
    }

    private mutating func colons(_ word: String) -> Bool {
        guard let hours = Int(word), let next = self.word(2), let value = Double(next), value < 1_000 else {
            return false
        }
        hour = hours
        minute = Int(value)
        let fraction = value - value.rounded(.down)
        if fraction > 0 { second = Int(fraction * 60) }
        at += 2
        if self.word(1) == ":", let last = self.word(2) {
            at += 2
            return seconds(last)
        }
        return true
    }

    private mutating func seconds(_ word: String) -> Bool {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int(parts[0]) else { return false }
        second = whole
        guard parts.count == 2 else {
            microsecond = 0
            return true
        }
        let digits = String((parts[1] + "000000").prefix(6))
        microsecond = Int(digits)
        return microsecond != nil
    }

    private mutating func dayPart(_ word: String, isWhole: Bool) -> Bool {
        if let mark = self.word(1), mark == "-" || mark == "/" || mark == "." { return marked(word, mark) }
        if isFiller(1) {
            if let isAfternoon = self.word(2).flatMap(DateWords.isAfternoon) {
                return hours(word, isAfternoon, taking: 2)
            }
            guard days.add(word) else { return false }
            if self.word(1) != nil { at += 1 }
            return true
        }
        if let isAfternoon = self.word(1).flatMap(DateWords.isAfternoon) { return hours(word, isAfternoon, taking: 1) }
        guard let value = Int(word), (1...31).contains(value), isWhole else { return false }
        return days.add(word)
    }

    private mutating func hours(_ word: String, _ isAfternoon: Bool, taking count: Int) -> Bool {
        guard let value = Double(word), value >= 0, value < 24 else { return false }
        hour = Self.adjusted(Int(value), isAfternoon)
        at += count
        return true
    }

    /// `1-2-2024`, `1/Mar/2024`.
    private mutating func marked(_ word: String, _ mark: String) -> Bool {
        guard days.add(word) else { return false }
        at += 1
        guard let next = self.word(1), !DateWords.isFiller(next) else { return true }
        guard days.addNameOrNumber(next) else { return false }
        at += 1
        if self.word(1) == mark {
            guard let last = self.word(2), days.addNameOrNumber(last) else { return false }
            at += 2
        }
        return true
    }

    private static func adjusted(_ hour: Int, _ isAfternoon: Bool) -> Int {
        if hour < 12, isAfternoon { return hour + 12 }
        return hour == 12 && !isAfternoon ? 0 : hour
    }

    private func result() throws(ExpressionError) -> LenientDate? {
        guard !days.isEmpty || hour != nil || weekday != nil || minute != nil || second != nil else {
            throw ExpressionError(
                .failed, "String does not contain a date: \(words.joined())",
                hint: "Write it as 2024-03-01T12:00:00Z")
        }
        guard let (year, month, day) = days.resolved(today: today) else { return nil }
        var date = CivilDate(year: year ?? today.year, month: month ?? today.month, day: day ?? today.day)
        guard (1...9999).contains(date.year) else {
            throw ExpressionError(.failed, "year \(date.year) is out of range: \(words.joined())")
        }
        guard (1...12).contains(date.month) else { throw outOfRange("month must be in 1..12") }
        let length = CivilDate.days(inMonth: date.month, of: date.year)
        if day == nil { date.day = min(date.day, length) }
        guard (1...length).contains(date.day) else { throw outOfRange("day is out of range for month") }
        if let weekday, day == nil {
            date = CivilDate(daysSinceEpoch: date.daysSinceEpoch + (weekday - date.weekday + 7) % 7)
        }
        return try clocked(date)
    }

    private func clocked(_ date: CivilDate) throws(ExpressionError) -> LenientDate {
        var result = LenientDate(date: date)
        result.hour = hour ?? 0
        result.minute = minute ?? 0
        result.second = second ?? 0
        result.microsecond = microsecond ?? 0
        result.offset = offset
        guard (0...23).contains(result.hour) else { throw outOfRange("hour must be in 0..23") }
        guard (0...59).contains(result.minute) else { throw outOfRange("minute must be in 0..59") }
        guard (0...59).contains(result.second) else { throw outOfRange("second must be in 0..59") }
        return result
    }

    private func outOfRange(_ what: String) -> ExpressionError {
        ExpressionError(.failed, "\(what): \(words.joined())")
    }
}
