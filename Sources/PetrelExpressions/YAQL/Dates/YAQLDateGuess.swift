/// Reads dates in the forms that people write, as far as `dateutil` and we agree on them.
///
/// Parts that are missing are today's; numbers alone are month, day, year; without a zone it is UTC.
struct YAQLDateGuess {
    private enum Token: Equatable {
        case number(digits: String, fraction: String?)
        case word(String)
        /// Up to five capitals that mean nothing else.
        case zone(String)
        case mark(Unicode.Scalar)
        case blank
    }

    private let source: String
    private var tokens: [Token] = []
    private var at = 0

    private var numbers: [(value: Int, width: Int)] = []
    private var month: Int?
    private var weekday: Int?
    private var hour: Int?
    private var minute = 0
    private var second = 0
    private var microsecond = 0
    private var isAfternoon: Bool?
    private var offset: Int?

    static func date(of text: String) throws(YAQLFault) -> YAQLDate {
        guard text.utf8.count <= 200 else { throw .value("Unknown string format: a text of \(text.utf8.count) bytes") }
        var guess = YAQLDateGuess(text)
        guard guess.read() else { throw guess.unknown }
        return try guess.date()
    }

    private init(_ source: String) {
        self.source = source
        tokens = Self.tokens(source)
    }

    private var unknown: YAQLFault {
        let isEmpty = source.unicodeScalars.allSatisfy(PythonText.isSpace)
        let text = isEmpty ? "String does not contain a date: \(source)" : "Unknown string format: \(source)"
        return YAQLFault(.failed, "ParserError", text)
    }

    private static func tokens(_ source: String) -> [Token] {
        var tokens: [Token] = []
        var scalars = source.unicodeScalars[...]
        while let scalar = scalars.first {
            if ("0"..."9").contains(scalar) {
                let digits = scalars.prefix { ("0"..."9").contains($0) }
                scalars = scalars[digits.endIndex...]
                var fraction: String?
                // A comma behind one digit is none of a number's.
                let isPoint = scalars.first == "." || scalars.first == "," && digits.count >= 2
                if isPoint, let next = scalars.dropFirst().first,
                    ("0"..."9").contains(next)
                {
                    let part = scalars.dropFirst().prefix { ("0"..."9").contains($0) }
                    scalars = scalars[part.endIndex...]
                    fraction = String(part)
                }
                tokens.append(.number(digits: String(digits), fraction: fraction))
            } else if scalar.properties.isAlphabetic {
                let word = scalars.prefix { $0.properties.isAlphabetic }
                scalars = scalars[word.endIndex...]
                tokens.append(isZoneName(String(word)) ? .zone(String(word)) : .word(String(word).lowercased()))
            } else {
                scalars.removeFirst()
                tokens.append(PythonText.isSpace(scalar) ? .blank : .mark(scalar))
            }
        }
        return tokens
    }

    private static func isZoneName(_ word: String) -> Bool {
        guard (3...5).contains(word.utf8.count), word.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            return false
        }
        return word != "UTC" && word != "GMT" && month(word.lowercased()) == nil && weekday(word.lowercased()) == nil
    }

    private func peek(_ offset: Int) -> Token? {
        at + offset < tokens.count && at + offset >= 0 ? tokens[at + offset] : nil
    }

    /// False for what is not understood.
    private mutating func read() -> Bool {
        while let token = peek(0) {
            switch token {
            case .blank, .mark(","), .mark(";"), .mark("."), .mark("/"): at += 1
            case .number(let digits, let fraction): guard readNumber(digits, fraction) else { return false }
            case .word(let word): guard readWord(word) else { return false }
            case .zone:
                // Nobody knows which zone such letters mean; the original takes it for UTC.
                guard hour != nil else { return false }
                at += 1
            case .mark("+"), .mark("-"): guard readSign() else { return false }
            case .mark: return false
            }
        }
        return !numbers.isEmpty || month != nil || weekday != nil || hour != nil
    }

    private mutating func readNumber(_ digits: String, _ fraction: String?) -> Bool {
        guard let value = Int(digits), digits.utf8.count <= 14 else { return false }
        if case .mark(":") = peek(1) { return fraction == nil && readTime(value) }
        if fraction == nil, digits.utf8.count <= 4, case .mark(let mark) = peek(1), mark == "-" || mark == "/",
            readJoined(value, digits.utf8.count, mark)
        {
            return true
        }
        if let fraction, digits.utf8.count <= 2 || digits.utf8.count == 4, hour == nil, numbers.isEmpty {
            return readDotted(digits, fraction)
        }
        if fraction != nil { return readPacked(digits, fraction) }
        if case .word(let word) = peek(1), hour == nil, value <= 24, readUnit(word, value) { return true }
        if case .blank = peek(1), case .word(let word) = peek(2), word == "am" || word == "pm", hour == nil {
            hour = value
            at += 1
            return true
        }
        if digits.utf8.count >= 6 || isTimeOfDay(digits) { return readPacked(digits, nil) }
        numbers.append((value, digits.utf8.count))
        at += 1
        skipOrdinal()
        return numbers.count <= 3
    }

    /// `2020-01-02`, `1/2/2020`, `2-Jan-2020`.
    private mutating func readJoined(_ first: Int, _ width: Int, _ mark: Unicode.Scalar) -> Bool {
        guard numbers.isEmpty else { return false }
        switch peek(2) {
        case .number(let digits, nil):
            guard let second = Int(digits), digits.utf8.count <= 4 else { return false }
            numbers = [(first, width), (second, digits.utf8.count)]
        case .word(let word):
            guard let found = Self.month(word), month == nil else { return false }
            numbers = [(first, width)]
            month = found
        default: return false
        }
        at += 3
        if case .mark(mark) = peek(0), case .number(let digits, nil) = peek(1), let third = Int(digits),
            digits.utf8.count <= 4
        {
            numbers.append((third, digits.utf8.count))
            at += 2
        }
        return true
    }

    /// `T` was before it and a whole date before that.
    private func isTimeOfDay(_ digits: String) -> Bool {
        guard case .word("t") = peek(-1) else { return false }
        return (digits.utf8.count == 4 || digits.utf8.count == 2) && hour == nil
    }

    private mutating func skipOrdinal() {
        if case .word(let word) = peek(0), ["st", "nd", "rd", "th"].contains(word) { at += 1 }
    }

    /// `3pm`, `10h`.
    private mutating func readUnit(_ word: String, _ value: Int) -> Bool {
        switch word {
        case "am", "pm", "a", "p":
            hour = value
            isAfternoon = word.hasPrefix("p")
        case "h", "hour", "hours": hour = value
        default: return false
        }
        at += 2
        return true
    }

    /// `01.02.2020`: the tokens took `01.02` for a number with a fraction.
    private mutating func readDotted(_ digits: String, _ fraction: String) -> Bool {
        guard let first = Int(digits), let second = Int(fraction), fraction.utf8.count <= 2 else { return false }
        numbers.append((first, digits.utf8.count))
        numbers.append((second, fraction.utf8.count))
        at += 1
        return true
    }

    private mutating func readTime(_ value: Int) -> Bool {
        guard hour == nil, case .number(let minutes, let minuteFraction) = peek(2), let minute = Int(minutes) else {
            return false
        }
        hour = value
        self.minute = minute
        at += 3
        if let minuteFraction { second = Int((Double("0." + minuteFraction) ?? 0) * 60) }
        if case .mark(":") = peek(0), case .number(let seconds, let fraction) = peek(1), let second = Int(seconds) {
            self.second = second
            microsecond = Self.microseconds(fraction)
            at += 2
        }
        return true
    }

    /// The digits behind the point; more than six are dropped.
    private static func microseconds(_ fraction: String?) -> Int {
        guard let fraction else { return 0 }
        let digits = String(fraction.prefix(6))
        return Int(digits + String(repeating: "0", count: 6 - digits.utf8.count)) ?? 0
    }

    /// `20200102`, `20200102T030405`, `200102`.
    private mutating func readPacked(_ digits: String, _ fraction: String?) -> Bool {
        let parts = digits.utf8.map { Int($0) - 0x30 }
        let pair = { (start: Int) -> Int in parts[start] * 10 + parts[start + 1] }
        at += 1
        let hasDate = numbers.count == 3 || month != nil && numbers.count == 2
        if hasDate, hour == nil, [2, 4, 6].contains(parts.count) {
            hour = pair(0)
            if parts.count >= 4 { minute = pair(2) }
            if parts.count == 6 { second = pair(4) }
            microsecond = Self.microseconds(fraction)
            return true
        }
        guard numbers.isEmpty, [6, 8, 12, 14].contains(parts.count) else { return false }
        if parts.count == 6 {
            numbers = [(pair(0), 2), (pair(2), 2), (pair(4), 2)]
            return true
        }
        numbers = [(pair(0) * 100 + pair(2), 4), (pair(4), 2), (pair(6), 2)]
        if parts.count >= 12 {
            hour = pair(8)
            minute = pair(10)
            if parts.count == 14 { second = pair(12) }
            microsecond = Self.microseconds(fraction)
        }
        return true
    }

    private mutating func readWord(_ word: String) -> Bool {
        at += 1
        switch word {
        case "am", "pm", "a", "p":
            guard hour != nil, isAfternoon == nil else { return false }
            isAfternoon = word.hasPrefix("p")
        case "t", "at", "on", "and", "of", "ad": break
        case "z", "utc", "gmt":
            guard offset == nil || offset == 0 else { return false }
            offset = 0
        default:
            if let found = Self.month(word) {
                guard month == nil else { return false }
                month = found
            } else if let found = Self.weekday(word) {
                weekday = found
            } else {
                return false
            }
        }
        return true
    }

    private static func month(_ word: String) -> Int? {
        if word == "sept" { return 9 }
        return YAQLDateFormat.months.firstIndex { isName(word, of: $0) }.map { $0 + 1 }
    }

    private static func weekday(_ word: String) -> Int? {
        YAQLDateFormat.weekdays.firstIndex { isName(word, of: $0) }
    }

    private static func isName(_ word: String, of name: String) -> Bool {
        word == name.lowercased() || word == name.prefix(3).lowercased()
    }

    /// A dash between the parts of a date, or the sign of an offset behind the time.
    private mutating func readSign() -> Bool {
        guard case .mark(let sign) = peek(0) else { return false }
        at += 1
        guard hour != nil, case .number(let digits, nil) = peek(0) else { return sign == "-" }
        guard let value = Int(digits) else { return false }
        at += 1
        var minutes = 0
        var hours = value
        if digits.utf8.count == 4 {
            hours = value / 100
            minutes = value % 100
        } else if case .mark(":") = peek(0), case .number(let part, nil) = peek(1), let number = Int(part) {
            minutes = number
            at += 2
        }
        guard digits.utf8.count <= 2 || digits.utf8.count == 4, minutes < 60, hours < 24 else { return false }
        let size = (hours * 60 + minutes) * YAQLTime.minute
        offset = sign == "-" ? -size : size
        return true
    }

    // MARK: What the numbers mean

    private func date() throws(YAQLFault) -> YAQLDate {
        let today = CivilDate(daysSinceEpoch: YAQLTime.floor(YAQLTime.now(), YAQLTime.day))
        guard var day = resolved(today) else { throw unknown }
        if numbers.isEmpty, month == nil, let weekday {
            day = CivilDate(daysSinceEpoch: day.daysSinceEpoch + (weekday - day.weekday + 7) % 7)
        }
        var hour = self.hour ?? 0
        if let isAfternoon {
            guard hour >= 1, hour <= 12 else { throw unknown }
            hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        do throws(YAQLFault) {
            return try YAQLDate(
                day, hour: hour, minute: minute, second: second, microsecond: microsecond, offset: offset ?? 0)
        } catch { throw YAQLFault(.failed, "ParserError", error.text + ": " + source) }
    }

    private func resolved(_ today: CivilDate) -> CivilDate? {
        var values = numbers.map(\.value)
        let yearAt = numbers.firstIndex { $0.width > 2 || $0.value > 31 }
        var year: Int?
        if let yearAt {
            year = Self.year(numbers[yearAt].value, numbers[yearAt].width, today)
            values.remove(at: yearAt)
        } else if values.count + (month == nil ? 0 : 1) == 3 {
            year = Self.year(values.removeLast(), 2, today)
        }
        guard !values.contains(where: { $0 > 31 }) else { return nil }
        var found = CivilDate(year: year ?? today.year, month: month ?? today.month, day: 0)
        var day: Int?
        if month != nil {
            guard values.count <= 1 else { return nil }
            day = values.first
        } else if values.count == 2 {
            let isDayFirst = values[0] > 12 && yearAt != 0
            found.month = values[isDayFirst ? 1 : 0]
            day = values[isDayFirst ? 0 : 1]
        } else if values.count == 1 {
            if year != nil, values[0] <= 12 { found.month = values[0] } else { day = values[0] }
        }
        found.day = day ?? min(today.day, CivilDate.days(inMonth: max(1, min(12, found.month)), of: found.year))
        return found
    }

    /// Two digits are the year nearest to today's.
    private static func year(_ value: Int, _ width: Int, _ today: CivilDate) -> Int {
        guard width <= 2 else { return value }
        var year = today.year / 100 * 100 + value
        if year >= today.year + 50 { year -= 100 } else if year < today.year - 50 { year += 100 }
        return year
    }
}
