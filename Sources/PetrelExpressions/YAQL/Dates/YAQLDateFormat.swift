/// Dates as `strftime` writes them in the C locale.
enum YAQLDateFormat {
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    static func text(of date: YAQLDate, _ format: String, _ runtime: YAQLRuntime) throws(YAQLFault) -> String {
        var out = ""
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            try runtime.step()
            var flag: Unicode.Scalar?
            var directive = scalars.next()
            if let found = directive, "-_0^".unicodeScalars.contains(found) {
                flag = found
                directive = scalars.next()
            }
            var width = 0
            while let digit = directive, let value = PythonText.decimalDigit(digit), width < 100 {
                width = width * 10 + Int(value)
                directive = scalars.next()
            }
            // Modifiers for other calendars and digits, which the C locale does not have.
            if directive == "E" || directive == "O" { directive = scalars.next() }
            try runtime.produce(bytes: 40 + width)
            guard let directive else {
                out += "%" + (flag.map { String($0) } ?? "")
                break
            }
            let shown = part(directive, of: date, flag) ?? "%" + (flag.map { String($0) } ?? "") + String(directive)
            let fill = directive.properties.isAlphabetic && number(directive, of: date) != nil ? "0" : " "
            out += String(repeating: fill, count: max(0, width - shown.unicodeScalars.count)) + shown
        }
        return out
    }

    /// Nil for a directive that does not exist.
    private static func part(_ directive: Unicode.Scalar, of date: YAQLDate, _ flag: Unicode.Scalar?) -> String? {
        if let (number, width, fill) = number(directive, of: date) {
            let digits = String(number)
            let fill = flag == "-" ? "" : flag == "_" ? " " : flag == "0" ? "0" : fill
            return String(repeating: fill, count: max(0, width - digits.utf8.count)) + digits
        }
        let text = name(directive, of: date) ?? combined(directive, of: date)
        return flag == "^" ? text?.uppercased() : text
    }

    private static func number(
        _ directive: Unicode.Scalar, of date: YAQLDate
    ) -> (number: Int, width: Int, fill: String)? {
        let day = date.date
        let yearDay = day.daysSinceEpoch - CivilDate(year: day.year, month: 1, day: 1).daysSinceEpoch
        let hour = (date.hour + 11) % 12 + 1
        switch directive {
        case "Y": return (day.year, 1, "0")
        case "y": return (day.year % 100, 2, "0")
        case "C": return (day.year / 100, 1, "0")
        case "s": return (YAQLTime.floor(date.local, YAQLTime.second), 1, "0")
        case "m": return (day.month, 2, "0")
        case "d": return (day.day, 2, "0")
        case "e": return (day.day, 2, " ")
        case "H": return (date.hour, 2, "0")
        case "k": return (date.hour, 2, " ")
        case "I": return (hour, 2, "0")
        case "l": return (hour, 2, " ")
        case "M": return (date.minute, 2, "0")
        case "S": return (date.second, 2, "0")
        case "f": return (date.microsecond, 6, "0")
        case "j": return (yearDay + 1, 3, "0")
        case "w": return ((day.weekday + 1) % 7, 1, "0")
        case "u": return (day.weekday + 1, 1, "0")
        case "U": return ((yearDay + 7 - (day.weekday + 1) % 7) / 7, 2, "0")
        case "W": return ((yearDay + 7 - day.weekday) / 7, 2, "0")
        case "V": return (isoWeek(day).week, 2, "0")
        case "G": return (isoWeek(day).year, 1, "0")
        case "g": return (isoWeek(day).year % 100, 2, "0")
        default: return nil
        }
    }

    /// The week that has the same Thursday.
    private static func isoWeek(_ day: CivilDate) -> (year: Int, week: Int) {
        let thursday = day.daysSinceEpoch - day.weekday + 3
        let year = CivilDate(daysSinceEpoch: thursday).year
        return (year, (thursday - CivilDate(year: year, month: 1, day: 1).daysSinceEpoch) / 7 + 1)
    }

    private static func name(_ directive: Unicode.Scalar, of date: YAQLDate) -> String? {
        switch directive {
        case "a": String(weekdays[date.date.weekday].prefix(3))
        case "A": weekdays[date.date.weekday]
        case "b", "h": String(months[date.date.month - 1].prefix(3))
        case "B": months[date.date.month - 1]
        case "p": date.hour < 12 ? "AM" : "PM"
        case "P": date.hour < 12 ? "am" : "pm"
        case "z": date.offsetText(separator: "")
        case "Z": date.offset == 0 ? "UTC" : ""
        case "%": "%"
        case "n": "\n"
        case "t": "\t"
        default: nil
        }
    }

    private static func combined(_ directive: Unicode.Scalar, of date: YAQLDate) -> String? {
        let parts: String
        switch directive {
        case "c": parts = "abeTY"
        case "D", "x": parts = "mdy"
        case "F": parts = "Ymd"
        case "T", "X": parts = "HMS"
        case "R": parts = "HM"
        case "r": parts = "IMS"
        default: return nil
        }
        let separator = directive == "c" ? " " : directive == "F" ? "-" : parts == "mdy" ? "/" : ":"
        let text = parts.unicodeScalars.compactMap { part($0, of: date, nil) }.joined(separator: separator)
        return directive == "r" ? text + " " + (date.hour < 12 ? "AM" : "PM") : text
    }
}
