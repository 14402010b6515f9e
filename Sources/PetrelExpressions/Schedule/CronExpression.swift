import PetrelCore

/// One of the expressions, separated by commas, that a field may equal.
enum CronExpression: Sendable {
    /// `*`, `a`, `a-b`, with `/step`; without an end up to the field's largest value.
    case range(first: Int?, last: Int?, step: Int?)
    /// `2nd fri`, from 0; 5 stands for the last.
    case weekday(position: Int, weekday: Int)
    /// `last`
    case lastDay

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    private static let positions = ["1st", "2nd", "3rd", "4th", "5th", "last"]

    /// Reads the expressions of a field.
    static func list(_ text: String, _ field: CronField) throws(ExpressionError) -> [CronExpression] {
        guard text.utf8.count <= 1_000 else { throw problem("a text this long", field, "is too long") }
        var expressions: [CronExpression] = []
        for part in PythonText.strip(text).split(separator: ",", omittingEmptySubsequences: false) {
            let part = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            expressions.append(try CronExpression(part, field))
        }
        return expressions
    }

    private init(_ text: String, _ field: CronField) throws(ExpressionError) {
        if let range = try Self.numbers(text, field) {
            self = range
        } else if field == .month {
            self = try Self.names(text, Self.months, 1, field)
        } else if field == .dayOfWeek {
            self = try Self.names(text, Self.weekdays, 0, field)
        } else if field == .day, let position = try Self.position(text) {
            self = position
        } else {
            throw Self.problem("'\(text)'", field, "is no expression")
        }
    }

    private static func problem(_ text: String, _ field: CronField, _ why: String) -> ExpressionError {
        ExpressionError(
            .badSchedule, "The cron timer's \(field.rawValue) \(text) \(why)",
            hint: "Write \(field.least)…\(field.most), *, */n, a-b or a-b/n, several with commas")
    }

    /// `*`, `5`, `1-5`, each with `/2`; nil for anything else.
    private static func numbers(_ text: String, _ field: CronField) throws(ExpressionError) -> CronExpression? {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let head = halves.first else { return nil }
        var step: Int?
        if halves.count == 2 {
            guard let number = number(halves[1]) else { return nil }
            step = number
        }
        if head == "*" {
            try check(step, within: field.most - field.least, text, field)
            return .range(first: nil, last: nil, step: step)
        }
        let ends = head.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let head = ends.first, let first = number(head) else { return nil }
        var last: Int?
        if ends.count == 2 {
            guard let number = number(ends[1]) else { return nil }
            last = number
        } else if step == nil {
            last = first
        }
        try check(step, within: field.most - field.least, text, field)
        try check(first, last, text, field)
        try check(step, within: (last == 0 ? nil : last) ?? field.most, minus: first, text, field)
        return .range(first: first, last: last, step: step)
    }

    /// Digits of a number that no field comes near to have more than nine.
    private static func number(_ text: Substring) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func check(
        _ step: Int?, within end: Int, minus start: Int = 0, _ text: String, _ field: CronField
    ) throws(ExpressionError) {
        guard let step else { return }
        guard step > 0 else { throw problem("'\(text)'", field, "must have a step above 0") }
        let range = end - start
        guard step <= range else {
            throw problem("'\(text)'", field, "has a step (\(step)) that is higher than its range (\(range))")
        }
    }

    private static func check(
        _ first: Int, _ last: Int?, _ text: String, _ field: CronField
    ) throws(ExpressionError) {
        if let last, first > last { throw problem("'\(text)'", field, "ends before it begins") }
        guard first >= field.least else { throw problem("'\(text)'", field, "begins below \(field.least)") }
        if let last, last > field.most { throw problem("'\(text)'", field, "ends above \(field.most)") }
    }

    /// `mon`, `mon-fri`; what follows is not looked at, as in the original.
    private static func names(
        _ text: String, _ names: [String], _ base: Int, _ field: CronField
    ) throws(ExpressionError) -> CronExpression {
        let bytes = Array(text.lowercased().utf8)
        func word(_ start: Int) -> (String, Int) {
            var end = start
            while end < bytes.count, (0x61...0x7A).contains(bytes[end]) { end += 1 }
            return (String(decoding: bytes[start..<end], as: UTF8.self), end)
        }
        let (head, end) = word(0)
        guard !head.isEmpty else { throw problem("'\(text)'", field, "is no expression") }
        guard let first = names.firstIndex(of: head) else { throw problem("'\(text)'", field, "has no such name") }
        var last = first
        if end < bytes.count, bytes[end] == UInt8(ascii: "-") {
            let (tail, _) = word(end + 1)
            if !tail.isEmpty {
                guard let index = names.firstIndex(of: tail) else {
                    throw problem("'\(text)'", field, "has no such name")
                }
                last = index
            }
        }
        guard first <= last else { throw problem("'\(text)'", field, "ends before it begins") }
        return .range(first: first + base, last: last + base, step: nil)
    }

    /// `3rd mon`, `last sun`, `last`; what follows is not looked at, as in the original.
    private static func position(_ text: String) throws(ExpressionError) -> CronExpression? {
        let text = text.lowercased()
        guard let position = positions.firstIndex(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(positions[position].count)
        let word = rest.drop { $0 == " " }.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        if rest.first == " ", !word.isEmpty {
            guard let weekday = weekdays.firstIndex(of: String(word)) else {
                throw problem("'\(text)'", .day, "names no day of the week")
            }
            return .weekday(position: position, weekday: weekday)
        }
        return position == 5 ? .lastDay : nil
    }

    /// The least value from the given one on that a field may have; nil when there is none on this date.
    func next(from value: Int, _ field: CronField, most: Int, on date: CivilDate) -> Int? {
        switch self {
        case .range(let first, let last, let step):
            let least = max(field.least, first ?? field.least)
            var next = max(least, value)
            if let step { next += (step - (next - least) % step) % step }
            return next <= min(most, last ?? most) ? next : nil
        case .weekday(let position, let weekday):
            let start = CivilDate(year: date.year, month: date.month, day: 1).weekday
            let length = CivilDate.days(inMonth: date.month, of: date.year)
            let firstDay = (weekday - start + 7) % 7 + 1
            let day = position < 5 ? firstDay + position * 7 : firstDay + (length - firstDay) / 7 * 7
            return day <= length && day >= date.day ? day : nil
        case .lastDay: return CivilDate.days(inMonth: date.month, of: date.year)
        }
    }
}
