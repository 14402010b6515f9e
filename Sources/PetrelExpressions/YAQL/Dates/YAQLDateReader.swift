/// Reads dates by a format, as Python's `strptime`.
struct YAQLDateReader {
    private let text: [Unicode.Scalar]
    private let format: [Unicode.Scalar]
    private let runtime: YAQLRuntime
    private var fields = Fields()

    /// What directives have found.
    private struct Fields {
        var year: Int?
        var month: Int?
        var day: Int?
        var hour = 0
        var isAfternoon: Bool?
        var minute = 0
        var second = 0
        var microsecond = 0
        var yearDay: Int?
        var offset: Int?
    }

    private static let maxLength = 1_000

    static func date(of text: String, format: String, _ runtime: YAQLRuntime) throws(YAQLFault) -> YAQLDate {
        guard text.utf8.count <= maxLength, format.utf8.count <= maxLength else {
            throw .tooComplex("A date's text or format is longer than \(maxLength) bytes")
        }
        if format.unicodeScalars.reversed().prefix(while: { $0 == "%" }).count % 2 == 1 {
            throw .value("stray % in format \(PythonText.quoted(format))")
        }
        var reader = YAQLDateReader(
            text: Array(text.unicodeScalars), format: expanded(format), runtime: runtime, fields: Fields())
        guard let end = try reader.read(0, 0) else {
            throw .value(
                "time data \(PythonText.quoted(text)) does not match format \(PythonText.quoted(format))")
        }
        if end < reader.text.count {
            let rest = reader.text[end...].reduce(into: "") { $0.unicodeScalars.append($1) }
            throw .value("unconverted data remains: \(rest)")
        }
        return try reader.date()
    }

    /// With the directives that stand for several written out.
    private static func expanded(_ format: String) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%", let directive = scalars.next() else {
                result.append(scalar)
                continue
            }
            let parts =
                switch directive {
                case "c": "%a %b %d %H:%M:%S %Y"
                case "x": "%m/%d/%y"
                case "X": "%H:%M:%S"
                default: "%" + String(directive)
                }
            result += Array(parts.unicodeScalars)
        }
        return result
    }

    /// Where the text ends that the rest of the format takes; nil when it does not fit.
    private mutating func read(_ position: Int, _ at: Int) throws(YAQLFault) -> Int? {
        try runtime.step()
        guard position < format.count else { return at }
        let scalar = format[position]
        if scalar == "%", position + 1 < format.count {
            return try read(format[position + 1], position + 2, at)
        }
        if PythonText.isSpace(scalar) { return try readSpace(position, at) }
        guard at < text.count, String(text[at]).lowercased() == String(scalar).lowercased() else { return nil }
        return try read(position + 1, at + 1)
    }

    /// Blanks in the format stand for one or more in the text.
    private mutating func readSpace(_ position: Int, _ at: Int) throws(YAQLFault) -> Int? {
        var next = position
        while next < format.count, PythonText.isSpace(format[next]) { next += 1 }
        var end = at
        while end < text.count, PythonText.isSpace(text[end]) { end += 1 }
        while end > at {
            if let found = try read(next, end) { return found }
            end -= 1
        }
        return nil
    }

    private mutating func read(
        _ directive: Unicode.Scalar, _ next: Int, _ at: Int
    ) throws(YAQLFault) -> Int? {
        let before = fields
        for end in try ends(directive, at) {
            fields = before
            set(directive, text[at..<end])
            if let found = try read(next, end) { return found }
        }
        fields = before
        return nil
    }

    /// Where the text of a directive may end, the longest first.
    private func ends(_ directive: Unicode.Scalar, _ at: Int) throws(YAQLFault) -> [Int] {
        switch directive {
        case "Y": return numbers(at, 4...4, 0...9_999)
        case "m": return numbers(at, 1...2, 1...12)
        case "d": return numbers(at, 1...2, 1...31)
        case "H": return numbers(at, 1...2, 0...23)
        case "I": return numbers(at, 1...2, 1...12)
        case "M": return numbers(at, 1...2, 0...59)
        case "S": return numbers(at, 1...2, 0...61)
        case "y": return numbers(at, 2...2, 0...99)
        case "j": return numbers(at, 1...3, 1...366)
        case "f": return numbers(at, 1...6, 0...999_999)
        case "w": return numbers(at, 1...1, 0...6)
        case "u": return numbers(at, 1...1, 1...7)
        case "U", "W", "V": return numbers(at, 1...2, 0...53)
        case "G": return numbers(at, 4...4, 0...9_999)
        case "B": return word(at, YAQLDateFormat.months)
        case "b": return word(at, YAQLDateFormat.months.map { String($0.prefix(3)) })
        case "A": return word(at, YAQLDateFormat.weekdays)
        case "a": return word(at, YAQLDateFormat.weekdays.map { String($0.prefix(3)) })
        case "p": return word(at, ["AM", "PM"])
        case "Z": return word(at, ["UTC", "GMT"])
        case "z": return zone(at)
        case "%": return at < text.count && text[at] == "%" ? [at + 1] : []
        default:
            let text = format.reduce(into: "") { $0.unicodeScalars.append($1) }
            throw .value("'\(directive)' is a bad directive in format \(PythonText.quoted(text))")
        }
    }

    private func numbers(_ at: Int, _ widths: ClosedRange<Int>, _ values: ClosedRange<Int>) -> [Int] {
        var ends: [Int] = []
        for width in widths.reversed() where at + width <= text.count {
            guard let number = Self.number(text[at..<(at + width)]), values.contains(number) else { continue }
            ends.append(at + width)
        }
        return ends
    }

    private static func number(_ digits: ArraySlice<Unicode.Scalar>) -> Int? {
        var number = 0
        for digit in digits {
            guard let value = PythonText.decimalDigit(digit) else { return nil }
            number = number * 10 + Int(value)
        }
        return digits.isEmpty ? nil : number
    }

    private func word(_ at: Int, _ words: [String]) -> [Int] {
        words.compactMap { word in
            let end = at + word.unicodeScalars.count
            guard end <= text.count, Self.text(text[at..<end]).lowercased() == word.lowercased() else { return nil }
            return end
        }
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
    }

    /// `Z`, or a sign, hours and minutes, perhaps seconds.
    private func zone(_ at: Int) -> [Int] {
        guard at < text.count else { return [] }
        if text[at] == "Z" || text[at] == "z" { return [at + 1] }
        guard text[at] == "+" || text[at] == "-" else { return [] }
        var end = at + 1
        var digits = 0
        while end < text.count, digits < 6 {
            if text[end] == ":", digits == 2 || digits == 4, end + 1 < text.count,
                PythonText.decimalDigit(text[end + 1]) != nil
            {
                end += 1
            }
            guard PythonText.decimalDigit(text[end]) != nil else { break }
            digits += 1
            end += 1
        }
        return digits == 4 || digits == 6 ? [end] : []
    }

    private mutating func set(_ directive: Unicode.Scalar, _ part: ArraySlice<Unicode.Scalar>) {
        let number = Self.number(part) ?? 0
        switch directive {
        case "Y": fields.year = number
        case "y": fields.year = number <= 68 ? 2000 + number : 1900 + number
        case "m": fields.month = number
        case "d": fields.day = number
        case "H", "I": fields.hour = number
        case "M": fields.minute = number
        case "S": fields.second = number
        case "j": fields.yearDay = number
        case "f":
            fields.microsecond = (part.count..<6).reduce(number) { value, _ in value * 10 }
        case "B", "b":
            let name = Self.text(part).lowercased()
            fields.month = YAQLDateFormat.months.firstIndex { $0.lowercased().hasPrefix(name) }.map { $0 + 1 }
        case "p": fields.isAfternoon = Self.text(part).lowercased() == "pm"
        case "Z": fields.offset = 0
        case "z": fields.offset = Self.offset(part)
        default: break
        }
    }

    private static func offset(_ part: ArraySlice<Unicode.Scalar>) -> Int {
        let digits = part.compactMap { PythonText.decimalDigit($0).map { Int($0) } }
        guard digits.count >= 4 else { return 0 }
        let seconds = digits.count >= 6 ? digits[4] * 10 + digits[5] : 0
        let size = ((digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]) * 60 + seconds
        return (part.first == "-" ? -size : size) * YAQLTime.second
    }

    private func date() throws(YAQLFault) -> YAQLDate {
        var hour = fields.hour
        if let isAfternoon = fields.isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
        var day = CivilDate(year: fields.year ?? 1900, month: fields.month ?? 1, day: fields.day ?? 1)
        if let yearDay = fields.yearDay, fields.month == nil, fields.day == nil {
            let first = CivilDate(year: day.year, month: 1, day: 1).daysSinceEpoch
            day = CivilDate(daysSinceEpoch: first + yearDay - 1)
        }
        return try YAQLDate(
            day, hour: hour, minute: fields.minute, second: fields.second, microsecond: fields.microsecond,
            offset: fields.offset ?? 0)
    }
}
