/// The numbers of a date before it is clear which is the year, which the month and which the day.
struct DayParts {
    private var values: [Int] = []
    private var monthPlace: Int?
    private var yearPlace: Int?
    /// Whether the year was written with its century.
    private var hasCentury = false

    var count: Int { values.count }
    var isEmpty: Bool { values.isEmpty }

    mutating func add(month: Int) -> Bool {
        guard values.count < 3, monthPlace == nil else { return false }
        monthPlace = values.count
        values.append(month)
        return true
    }

    mutating func add(_ text: String, isYear: Bool = false) -> Bool {
        guard values.count < 3, let value = Double(text), value < 1e15 else { return false }
        let isWhole = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isWhole && text.utf8.count > 2 || value > 100 {
            hasCentury = true
            yearPlace = yearPlace ?? values.count
        } else if isYear {
            yearPlace = yearPlace ?? values.count
        }
        values.append(Int(value))
        return true
    }

    mutating func addNameOrNumber(_ text: String) -> Bool {
        if let month = DateWords.month(text) { return add(month: month) }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) } && add(text)
    }

    /// Year, month and day as far as they were given; nil when they can't be told apart.
    func resolved(today: CivilDate) -> (year: Int?, month: Int?, day: Int?)? {
        var result = parts()
        if let year = result.year, !hasCentury { result.year = Self.fullYear(year, near: today.year) }
        return result
    }

    private func parts() -> (year: Int?, month: Int?, day: Int?) {
        switch values.count {
        case 0: (nil, nil, nil)
        case 1: one(values[0])
        case 2: two(values[0], values[1])
        default: three(values[0], values[1], values[2])
        }
    }

    private func one(_ value: Int) -> (year: Int?, month: Int?, day: Int?) {
        if monthPlace != nil { return (nil, value, nil) }
        return value > 31 || yearPlace != nil ? (value, nil, nil) : (nil, nil, value)
    }

    private func two(_ first: Int, _ second: Int) -> (year: Int?, month: Int?, day: Int?) {
        if let monthPlace {
            let (month, other) = monthPlace == 0 ? (first, second) : (second, first)
            return other > 31 || yearPlace != nil ? (other, month, nil) : (nil, month, other)
        }
        if first > 31 || yearPlace == 0 { return (first, second, nil) }
        if second > 31 || yearPlace == 1 { return (second, first, nil) }
        return (nil, first, second)
    }

    private func three(_ first: Int, _ second: Int, _ third: Int) -> (year: Int?, month: Int?, day: Int?) {
        switch monthPlace {
        case 0: return second > 31 || yearPlace == 1 ? (second, first, third) : (third, first, second)
        case 1: return first > 31 || yearPlace == 0 ? (first, second, third) : (third, second, first)
        case 2: return second > 31 || yearPlace == 1 ? (second, third, first) : (first, third, second)
        default: break
        }
        if first > 31 || yearPlace == 0 { return (first, second, third) }
        if second > 31 || yearPlace == 1 { return (second, first, third) }
        return first > 12 ? (third, second, first) : (third, first, second)
    }

    /// A year of two digits lies within fifty years of now.
    private static func fullYear(_ year: Int, near current: Int) -> Int {
        let full = year + current / 100 * 100
        if full >= current + 50 { return full - 100 }
        return full < current - 50 ? full + 100 : full
    }
}
